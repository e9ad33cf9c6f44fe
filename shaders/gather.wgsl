// What both sides of a flux point have in the face array that `row` reads, in the order on which the sides agree.
struct Ends {
    left: array<real, V>,
    right: array<real, V>,
}

fn ends_of(side: Side) -> Ends {
    return Ends(row(select(side.other, side.own, side.left)), row(select(side.own, side.other, side.left)));
}

// Area at a flux point with the sign of the face's normal, outward for this element.
fn signed_area(element: u32, side: Side, j: u32) -> real {
    let area = area_of(element, side.face, j);
    return select(-area, area, side.left);
}
