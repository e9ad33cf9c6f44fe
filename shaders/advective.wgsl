// A whole stage of a system without second derivatives: common fluxes, point fluxes, divergence, registers, face values.

// Common flux times area, outward for this element: both sides evaluate the same expression of (left, right).
fn outward_flux(element: u32, j: u32) -> array<real, V> {
    let side = side_of(element, j);
    var left: array<real, V>;
    var right: array<real, V>;
    let l = select(side.other, side.own, side.left) * V;
    let r = select(side.own, side.other, side.left) * V;
    for (var v = 0u; v < V; v++) {
        left[v] = face_in[l + v];
        right[v] = face_in[r + v];
    }
    let area = area_of(element, side.face, j);
    let signed_area = select(-area, area, side.left);
    var f = common_flux(left, right, normal_of(element, side.face, j));
    for (var v = 0u; v < V; v++) { f[v] *= signed_area; }
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
    var u: array<array<real, V>, KP>;
    var flux: array<array<real, D * V>, KP>;
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let element = group.first + item / P;
            let at = element * V * P + item % P;
            for (var v = 0u; v < V; v++) { u[k][v] = {{EVAL}}[at + v * P]; }
            {{POINT_FLUX}}
        }
    }
{{RULE_FLUX}}
    var rhs: array<array<real, V>, KP>;
    divergence(group, lid, &flux, &outward, &rhs);
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let element = group.first + item / P;
            let scale = -inverse_jacobian(element, item % P);
            for (var v = 0u; v < V; v++) { rhs[k][v] *= scale; }
{{SOURCE}}
        }
    }
{{UPDATE}}
}
