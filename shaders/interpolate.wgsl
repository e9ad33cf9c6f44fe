// Prepares the face values of a register that was written from outside.
@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var u: array<array<real, V>, KP>;
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let at = (group.first + item / P) * V * P + item % P;
            for (var v = 0u; v < V; v++) { u[k][v] = {{EVAL}}[at + v * P]; }
        }
    }
    write_faces(group, lid, &u);
}
