// Sums the squares of the errors of an element, a workgroup each, and finds the largest; always in the same order.
var<workgroup> squares: array<real, T>;
var<workgroup> largest: array<real, T>;

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let element = id.y * ROW + id.x;
    var sum = real(0.0);
    var most = real(0.0);
    if element < ELEMENTS {
        for (var i = lid; i < V * P; i += T) {
            let at = element * V * P + i;
            // Tolerances: relative, then absolute by variable.
            let ratio = abs(errors[at]) / fma(parameters[0], abs(values[at]), parameters[1u + i / P]);
            sum = fma(ratio, ratio, sum);
            most = max(most, ratio);
        }
    }
    squares[lid] = sum;
    largest[lid] = most;
    for (var reach = T / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if lid < reach {
            squares[lid] += squares[lid + reach];
            largest[lid] = max(largest[lid], largest[lid + reach]);
        }
    }
    if lid == 0u && element < ELEMENTS {
        sizes[2u * element] = squares[0];
        sizes[2u * element + 1u] = largest[0];
    }
}
