// Metric terms of curved elements: metrics [element][S row by row, 1/|J|][point], normals [element][n, area][flux point].
fn smats(element: u32, p: u32) -> array<real, D * D> {
    var s: array<real, D * D>;
    for (var i = 0u; i < D * D; i++) { s[i] = metrics[(element * (D * D + 1u) + i) * P + p]; }
    return s;
}

fn inverse_jacobian(element: u32, p: u32) -> real { return metrics[(element * (D * D + 1u) + D * D) * P + p]; }

fn normal_of(element: u32, face: u32, j: u32) -> array<real, D> {
    var n: array<real, D>;
    for (var d = 0u; d < D; d++) { n[d] = normals[(element * (D + 1u) + d) * F + j]; }
    return n;
}

fn area_of(element: u32, face: u32, j: u32) -> real { return normals[(element * (D + 1u) + D) * F + j]; }
