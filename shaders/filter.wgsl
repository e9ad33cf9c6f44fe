// The entropy filter; what it does is described in backend/filter.rs, step by step the same.
// extra: TO_MODES_AT [solution point][mode], MODES_TO_AT [mode][solution point, then flux point], WEIGHTS_AT [solution point].
var<workgroup> least: array<real, E * 3u>;
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
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{FACES_CHUNK}}; v++) { tile[((item / P) * VI + v) * P + item % P] = (*u)[k][c + v]; }
            }
        }
        workgroupBarrier();
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
    var inside: array<array<real, 3>, KP>;
    var outside: array<array<real, 3>, KF>;
    for (var k = 0u; k < KP; k++) {
        if lid + k * T < group.count * P { inside[k] = constraints((*u)[k]); }
    }
    for (var k = 0u; k < KF; k++) {
        if lid + k * T < group.count * F { outside[k] = constraints((*faces)[k]); }
    }
    for (var q = 0u; q < 3u; q++) {
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P { tile[(item / P) * (P + F) + item % P] = counted(inside[k], q); }
        }
        for (var k = 0u; k < KF; k++) {
            let item = lid + k * T;
            if item < group.count * F { tile[(item / F) * (P + F) + P + item % F] = counted(outside[k], q); }
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
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{FACES_CHUNK}}; v++) { tile[((item / P) * VI + v) * P + item % P] = (*u)[k][c + v]; }
            }
        }
        workgroupBarrier();
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
    var above = margins(groups, high, bound);
    if sound(above) { return high; }
    var below = margins(groups, low, bound);
    var weight = real(2.0);
    for (var i = 0u; i < NITERS; i++) {
        if high - low < F_TOL { break; }
        var f = high;
        for (var q = 0u; q < 3u; q++) {
            // Where there is no density, the entropy says nothing of where to look.
            if above[q] < real(0.0) && above[q] > -HUGE {
                let a = weight * above[q];
                let b = below[q];
                f = smaller((a * low - b * high) / (a - b), f);
            }
        }
        if !(f > low && f < high) { f = real(0.5) * (low + high); }
        let now = margins(groups, f, bound);
        if sound(now) {
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
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{FACES_CHUNK}}; v++) { tile[((item / P) * VI + v) * P + item % P] = (*u)[k][c + v]; }
            }
        }
        workgroupBarrier();
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
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                for (var v = 0u; {{FACES_CHUNK}}; v++) { tile[((item / P) * VI + v) * P + item % P] = modes[k][c + v]; }
            }
        }
        workgroupBarrier();
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
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            var groups = inside[k];
            tile[(item / P) * (P + F) + item % P] = strength_at(&groups, bounds[group.first + item / P]);
        }
    }
    for (var k = 0u; k < KF; k++) {
        let item = lid + k * T;
        if item < group.count * F {
            var groups = outside[k];
            tile[(item / F) * (P + F) + P + item % F] = strength_at(&groups, bounds[group.first + item / F]);
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
    var state: array<real, V>;
    for (var v = 0u; v < V; v++) { state[v] = mean[e * V + v]; }
    var middle = constraints(state);
    var lowest = array<real, 3>(D_MIN, P_MIN, bound);
    var theta = real(1.0);
    for (var q = 0u; q < 3u; q++) {
        let m = least[e * 3u + q];
        if !(m >= lowest[q]) { theta = smaller((middle[q] - lowest[q]) / (middle[q] - m), theta); }
    }
    if theta >= real(0.0) && theta <= real(1.0) { return theta; }
    return real(0.0);
}

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let group = group_of(id);
    var u: array<array<real, V>, KP>;
    var faces: array<array<real, V>, KF>;
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let at = (group.first + item / P) * V * P + item % P;
            for (var v = 0u; v < V; v++) { u[k][v] = r0[at + v * P]; }
        }
    }
    face_states(group, lid, &u, &faces);
    minima(group, lid, &u, &faces);
    if workgroupUniformLoad(&some_bad) != 0u {
        means(group, lid, &u, false);
{{SCALE}}
        var excess = array<real, ROUNDS>({{EXCESS}});
        for (var round = 0u; round < ROUNDS; round++) {
            if workgroupUniformLoad(&some_bad) != 0u {
                let part = real(1.0) - excess[round];
                for (var k = 0u; k < KP; k++) {
                    let item = lid + k * T;
                    let e = item / P;
                    if item < group.count * P && bad[e] != 0u {
                        let theta = part * squeeze(e, bounds[group.first + e]);
                        for (var v = 0u; v < V; v++) { u[k][v] = theta * (u[k][v] - mean[e * V + v]) + mean[e * V + v]; }
                    }
                }
                for (var k = 0u; k < KF; k++) {
                    let item = lid + k * T;
                    let e = item / F;
                    if item < group.count * F && bad[e] != 0u {
                        let theta = part * squeeze(e, bounds[group.first + e]);
                        for (var v = 0u; v < V; v++) {
                            faces[k][v] = theta * (faces[k][v] - mean[e * V + v]) + mean[e * V + v];
                        }
                    }
                }
                workgroupBarrier();
                minima(group, lid, &u, &faces);
            }
        }
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
        entropies[FACE_BASE + group.first * F + item] = least[(item / F) * 3u + 2u];
    }
}
