// Boundary data that depends on time, at the time of the stage (the first parameter), or on the boundary's control.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let at = (id.x + id.y * ROW) * 64u + lid;
    if at >= GHOSTS { return; }
    let kind = ghost_kinds[at];
    if kind >= BOUNDARIES { return; }
    let t = parameters[0];
    let x = array<real, 5>(ghost_points[at * 3u], ghost_points[at * 3u + 1u], ghost_points[at * 3u + 2u], t, {{CONTROL}});
    boundary_data(at, x);
}
