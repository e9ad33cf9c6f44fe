//! The element types of Gmsh by number (reference manual, "Node ordering").
//!
//! Supporting a type means giving its row a [`Lattice`]: the position in lattice order (x fastest) of each node that
//! Gmsh lists.

use crate::element::Shape;

/// A row of the table.
#[derive(Debug)]
pub(super) struct ElementType {
    /// Number in the file.
    pub number: i32,
    /// What it is.
    pub kind: Kind,
}

/// What an element type is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Supported.
    Lattice(Lattice),
    /// A point: ignored.
    Point,
    /// A known shape whose geometry of this order is not supported yet.
    Curved { name: &'static str, order: usize },
    /// A shape that is not supported yet.
    ShapeNotYet { name: &'static str },
}

/// A supported element type.
#[derive(Debug)]
pub(super) struct Lattice {
    pub shape: Shape,
    pub order: usize,
    /// Lattice position of each node in Gmsh's order.
    pub to_lattice: &'static [usize],
}

const fn straight(number: i32, shape: Shape, to_lattice: &'static [usize]) -> ElementType {
    ElementType { number, kind: Kind::Lattice(Lattice { shape, order: 1, to_lattice }) }
}

const fn curved(number: i32, name: &'static str, order: usize) -> ElementType {
    ElementType { number, kind: Kind::Curved { name, order } }
}

const fn not_yet(number: i32, name: &'static str) -> ElementType {
    ElementType { number, kind: Kind::ShapeNotYet { name } }
}

/// The types known here, the frequent ones first: the search is linear.
pub(super) static TYPES: &[ElementType] = &[
    straight(1, Shape::Line, &[0, 1]),
    straight(2, Shape::Tri, &[0, 1, 2]),
    straight(3, Shape::Quad, &[0, 1, 3, 2]),
    straight(4, Shape::Tet, &[0, 1, 2, 3]),
    straight(5, Shape::Hex, &[0, 1, 3, 2, 4, 5, 7, 6]),
    ElementType { number: 15, kind: Kind::Point },
    curved(8, "line", 2),
    curved(26, "line", 3),
    curved(27, "line", 4),
    curved(9, "triangle", 2),
    curved(21, "triangle", 3),
    curved(23, "triangle", 4),
    curved(10, "quadrilateral", 2),
    curved(36, "quadrilateral", 3),
    curved(37, "quadrilateral", 4),
    curved(11, "tetrahedron", 2),
    curved(29, "tetrahedron", 3),
    curved(30, "tetrahedron", 4),
    curved(12, "hexahedron", 2),
    curved(92, "hexahedron", 3),
    curved(93, "hexahedron", 4),
    not_yet(6, "prism"),
    not_yet(13, "prism"),
    not_yet(90, "prism"),
    not_yet(91, "prism"),
    not_yet(7, "pyramid"),
    not_yet(14, "pyramid"),
    not_yet(118, "pyramid"),
    not_yet(119, "pyramid"),
];

/// A supported element type, for the writer.
#[derive(Debug)]
pub(super) struct Numbered {
    pub number: i32,
    pub to_lattice: &'static [usize],
}

/// The complete element of a shape and geometry order, if it is supported.
pub(super) fn of(shape: Shape, order: usize) -> Option<Numbered> {
    TYPES.iter().find_map(|row| match &row.kind {
        Kind::Lattice(l) if (l.shape, l.order) == (shape, order) => {
            Some(Numbered { number: row.number, to_lattice: l.to_lattice })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_permutation_of_the_lattice() {
        for (i, row) in TYPES.iter().enumerate() {
            assert!(TYPES[..i].iter().all(|r| r.number != row.number), "type {} twice", row.number);
            if let Kind::Lattice(Lattice { shape, order, to_lattice }) = row.kind {
                let mut seen = vec![false; shape.points(order)];
                to_lattice.iter().for_each(|&i| seen[i] = true);
                assert!(seen.iter().all(|&s| s));
            }
        }
    }

    #[test]
    fn rings_become_lattices() {
        // Gmsh lists the vertices of the square, and of each end of the cube, counter-clockwise.
        let ring = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        for row in TYPES {
            if let Kind::Lattice(Lattice { shape: shape @ (Shape::Quad | Shape::Hex), to_lattice, .. }) =
                row.kind
            {
                for (i, &slot) in to_lattice.iter().enumerate() {
                    let v = shape.vertices()[slot];
                    assert_eq!(v[..2], ring[i % 4]);
                    assert_eq!(
                        v[2],
                        if shape == Shape::Quad {
                            0.0
                        } else if i < 4 {
                            -1.0
                        } else {
                            1.0
                        }
                    );
                }
            }
        }
    }
}
