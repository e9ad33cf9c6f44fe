// Interpolates states at an invocation's points to the faces and writes them to the face array, [flux point][variable].
// VI variables at a time fit the tile.
fn write_faces(group: Group, lid: u32, states: ptr<function, array<array<real, V>, KP>>) {
    for (var c = 0u; c < V; c += VI) {
        fill_tile(group, lid, c, states);
        for (var item = lid; item < group.count * F; item += T) {
            let e = item / F;
            let j = item % F;
            let at = (range.w + (group.first + e) * F + j) * V + c;
            for (var v = 0u; {{FACES_CHUNK}}; v++) {
                face_out[at + v] = end_value((e * VI + v) * P, j);
            }
        }
        workgroupBarrier();
    }
}
