// Sum over the directions of the corrected derivative of the contracted fluxes, chunk by chunk of variables.
// flux: [own point][direction][variable]; outward: [own flux point][variable], the common flux times area and side's sign.
fn divergence(
    group: Group,
    lid: u32,
    flux: ptr<function, array<array<real, D * V>, KP>>,
    outward: ptr<function, array<array<real, V>, KF>>,
    result: ptr<function, array<array<real, V>, KP>>,
) {
    for (var c = 0u; c < V; c += VC) {
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                let e = item / P;
                let p = item % P;
                for (var v = 0u; {{CHUNK}}; v++) {
                    for (var d = 0u; d < D; d++) {
                        tile[((e * VC + v) * D + d) * P + p] = (*flux)[k][d * V + c + v];
                    }
                }
            }
        }
        fill_trace(group, lid, c, outward);
        workgroupBarrier();
        apply_lines(group.count, lid);
        for (var k = 0u; k < KP; k++) {
            let item = lid + k * T;
            if item < group.count * P {
                var sum = divergence_at(item / P, item % P);
                for (var v = 0u; {{CHUNK}}; v++) { (*result)[k][c + v] = sum[v]; }
            }
        }
        workgroupBarrier();
    }
}
