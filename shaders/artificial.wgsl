// Artificial viscosity: one value an element, from the modes of the first variable.
// extra: MODES_AT [solution point][mode], the first LOW_MODES of them not of the highest degree.
var<workgroup> viscosity_of: array<real, E>;

fn find_viscosity(group: Group, lid: u32, u: ptr<function, array<array<real, V>, KP>>) {
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P { tile[item] = (*u)[k][0]; }
    }
    workgroupBarrier();
    var energy: array<real, KP>;
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            var mode = real(0.0);
            for (var p = 0u; p < P; p++) { mode += extra[MODES_AT + p * P + item % P] * tile[(item / P) * P + p]; }
            energy[k] = mode * mode;
        }
    }
    workgroupBarrier();
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P { tile[item] = energy[k]; }
    }
    workgroupBarrier();
    for (var e = lid; e < group.count; e += T) {
        var low = real(0.0);
        var highest = real(0.0);
        for (var m = 0u; m < LOW_MODES; m++) { low += tile[e * P + m]; }
        for (var m = LOW_MODES; m < P; m++) { highest += tile[e * P + m]; }
        viscosity_of[e] = artificial_viscosity(highest, low + highest)[0];
    }
    workgroupBarrier();
}

// A flux, [direction][variable], with that of the viscosity mu added.
fn diffused(flux: array<real, D * V>, gradient: array<real, D * V>, s: array<real, D * D>, mu: real) -> array<real, D * V> {
    var f = flux;
    var g = gradient;
    var m = s;
    for (var d = 0u; d < D; d++) {
        for (var v = 0u; v < V; v++) {
            var slope = g[v] * m[d * D];
            for (var x = 1u; x < D; x++) { slope += g[x * V + v] * m[d * D + x]; }
            f[d * V + v] -= mu * slope;
        }
    }
    return f;
}

// A normal flux likewise.
fn diffused_normal(flux: array<real, V>, gradient: array<real, D * V>, n: array<real, D>, mu: real) -> array<real, V> {
    var f = flux;
    var g = gradient;
    var m = n;
    for (var v = 0u; v < V; v++) {
        var slope = g[v] * m[0];
        for (var x = 1u; x < D; x++) { slope += g[x * V + v] * m[x]; }
        f[v] -= mu * slope;
    }
    return f;
}
