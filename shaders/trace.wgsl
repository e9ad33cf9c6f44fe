// Moves variables c.. of each invocation's flux points to workgroup memory.
fn fill_trace(group: Group, lid: u32, c: u32, values: ptr<function, array<array<real, V>, KF>>) {
    for (var k = 0u; k < KF; k++) {
        let item = lid + k * T;
        if item < group.count * F {
            for (var v = 0u; {{CHUNK}}; v++) {
                trace[((item / F) * VC + v) * F + item % F] = (*values)[k][c + v];
            }
        }
    }
}
