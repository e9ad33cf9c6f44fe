// Operators of tensor shapes, line by line, with the coefficients as literals.
// A line is N points, STRIDE apart, in direction d; line l ends in flux point l of the two faces across d.
fn stride_of(d: u32) -> u32 { return {{STRIDE}}; }
fn low_face(d: u32) -> u32 { return {{LOW}}; }
fn high_face(d: u32) -> u32 { return {{HIGH}}; }

fn line_start(l: u32, stride: u32) -> u32 {
    return (l / stride) * stride * N + l % stride;
}

// Replaces each line of the tile by its corrected derivative, given the outward normal values at its ends in `trace`.
fn apply_lines(count: u32, lid: u32) {
    for (var item = lid; item < count * VC * D * LINES; item += T) {
        let l = item % LINES;
        let field = item / LINES;
        let d = field % D;
        let stride = stride_of(d);
        let at = field * P + line_start(l, stride);
        let ends = (field / D) * F + l;
        let low = trace[ends + low_face(d)];
        let high = trace[ends + high_face(d)];
{{LINE}}
    }
    workgroupBarrier();
}

// Fills each line of the tile with the lift of the values at its ends.
fn lift_lines(count: u32, lid: u32) {
    for (var item = lid; item < count * VC * D * LINES; item += T) {
        let l = item % LINES;
        let field = item / LINES;
        let d = field % D;
        let stride = stride_of(d);
        let at = field * P + line_start(l, stride);
        let ends = (field / D) * F + l;
        let low = trace[ends + low_face(d)];
        let high = trace[ends + high_face(d)];
{{LIFT}}
    }
    workgroupBarrier();
}

// Divergence (or lift) at a point, after apply_lines (or lift_lines): the sum over the directions.
fn divergence_at(e: u32, p: u32) -> array<real, VC> {
    var sum: array<real, VC>;
    for (var v = 0u; v < VC; v++) {
        let at = (e * VC + v) * D * P + p;
        sum[v] = tile[at];
        for (var d = 1u; d < D; d++) { sum[v] += tile[at + d * P]; }
    }
    return sum;
}

fn lift_at(e: u32, p: u32) -> array<real, VC> { return divergence_at(e, p); }

// Reference gradient at a point after apply_lines, [direction][variable].
fn gradient_at(e: u32, p: u32) -> array<real, D * VC> {
    var q: array<real, D * VC>;
    for (var v = 0u; v < VC; v++) {
        for (var d = 0u; d < D; d++) { q[d * VC + v] = tile[((e * VC + v) * D + d) * P + p]; }
    }
    return q;
}

// Component of the reference normal along its axis: what the gradient's lift multiplies the common solution with.
fn gradient_sign(j: u32) -> real {
    let face = face_of(j);
    return select(real(1.0), real(-1.0), {{IS_LOW}});
}

// Value at flux point j of the field that begins at `at` in the tile.
fn end_value(at: u32, j: u32) -> real {
    let face = face_of(j);
    let stride = stride_of({{DIRECTION}});
    let start = at + line_start(j - face_start(face), stride);
    if {{IS_LOW}} {
        return {{END_LOW}};
    }
    return {{END_HIGH}};
}
