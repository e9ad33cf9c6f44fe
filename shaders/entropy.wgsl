// Bounds of the entropy filter: the least entropy of an element, its neighbours and the ghosts beside it.
// entropies: one value a flux point, the same at all of an element's.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let i = (id.x + id.y * ROW) * 64u + lid;
    if i >= range.y { return; }
    let element = range.x + i;
    var least = entropy(range.z + element * F)[0];
    for (var face = 0u; face < FACES; face++) {
        let link = 2u * (element * FACES + face);
        let first = links[link];
        if (links[link + 1u] & 2u) == 0u {
            least = smaller(entropy(first)[0], least);
            continue;
        }
        let points = select(face_start(face + 1u), F, face + 1u == FACES) - face_start(face);
        for (var j = 0u; j < points; j++) {
            least = smaller(constraints(row(first + j))[2], least);
        }
    }
    let noise = ROUNDING * abs(least);
    bounds[element] = least - select(noise, E_TOL, noise < E_TOL);
}
