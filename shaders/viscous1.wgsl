// First pass of a stage with second derivatives: common solution, corrected gradient, fluxes at the points, divergence,
// lift of the inviscid common flux and of the penalty; this side's normal viscous flux for the neighbour.

// Inviscid common flux and penalty times area, outward; stores the normal viscous flux along the face's normal.
// `e` is the element's number in the workgroup.
fn outward_flux(element: u32, e: u32, j: u32, gradient: array<real, D * V>) -> array<real, V> {
    let side = side_of(element, j);
    let normal = normal_of(element, side.face, j);
    let ends = ends_of(side);
    var own = ends.right;
    if side.left { own = ends.left; }
    var f = common_flux(ends.left, ends.right, normal);
    var g: array<real, V>;
    if side.boundary {
        g = boundary_viscous(side.other - GHOST_BASE, own, gradient, normal);
    } else {
        g = normal_viscous(own, gradient, normal);
        {{NORMAL_DIFFUSION}}
        for (var v = 0u; v < V; v++) { f[v] += PENALTY * (ends.left[v] - ends.right[v]); }
    }
    let area = signed_area(element, side, j);
    let at = (range.w + element * F + j) * V;
    for (var v = 0u; v < V; v++) {
        normal_flux_out[at + v] = g[v];
        f[v] *= area;
    }
    return f;
}

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    // Common solution first, outward fluxes later.
    var at_faces: array<array<real, V>, KF>;
    common_solutions(group, lid, &at_faces);
    var u: array<array<real, V>, KP>;
    load_states(group, lid, &u);
{{VISCOSITY}}
    // Gradients, [direction][variable], at the points and at the flux points.
    var gradient: array<array<real, D * V>, KP>;
    var face_gradient: array<array<real, D * V>, KF>;
    for (var c = 0u; c < V; c += VC) {
        gradients_from(group, lid, c, &u, &at_faces, &gradient);
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{CHUNK}}; v++) {
                    for (var x = 0u; x < D; x++) {
                        tile[(((item / P) * VC + v) * D + x) * P + item % P] = gradient[k][x * V + c + v];
                    }
                }
            }
        }
        workgroupBarrier();
        for (var k = 0u; k < KF; k++) {
            let item = lid + k * T;
            if item < group.count * F {
                for (var v = 0u; {{CHUNK}}; v++) {
                    for (var x = 0u; x < D; x++) {
                        face_gradient[k][x * V + c + v] = end_value((((item / F) * VC + v) * D + x) * P, item % F);
                    }
                }
            }
        }
        workgroupBarrier();
    }
    for (var k = 0u; k < KF; k++) {
        let item = lid + k * T;
        if item < group.count * F {
            at_faces[k] = outward_flux(group.first + item / F, item / F, item % F, face_gradient[k]);
        }
    }
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            {{POINT_FLUX}}
        }
    }
{{RULE_FLUX}}
    var rhs: array<array<real, V>, KP>;
    divergence(group, lid, &gradient, &at_faces, &rhs);
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let element = group.first + item / P;
            let scale = -inverse_jacobian(element, item % P);
            let at = element * V * P + item % P;
            for (var v = 0u; v < V; v++) { part_out[at + v * P] = scale * rhs[k][v]; }
        }
    }
}
