// Fluxes at the points of a quadrature rule, projected back to the solution points (anti-aliasing).
// extra: UP_AT [solution point][rule point], DOWN_AT [rule point][solution point], RULE_S_AT [element][S row by row][rule point]
// (only where metrics differ from point to point).

// Values at an invocation's rule points, of VI variables that lie in the tile as [element][variable][solution point].
fn at_rule(e: u32, v: u32, q: u32) -> real {
    var sum = real(0.0);
    for (var p = 0u; p < P; p++) { sum += extra[UP_AT + p * Q + q] * tile[(e * VI + v) * P + p]; }
    return sum;
}

// Interpolates states to an invocation's rule points.
fn states_at_rule(
    group: Group,
    lid: u32,
    u: ptr<function, array<array<real, V>, KP>>,
    result: ptr<function, array<array<real, V>, KQ>>,
) {
    for (var c = 0u; c < V; c += VI) {
        fill_tile(group, lid, c, u);
        for (var k = 0u; k < KQ; k++) {
            let item = lid + k * T;
            if item < group.count * Q {
                for (var v = 0u; {{FACES_CHUNK}}; v++) { (*result)[k][c + v] = at_rule(item / Q, v, item % Q); }
            }
        }
        workgroupBarrier();
    }
}

// The same for gradients, [direction][variable].
fn gradients_at_rule(
    group: Group,
    lid: u32,
    gradient: ptr<function, array<array<real, D * V>, KP>>,
    result: ptr<function, array<array<real, D * V>, KQ>>,
) {
    for (var c = 0u; c < D * V; c++) {
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P { tile[(item / P) * VI * P + item % P] = (*gradient)[k][c]; }
        }
        workgroupBarrier();
        for (var k = 0u; k < KQ; k++) {
            let item = lid + k * T;
            if item < group.count * Q { (*result)[k][c] = at_rule(item / Q, 0u, item % Q); }
        }
        workgroupBarrier();
    }
}

// Projects fluxes at an invocation's rule points, [direction][variable], to its solution points.
fn from_rule(
    group: Group,
    lid: u32,
    flux: ptr<function, array<array<real, D * V>, KQ>>,
    result: ptr<function, array<array<real, D * V>, KP>>,
) {
    for (var c = 0u; c < D * V; c++) {
        for (var k = 0u; k < KQ; k++) {
            let item = lid + k * T;
            if item < group.count * Q { tile[item] = (*flux)[k][c]; }
        }
        workgroupBarrier();
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                var sum = real(0.0);
                for (var q = 0u; q < Q; q++) {
                    sum += extra[DOWN_AT + q * P + item % P] * tile[(item / P) * Q + q];
                }
                (*result)[k][c] = sum;
            }
        }
        workgroupBarrier();
    }
}
