// Prepares the face values of a register that was written from outside.
@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var u: array<array<real, V>, KP>;
    load_states(group, lid, &u);
    write_faces(group, lid, &u);
}
