// Operators of all other shapes: dense matrices in a buffer, each stored so that neighbouring invocations (rows) read
// neighbouring words: [direction][column][row]. Literals would need one row an invocation, a different program each.
fn apply_lines(count: u32, lid: u32) {}
fn lift_lines(count: u32, lid: u32) {}

fn add_lift(sum: ptr<function, array<real, VC>>, e: u32, p: u32) {
    for (var j = 0u; j < F; j++) {
        let c = operators[LIFT_AT + j * P + p];
        for (var v = 0u; v < VC; v++) { (*sum)[v] += c * trace[(e * VC + v) * F + j]; }
    }
}

fn divergence_at(e: u32, p: u32) -> array<real, VC> {
    var sum: array<real, VC>;
    for (var d = 0u; d < D; d++) {
        for (var k = 0u; k < P; k++) {
            let c = operators[DIVERGENCE_AT + (d * P + k) * P + p];
            for (var v = 0u; v < VC; v++) { sum[v] += c * tile[((e * VC + v) * D + d) * P + k]; }
        }
    }
    add_lift(&sum, e, p);
    return sum;
}

fn lift_at(e: u32, p: u32) -> array<real, VC> {
    var sum: array<real, VC>;
    add_lift(&sum, e, p);
    return sum;
}

fn gradient_at(e: u32, p: u32) -> array<real, D * VC> {
    var q: array<real, D * VC>;
    for (var d = 0u; d < D; d++) {
        for (var k = 0u; k < P; k++) {
            let c = operators[GRADIENT_AT + (d * P + k) * P + p];
            for (var v = 0u; v < VC; v++) { q[d * VC + v] += c * tile[(e * VC + v) * D * P + k]; }
        }
        for (var j = 0u; j < F; j++) {
            let c = operators[GRADIENT_LIFT_AT + (d * F + j) * P + p];
            for (var v = 0u; v < VC; v++) { q[d * VC + v] += c * trace[(e * VC + v) * F + j]; }
        }
    }
    return q;
}

// The normals are in the operator already.
fn gradient_sign(j: u32) -> real { return real(1.0); }

fn end_value(at: u32, j: u32) -> real {
    var sum = real(0.0);
    for (var k = 0u; k < P; k++) { sum += operators[INTERPOLATE_AT + k * F + j] * tile[at + k]; }
    return sum;
}
