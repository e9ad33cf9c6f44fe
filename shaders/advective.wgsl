// A whole stage of a system without second derivatives: common fluxes, point fluxes, divergence, registers, face values.

// Common flux times area, outward for this element: both sides evaluate the same expression of (left, right).
fn outward_flux(element: u32, j: u32) -> array<real, V> {
    let side = side_of(element, j);
    let ends = ends_of(side);
    let area = signed_area(element, side, j);
    var f = common_flux(ends.left, ends.right, normal_of(element, side.face, j));
    for (var v = 0u; v < V; v++) { f[v] *= area; }
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
    load_states(group, lid, &u);
    var flux: array<array<real, D * V>, KP>;
{{FLUX}}
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
