// Collects the face rows that go to other ranks, [flux point][variable].
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let at = (id.x + id.y * ROW) * 64u + lid;
    if at >= POINTS { return; }
    var values = row(send_points[at]);
    for (var v = 0u; v < V; v++) { send[at * V + v] = values[v]; }
}
