// Elements of one block: a workgroup holds E whole elements. Included by every element kernel.
// Constants (made by the generator): V variables, D dimensions, P solution points, F flux points, FACES faces an element,
// E elements and T invocations a workgroup, KP and KF points and flux points an invocation, VC variables a chunk,
// GHOST_BASE first flux point of the boundaries in the face arrays, ROW workgroups a dispatch row. Elements are counted from
// the first of their piece. range: first element and number of elements, first flux point of the piece in the face arrays,
// and the same in the part of them that the kernel writes.
//
// tile, TILE numbers, mostly [element][variable of the chunk][direction][point]; trace: [element][variable of the chunk][flux point].
var<workgroup> tile: array<real, TILE>;
var<workgroup> trace: array<real, E * VC * F>;

struct Group {
    // First element of the workgroup, and how many it holds.
    first: u32,
    count: u32,
}

fn group_of(group: vec3<u32>) -> Group {
    let skip = (group.x + group.y * ROW) * E;
    return Group(range.x + skip, min(E, range.y - min(skip, range.y)));
}

// What lies beyond a flux point.
struct Side {
    // Positions in the face arrays, in flux points.
    own: u32,
    other: u32,
    left: bool,
    boundary: bool,
    face: u32,
}

fn side_of(element: u32, j: u32) -> Side {
    let face = face_of(j);
    let link = 2u * (element * FACES + face);
    let flags = links[link + 1u];
    let other = links[link] + pairs[(flags >> 2u) + j - face_start(face)];
    return Side(range.z + element * F + j, other, (flags & 1u) != 0u, (flags & 2u) != 0u, face);
}
