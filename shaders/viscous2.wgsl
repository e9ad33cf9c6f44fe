// Second pass: common normal viscous flux from both sides, its lift, registers, face values.

fn outward_flux(element: u32, j: u32) -> array<real, V> {
    let side = side_of(element, j);
    let ends = ends_of(side);
    let area = signed_area(element, side, j);
    var f: array<real, V>;
    for (var v = 0u; v < V; v++) {
        // The flux weights mirror those of the solution. A boundary's flux is its own (left) side's.
        let both = RIGHT_WEIGHT * ends.left[v] + LEFT_WEIGHT * ends.right[v];
        f[v] = area * select(both, ends.left[v], side.boundary);
    }
    return f;
}

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var outward: array<array<real, V>, KF>;
    for (var k = 0u; k < KF; k++) {
        let item = lid + k * T;
        if item < group.count * F { outward[k] = outward_flux(group.first + item / F, item % F); }
    }
    var rhs: array<array<real, V>, KP>;
    for (var c = 0u; c < V; c += VC) {
        fill_trace(group, lid, c, &outward);
        workgroupBarrier();
        lift_lines(group.count, lid);
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                let element = group.first + item / P;
                let scale = inverse_jacobian(element, item % P);
                let at = element * V * P + item % P;
                var sum = lift_at(item / P, item % P);
                for (var v = 0u; {{CHUNK}}; v++) {
                    rhs[k][c + v] = part[at + (c + v) * P] - scale * sum[v];
                }
            }
        }
        workgroupBarrier();
    }
{{SOURCE}}
{{UPDATE}}
}
