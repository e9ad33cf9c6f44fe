            scale_modes(group, lid, &u);
            means(group, lid, &u, true);
            for (var k = 0u; k < KP; k++) {
                let item = lid + k * T;
                let e = item / P;
                if item < group.count * P && bad[e] != 0u {
                    for (var v = 0u; v < V; v++) { u[k][v] += mean[e * V + v] - after[e * V + v]; }
                }
            }
            workgroupBarrier();
