// Moves variables c.. of what an invocation has at its points to the tile, [element][variable][point], VI variables at a
// time. Others may read them when it returns.
fn fill_tile(group: Group, lid: u32, c: u32, values: ptr<function, array<array<real, V>, KP>>) {
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            for (var v = 0u; {{FACES_CHUNK}}; v++) { tile[((item / P) * VI + v) * P + item % P] = (*values)[k][c + v]; }
        }
    }
    workgroupBarrier();
}
