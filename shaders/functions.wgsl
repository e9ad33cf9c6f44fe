// Functions of the solution at the points of an element, summed over it with the weights of the points, or the largest of
// them; always in the same order.
fn joined(sum: real, term: real) -> real { return {{JOINED}}; }

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var u: array<array<real, V>, KP>;
    load_states(group, lid, &u);
{{GRADIENTS}}
    var values: array<array<real, FUNCTIONS>, KP>;
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            values[k] = {{CALL}};
            let weight = {{WEIGHT}};
            for (var f = 0u; f < FUNCTIONS; f++) { values[k][f] *= weight; }
        }
    }
    for (var f = 0u; f < FUNCTIONS; f++) {
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P { tile[item] = values[k][f]; }
        }
        workgroupBarrier();
        for (var e = lid; e < group.count; e += T) {
            var sum = tile[e * P];
            for (var p = 1u; p < P; p++) { sum = joined(sum, tile[e * P + p]); }
            sums[(group.first + e) * FUNCTIONS + f] = sum;
        }
        workgroupBarrier();
    }
}
