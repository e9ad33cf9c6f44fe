// Ghost states of the boundaries, one invocation a flux point.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
    let at = (id.x + id.y * ROW) * 64u + lid;
    if at >= GHOSTS { return; }
    var n: array<real, D>;
    for (var d = 0u; d < D; d++) { n[d] = ghost_normals[at * D + d]; }
    var ghost = boundary_ghost(at, row(ghost_own[at]), n);
    for (var v = 0u; v < V; v++) { {{GHOSTS}}[(GHOST_START + at) * V + v] = ghost[v]; }
}
