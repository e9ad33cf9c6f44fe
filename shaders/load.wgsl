// Reads register r0 at an invocation's points.
fn load_states(group: Group, lid: u32, u: ptr<function, array<array<real, V>, KP>>) {
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let at = (group.first + item / P) * V * P + item % P;
            for (var v = 0u; v < V; v++) { (*u)[k][v] = r0[at + v * P]; }
        }
    }
}
