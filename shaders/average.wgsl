// A look at functions of the solution for averages over time: parameters[1] times the values looked at last and those
// now is added to the sums. averages: [element][last ones, sums][point].
@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var u: array<array<real, V>, KP>;
    load_states(group, lid, &u);
{{GRADIENTS}}
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            var now = {{CALL}};
            let last = (group.first + item / P) * 2u * FUNCTIONS * P + item % P;
            let sums = last + FUNCTIONS * P;
            for (var f = 0u; f < FUNCTIONS; f++) {
                averages[sums + f * P] += parameters[1] * (averages[last + f * P] + now[f]);
                averages[last + f * P] = now[f];
            }
        }
    }
}
