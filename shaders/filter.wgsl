// The entropy filter; what it does is described in backend/filter.rs, step by step the same.
// extra: TO_MODES_AT [solution point][mode], MODES_TO_AT [mode][solution point, then flux point], WEIGHTS_AT [solution point].
//
// Drivers put the code of a function wherever it is called, and that of the entropy is long: loops are arranged so that
// there are few places.
var<workgroup> least: array<real, E * 3u>;
var<workgroup> middle: array<real, E * 3u>;
var<workgroup> mean: array<real, E * V>;
var<workgroup> after: array<real, E * V>;
var<workgroup> strength: array<real, E>;
var<workgroup> bad: array<u32, E>;
var<workgroup> some_bad: u32;

// Values of the states at an invocation's flux points.
fn face_states(
    group: Group,
    lid: u32,
    u: ptr<function, array<array<real, V>, KP>>,
    faces: ptr<function, array<array<real, V>, KF>>,
) {
    for (var c = 0u; c < V; c += VI) {
        fill_tile(group, lid, c, u);
        for (var k = 0u; k < KF; k++) {
            let item = lid + k * T;
            if item < group.count * F {
                for (var v = 0u; {{FACES_CHUNK}}; v++) {
                    (*faces)[k][c + v] = end_value(((item / F) * VI + v) * P, item % F);
                }
            }
        }
        workgroupBarrier();
    }
}

fn counted(constraint: array<real, 3>, q: u32) -> real {
    var c = constraint;
    // Where there is no density there is no entropy.
    if q == 2u && !(c[0] > real(0.0)) { return HUGE; }
    return c[q];
}

// Place in the tile, [element][solution point, then flux point], of an invocation's k-th point, and whether there is one.
fn place(group: Group, lid: u32, k: u32) -> vec2<u32> {
    if k < KP {
        let item = lid + k * T;
        return vec2<u32>((item / P) * (P + F) + item % P, select(0u, 1u, item < group.count * P));
    }
    let item = lid + (k - KP) * T;
    return vec2<u32>((item / F) * (P + F) + P + item % F, select(0u, 1u, item < group.count * F));
}

// Smallest of what the points of an element put into the tile, [element][point], at its first place.
fn reduce(e: u32) -> real {
    var m = tile[e * (P + F)];
    for (var i = 1u; i < P + F; i++) { m = smaller(tile[e * (P + F) + i], m); }
    return m;
}

// Least constraints of each element, and whether they are below their bounds.
fn minima(
    group: Group,
    lid: u32,
    u: ptr<function, array<array<real, V>, KP>>,
    faces: ptr<function, array<array<real, V>, KF>>,
) {
    // Solution points first, then flux points.
    var all: array<array<real, 3>, KP + KF>;
    for (var k = 0u; k < KP + KF; k++) {
        var state: array<real, V>;
        if k < KP { state = (*u)[k]; } else { state = (*faces)[k - KP]; }
        if place(group, lid, k).y != 0u { all[k] = constraints(state); }
    }
    for (var q = 0u; q < 3u; q++) {
        for (var k = 0u; k < KP + KF; k++) {
            let at = place(group, lid, k);
            if at.y != 0u { tile[at.x] = counted(all[k], q); }
        }
        workgroupBarrier();
        for (var e = lid; e < group.count; e += T) { least[e * 3u + q] = reduce(e); }
        workgroupBarrier();
    }
    for (var e = lid; e < group.count; e += T) {
        let rho = least[e * 3u];
        let good = rho > real(0.0) && rho >= D_MIN && least[e * 3u + 1u] >= P_MIN && least[e * 3u + 2u] >= bounds[group.first + e];
        bad[e] = select(1u, 0u, good);
    }
    workgroupBarrier();
    if lid == 0u {
        var any = 0u;
        for (var e = 0u; e < group.count; e++) { any |= bad[e]; }
        some_bad = any;
    }
    workgroupBarrier();
}

// Means of the elements, to `mean` or to `after`.
fn means(group: Group, lid: u32, u: ptr<function, array<array<real, V>, KP>>, second: bool) {
    for (var c = 0u; c < V; c += VI) {
        fill_tile(group, lid, c, u);
        for (var item = lid; item < group.count * VI; item += T) {
            let e = item / VI;
            let v = item % VI;
            if c + v < V {
                var sum = real(0.0);
                var volume = real(0.0);
                for (var p = 0u; p < P; p++) {
                    let w = extra[WEIGHTS_AT + p] / inverse_jacobian(group.first + e, p);
                    volume += w;
                    sum += w * tile[(e * VI + v) * P + p];
                }
                if second { after[e * V + c + v] = sum / volume; } else { mean[e * V + c + v] = sum / volume; }
            }
        }
        workgroupBarrier();
    }
}

// Constraints of the means.
fn find_middle(group: Group, lid: u32) {
    for (var e = lid; e < group.count; e += T) {
        var state: array<real, V>;
        for (var v = 0u; v < V; v++) { state[v] = mean[e * V + v]; }
        var c = constraints(state);
        for (var q = 0u; q < 3u; q++) { middle[e * 3u + q] = c[q]; }
    }
    workgroupBarrier();
}

// Margins of the state whose parts of degree d are scaled by f^(d^2) = f f^3 f^5 ...
fn margins(groups: ptr<function, array<real, DEGREES * V>>, f: real, bound: real) -> array<real, 3> {
    var c = constraints(combine(groups, f));
    return array<real, 3>(c[0] - D_MIN, c[1] - P_MIN, select(-HUGE, c[2] - bound, c[0] > real(0.0)));
}

fn combine(groups: ptr<function, array<real, DEGREES * V>>, f: real) -> array<real, V> {
    var state: array<real, V>;
    var factor = real(1.0);
    var odd = f;
    for (var g = 0u; g < DEGREES; g++) {
        for (var v = 0u; v < V; v++) { state[v] += factor * (*groups)[g * V + v]; }
        factor *= odd;
        odd *= f * f;
    }
    return state;
}

fn sound(margin: array<real, 3>) -> bool {
    return margin[0] >= real(0.0) && margin[1] >= real(0.0) && margin[2] >= real(0.0);
}

// The largest strength, found from below, at which a point is within its bounds.
fn strength_at(groups: ptr<function, array<real, DEGREES * V>>, bound: real) -> real {
    var low = real(0.0);
    var high = real(1.0);
    var above: array<real, 3>;
    var below: array<real, 3>;
    var weight = real(2.0);
    // First the two ends, then guesses.
    for (var i = 0u; i < NITERS + 2u; i++) {
        var f = high;
        if i == 1u { f = low; }
        if i > 1u {
            if high - low < F_TOL { break; }
            for (var q = 0u; q < 3u; q++) {
                // Where there is no density, the entropy says nothing of where to look.
                if above[q] < real(0.0) && above[q] > -HUGE {
                    let a = weight * above[q];
                    let b = below[q];
                    f = smaller((a * low - b * high) / (a - b), f);
                }
            }
            if !(f > low && f < high) { f = real(0.5) * (low + high); }
        }
        let now = margins(groups, f, bound);
        let good = sound(now);
        if i == 0u {
            if good { return high; }
            above = now;
        } else if i == 1u || good {
            low = f;
            below = now;
            weight = real(2.0);
        } else {
            high = f;
            above = now;
            weight *= real(2.0);
        }
    }
    return low;
}

// Scales the modes of the elements that are not admissible.
fn scale_modes(group: Group, lid: u32, u: ptr<function, array<array<real, V>, KP>>) {
    var modes: array<array<real, V>, KP>;
    for (var c = 0u; c < V; c += VI) {
        fill_tile(group, lid, c, u);
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{FACES_CHUNK}}; v++) {
                    var sum = real(0.0);
                    for (var p = 0u; p < P; p++) {
                        sum += extra[TO_MODES_AT + p * P + item % P] * tile[((item / P) * VI + v) * P + p];
                    }
                    modes[k][c + v] = sum;
                }
            }
        }
        workgroupBarrier();
    }
    // States by degree at the invocation's points.
    var inside: array<array<real, DEGREES * V>, KP>;
    var outside: array<array<real, DEGREES * V>, KF>;
    for (var c = 0u; c < V; c += VI) {
        fill_tile(group, lid, c, &modes);
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{FACES_CHUNK}}; v++) {
                    for (var g = 0u; g < DEGREES; g++) {
                        inside[k][g * V + c + v] = part(item / P, v, item % P, g);
                    }
                }
            }
        }
        for (var k = 0u; k < KF; k++) {
            let item = lid + k * T;
            if item < group.count * F {
                for (var v = 0u; {{FACES_CHUNK}}; v++) {
                    for (var g = 0u; g < DEGREES; g++) {
                        outside[k][g * V + c + v] = part(item / F, v, P + item % F, g);
                    }
                }
            }
        }
        workgroupBarrier();
    }
    for (var k = 0u; k < KP + KF; k++) {
        let at = place(group, lid, k);
        if at.y != 0u {
            var groups: array<real, DEGREES * V>;
            if k < KP { groups = inside[k]; } else { groups = outside[k - KP]; }
            tile[at.x] = strength_at(&groups, bounds[group.first + at.x / (P + F)]);
        }
    }
    workgroupBarrier();
    for (var e = lid; e < group.count; e += T) { strength[e] = reduce(e); }
    workgroupBarrier();
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P && bad[item / P] != 0u {
            var groups = inside[k];
            (*u)[k] = combine(&groups, strength[item / P]);
        }
    }
}

// What the modes of degree g, in the tile, are at point i.
fn part(e: u32, v: u32, i: u32, g: u32) -> real {
    var sum = real(0.0);
    for (var m = start_of(g); m < start_of(g + 1u); m++) {
        sum += extra[MODES_TO_AT + m * (P + F) + i] * tile[(e * VI + v) * P + m];
    }
    return sum;
}

// How much of the deviation from the mean may stay.
fn squeeze(e: u32, bound: real) -> real {
    var lowest = array<real, 3>(D_MIN, P_MIN, bound);
    var theta = real(1.0);
    for (var q = 0u; q < 3u; q++) {
        let m = least[e * 3u + q];
        if !(m >= lowest[q]) { theta = smaller((middle[e * 3u + q] - lowest[q]) / (middle[e * 3u + q] - m), theta); }
    }
    if theta >= real(0.0) && theta <= real(1.0) { return theta; }
    return real(0.0);
}

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var u: array<array<real, V>, KP>;
    var faces: array<array<real, V>, KF>;
    load_states(group, lid, &u);
    // Round 0 only looks; round 1 scales modes, the later ones squeeze, as long as there is need.
    var excess = array<real, ROUNDS + 2u>(real(0.0), real(0.0), {{EXCESS}});
    var changed = false;
    for (var round = 0u; round < ROUNDS + 2u; round++) {
        if round > 0u {
            if workgroupUniformLoad(&some_bad) == 0u { break; }
            changed = true;
        }
        if round == 1u {
            means(group, lid, &u, false);
            find_middle(group, lid);
{{SCALE}}
        }
        if round > 1u {
            let part = real(1.0) - excess[round];
            for (var k = 0u; k < KP; k++) {
                let item = lid + k * T;
                let e = item / P;
                if item < group.count * P && bad[e] != 0u {
                    let theta = part * squeeze(e, bounds[group.first + e]);
                    for (var v = 0u; v < V; v++) { u[k][v] = theta * (u[k][v] - mean[e * V + v]) + mean[e * V + v]; }
                }
            }
            workgroupBarrier();
        }
        face_states(group, lid, &u, &faces);
        minima(group, lid, &u, &faces);
    }
    if changed {
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                let at = (group.first + item / P) * V * P + item % P;
                for (var v = 0u; v < V; v++) { r0[at + v * P] = u[k][v]; }
            }
        }
        write_faces(group, lid, &u);
    }
    for (var item = lid; item < group.count * F; item += T) {
        entropies_out[range.w + group.first * F + item] = least[(item / F) * 3u + 2u];
    }
}
