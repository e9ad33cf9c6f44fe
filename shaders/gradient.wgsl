// Corrected physical gradients at the solution points, from the states there and the common solutions on the faces.

fn common_solution(element: u32, j: u32) -> array<real, V> {
    let side = side_of(element, j);
    if side.boundary {
        return boundary_solution(side.other - GHOST_BASE, row(side.own), normal_of(element, side.face, j));
    }
    let ends = ends_of(side);
    var u: array<real, V>;
    for (var v = 0u; v < V; v++) { u[v] = RIGHT_WEIGHT * ends.right[v] + LEFT_WEIGHT * ends.left[v]; }
    return u;
}

// The common solutions of an invocation's flux points with the signs that the gradient takes them with.
fn common_solutions(group: Group, lid: u32, at_faces: ptr<function, array<array<real, V>, KF>>) {
    for (var k = 0u; k < KF; k++) {
        let item = lid + k * T;
        if item < group.count * F {
            let sign = gradient_sign(item % F);
            (*at_faces)[k] = common_solution(group.first + item / F, item % F);
            for (var v = 0u; v < V; v++) { (*at_faces)[k][v] *= sign; }
        }
    }
}

// Gradients, [direction][variable], of variables c.. at an invocation's points. The tile is free when it returns.
fn gradients_from(
    group: Group,
    lid: u32,
    c: u32,
    u: ptr<function, array<array<real, V>, KP>>,
    at_faces: ptr<function, array<array<real, V>, KF>>,
    gradient: ptr<function, array<array<real, D * V>, KP>>,
) {
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            for (var v = 0u; {{CHUNK}}; v++) {
                for (var d = 0u; d < D; d++) {
                    tile[(((item / P) * VC + v) * D + d) * P + item % P] = (*u)[k][c + v];
                }
            }
        }
    }
    fill_trace(group, lid, c, at_faces);
    workgroupBarrier();
    apply_lines(group.count, lid);
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let element = group.first + item / P;
            var q = gradient_at(item / P, item % P);
            var s = smats(element, item % P);
            let scale = inverse_jacobian(element, item % P);
            for (var v = 0u; {{CHUNK}}; v++) {
                for (var x = 0u; x < D; x++) {
                    var sum = s[x] * q[v];
                    for (var d = 1u; d < D; d++) { sum += s[d * D + x] * q[d * VC + v]; }
                    (*gradient)[k][x * V + c + v] = scale * sum;
                }
            }
        }
    }
    workgroupBarrier();
}
