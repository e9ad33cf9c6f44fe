//! The element types of Gmsh by number (its `GmshDefines.h`).

use super::node_order;
use crate::element::Shape;
use std::sync::LazyLock;

/// What an element type is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Supported.
    Lattice(Lattice),
    /// A known shape of a geometry that is not supported: an order above 4, or above 2 without all its nodes.
    Refused {
        /// What Gmsh calls the shape.
        name: &'static str,
        /// Order of the geometry.
        order: usize,
        /// False for a type that leaves out nodes inside faces or the volume.
        complete: bool,
    },
}

/// A supported element type.
#[derive(Debug)]
pub(super) struct Lattice {
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Lattice position of each node that the file lists; serendipity elements list less than the whole lattice.
    pub to_lattice: Vec<usize>,
}

impl Lattice {
    /// Nodes of the complete element.
    pub fn points(&self) -> usize {
        self.shape.points(self.order)
    }

    /// True when the file leaves out nodes, which [`super::serendipity`] adds.
    pub fn is_serendipity(&self) -> bool {
        self.to_lattice.len() < self.points()
    }
}

/// The complete elements of each shape, from order 1 on.
const COMPLETE: &[(Shape, &str, &[i32])] = &[
    (Shape::Line, "line", &[1, 8, 26, 27, 28, 62, 63, 64, 65, 66]),
    (Shape::Tri, "triangle", &[2, 9, 21, 23, 25, 42, 43, 44, 45, 46]),
    (Shape::Quad, "quadrilateral", &[3, 10, 36, 37, 38, 47, 48, 49, 50, 51]),
    (Shape::Tet, "tetrahedron", &[4, 11, 29, 30, 31, 71, 72, 73, 74, 75]),
    (Shape::Hex, "hexahedron", &[5, 12, 92, 93, 94, 95, 96, 97, 98]),
    (Shape::Prism, "prism", &[6, 13, 90, 91, 106, 107, 108, 109, 110]),
    (Shape::Pyramid, "pyramid", &[7, 14, 118, 119, 120, 121, 122, 123, 124]),
];

const POINT: i32 = 15;

/// Highest supported order of the geometry.
const MAX_ORDER: usize = 4;

/// Second-order elements with nodes at vertices and edges only, and how many those are.
const SERENDIPITY: &[(i32, Shape, usize)] =
    &[(16, Shape::Quad, 8), (17, Shape::Hex, 20), (18, Shape::Prism, 15), (19, Shape::Pyramid, 13)];

/// The elements without inner nodes, from order 3 on.
const INCOMPLETE: &[(&str, &[i32])] = &[
    ("triangle", &[20, 22, 24, 52, 53, 54, 55, 56]),
    ("quadrilateral", &[39, 40, 41, 57, 58, 59, 60, 61]),
    ("tetrahedron", &[137, 32, 33, 79, 80, 81, 82, 83]),
    ("hexahedron", &[99, 100, 101, 102, 103, 104, 105]),
    ("prism", &[111, 112, 113, 114, 115, 116, 117]),
    ("pyramid", &[125, 126, 127, 128, 129, 130, 131]),
];

/// The types known here, each at the index that is its number.
static TYPES: LazyLock<Vec<Option<Kind>>> = LazyLock::new(|| {
    let mut types: Vec<Option<Kind>> = Vec::new();
    let mut put = |number: i32, kind| {
        let number = number as usize;
        if number >= types.len() {
            types.resize_with(number + 1, || None);
        }
        types[number] = Some(kind);
    };
    let lattice = |shape, order| Lattice { shape, order, to_lattice: node_order::to_lattice(shape, order) };
    put(POINT, Kind::Lattice(lattice(Shape::Point, 1)));
    for &(shape, name, numbers) in COMPLETE {
        for (&number, order) in numbers.iter().zip(1..) {
            if order <= MAX_ORDER {
                put(number, Kind::Lattice(lattice(shape, order)));
            } else {
                put(number, Kind::Refused { name, order, complete: true });
            }
        }
    }
    for &(number, shape, nodes) in SERENDIPITY {
        // Gmsh lists vertices and edges first, so that the nodes there are the first of the complete element.
        let mut lattice = lattice(shape, 2);
        lattice.to_lattice.truncate(nodes);
        put(number, Kind::Lattice(lattice));
    }
    for &(name, numbers) in INCOMPLETE {
        for (&number, order) in numbers.iter().zip(3..) {
            put(number, Kind::Refused { name, order, complete: false });
        }
    }
    types
});

/// The element type of this number, if it is known.
pub(super) fn find(number: i32) -> Option<&'static Kind> {
    TYPES.get(usize::try_from(number).ok()?)?.as_ref()
}

/// The type of points.
pub(super) fn point() -> &'static Lattice {
    match &TYPES[POINT as usize] {
        Some(Kind::Lattice(lattice)) => lattice,
        _ => unreachable!("the table has points"),
    }
}

/// Number and description of every supported type.
pub(super) fn supported() -> impl Iterator<Item = (i32, &'static Lattice)> {
    TYPES.iter().zip(0..).filter_map(|(kind, number)| match kind {
        Some(Kind::Lattice(lattice)) => Some((number, lattice)),
        _ => None,
    })
}

/// Number and description of the complete element of a shape and geometry order, if it is supported.
pub(super) fn of(shape: Shape, order: usize) -> Option<(i32, &'static Lattice)> {
    supported()
        .find(|(_, lattice)| (lattice.shape, lattice.order) == (shape, order) && !lattice.is_serendipity())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        let numbers = COMPLETE.iter().map(|row| row.2).chain(INCOMPLETE.iter().map(|row| row.1));
        let count: usize = numbers.map(<[i32]>::len).sum();
        assert_eq!(TYPES.iter().flatten().count(), count + SERENDIPITY.len() + 1);
    }

    #[test]
    fn types_have_the_numbers_of_nodes_that_gmsh_says() {
        // Gmsh 4.15, `gmsh.model.mesh.getElementProperties`; the prisms of order 3 and 4 from meshes it wrote.
        let expected = [
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 4),
            (5, 8),
            (6, 6),
            (7, 5),
            (8, 3),
            (9, 6),
            (10, 9),
            (11, 10),
            (12, 27),
            (13, 18),
            (14, 14),
            (15, 1),
            (16, 8),
            (17, 20),
            (18, 15),
            (19, 13),
            (21, 10),
            (23, 15),
            (26, 4),
            (27, 5),
            (29, 20),
            (30, 35),
            (36, 16),
            (37, 25),
            (90, 40),
            (91, 75),
            (92, 64),
            (93, 125),
            (118, 30),
            (119, 55),
        ];
        assert!(supported().map(|(number, lattice)| (number, lattice.to_lattice.len())).eq(expected));
    }

    #[test]
    fn serendipity_elements_lack_the_nodes_inside_faces_and_volumes() {
        for (number, lattice) in supported() {
            let of_shape = SERENDIPITY.iter().find(|row| row.0 == number);
            assert_eq!(lattice.is_serendipity(), of_shape.is_some());
            let Some((_, shape, _)) = of_shape else { continue };
            // Only vertices (no odd coordinate) and edges (one) of quadrilateral faces are listed; a triangle of
            // second order has no inner node.
            let at = crate::element::lattice::indices(*shape, 2);
            for (i, x) in at.iter().enumerate() {
                let corner_or_edge = lattice.to_lattice.contains(&i);
                let inner = match shape {
                    Shape::Prism => x[2] == 1 && (x[0] == 1 || x[1] == 1),
                    Shape::Pyramid => *x == [1, 1, 0],
                    _ => x.iter().filter(|x| **x == 1).count() > 1,
                };
                assert_eq!(corner_or_edge, !inner, "{shape:?} {x:?}");
            }
        }
    }
}
