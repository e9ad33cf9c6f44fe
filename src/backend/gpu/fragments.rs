//! Parts of the element kernels that only some problems need; they take places of the skeletons.

/// The flux at a solution point, or that at rule points brought back.
pub(super) const POINT_FLUX: &str = "    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P { flux[k] = point_flux(u[k], smats(group.first + item / P, item % P)); }
    }";
pub(super) const RULE_FLUX: &str = "    var states: array<array<real, V>, KQ>;
    var fluxes: array<array<real, D * V>, KQ>;
    states_at_rule(group, lid, &u, &states);
    for (var k = 0u; k < KQ; k++) {
        let item = lid + k * T;
        if item < group.count * Q { fluxes[k] = point_flux(states[k], rule_smats(group.first + item / Q, item % Q)); }
    }
    from_rule(group, lid, &fluxes, &flux);";
pub(super) const VISCOUS_POINT_FLUX: &str =
    "gradient[k] = point_flux(u[k], gradient[k], smats(group.first + item / P, item % P));";
pub(super) const DIFFUSED_POINT_FLUX: &str = "let s = smats(group.first + item / P, item % P);
            gradient[k] = diffused(point_flux(u[k], gradient[k], s), gradient[k], s, viscosity_of[item / P]);";
pub(super) const VISCOUS_RULE_FLUX: &str = "    var states: array<array<real, V>, KQ>;
    var slopes: array<array<real, D * V>, KQ>;
    var fluxes: array<array<real, D * V>, KQ>;
    states_at_rule(group, lid, &u, &states);
    gradients_at_rule(group, lid, &gradient, &slopes);
    for (var k = 0u; k < KQ; k++) {
        let item = lid + k * T;
        if item < group.count * Q {
            let s = rule_smats(group.first + item / Q, item % Q);
            fluxes[k] = point_flux(states[k], slopes[k], s);
            {{DIFFUSE}}
        }
    }
    from_rule(group, lid, &fluxes, &gradient);";
/// Sources where the state is at hand, and where it is not.
pub(super) const SOURCE: &str = "            var s = source_at(element, item % P, u[k]);
            for (var v = 0u; v < V; v++) { rhs[k][v] += s[v]; }";
pub(super) const LATER_SOURCE: &str = "    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let element = group.first + item / P;
            var state: array<real, V>;
            for (var v = 0u; v < V; v++) { state[v] = r0[(element * V + v) * P + item % P]; }
            var s = source_at(element, item % P, state);
            for (var v = 0u; v < V; v++) { rhs[k][v] += s[v]; }
        }
    }";

/// Gradients of all variables, for functions of them.
pub(super) const GRADIENTS: &str = "    var at_faces: array<array<real, V>, KF>;
    common_solutions(group, lid, &at_faces);
    var gradient: array<array<real, D * V>, KP>;
    for (var c = 0u; c < V; c += VC) { gradients_from(group, lid, c, &u, &at_faces, &gradient); }";
