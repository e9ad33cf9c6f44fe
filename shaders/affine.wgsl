// Metric terms of straight-sided elements: metrics [element][S row by row, 1/|J|], normals [element][face][n, area].
fn smats(element: u32, p: u32) -> array<real, D * D> {
    var s: array<real, D * D>;
    for (var i = 0u; i < D * D; i++) { s[i] = metrics[element * (D * D + 1u) + i]; }
    return s;
}

fn inverse_jacobian(element: u32, p: u32) -> real { return metrics[element * (D * D + 1u) + D * D]; }

fn normal_of(element: u32, face: u32, j: u32) -> array<real, D> {
    var n: array<real, D>;
    for (var d = 0u; d < D; d++) { n[d] = normals[(element * FACES + face) * (D + 1u) + d]; }
    return n;
}

fn area_of(element: u32, face: u32, j: u32) -> real { return normals[(element * FACES + face) * (D + 1u) + D]; }
