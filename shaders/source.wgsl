// Sources at a solution point. extra: POINTS_AT [element][x, y, z][point].
fn source_at(element: u32, p: u32, u: array<real, V>) -> array<real, V> {
    let at = POINTS_AT + element * 3u * P + p;
    return source(u, array<real, 4>(extra[at], extra[at + P], extra[at + 2u * P], parameters[0]));
}
