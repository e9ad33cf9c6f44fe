//! What the cells of a structured mesh are made of.

use crate::element::Shape;

/// The shapes of a structured mesh, and with them how its cells are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Lines, the one mesh of one dimension.
    Line,
    /// Two triangles a cell.
    Tri,
    /// Quadrilaterals.
    Quad,
    /// Quadrilaterals and pairs of triangles like a chequerboard.
    TriQuad,
    /// Six tetrahedra a cell (Kuhn's subdivision, which matches that of the neighbouring cells).
    Tet,
    /// Hexahedra.
    Hex,
    /// Two prisms a cell: triangles swept along the third axis.
    Prism,
    /// Six pyramids a cell, their apex in its middle.
    Pyramid,
    /// Columns of hexahedra and of pairs of prisms like a chequerboard.
    HexPrism,
    /// Hexahedra and cells of six pyramids like a three-dimensional chequerboard.
    HexPyramid,
    /// Layers of hexahedra across the first axis, between layers of pyramids on them and tetrahedra.
    HexPyramidTet,
    /// Layers of prisms and of tetrahedra, in turn along the third axis.
    PrismTet,
    /// Columns of pairs of prisms and of six pyramids a cell, like a chequerboard.
    PrismPyramid,
    /// Two pyramids, across the first axis, and eight tetrahedra a cell.
    PyramidTet,
    /// Hexahedra, prisms, pyramids and tetrahedra, so that every pair of them that can share a face does: the pattern
    /// repeats after 3 by 2 by 3 cells.
    Mixed,
}

impl Cells {
    /// All of them.
    pub const ALL: [Cells; 15] = [
        Cells::Line,
        Cells::Tri,
        Cells::Quad,
        Cells::TriQuad,
        Cells::Tet,
        Cells::Hex,
        Cells::Prism,
        Cells::Pyramid,
        Cells::HexPrism,
        Cells::HexPyramid,
        Cells::HexPyramidTet,
        Cells::PrismTet,
        Cells::PrismPyramid,
        Cells::PyramidTet,
        Cells::Mixed,
    ];

    /// The shapes of the elements; every one occurs in the mesh. No two kinds have the same.
    pub fn shapes(self) -> &'static [Shape] {
        use Shape::{Hex, Line, Prism, Pyramid, Quad, Tet, Tri};
        match self {
            Cells::Line => &[Line],
            Cells::Tri => &[Tri],
            Cells::Quad => &[Quad],
            Cells::TriQuad => &[Tri, Quad],
            Cells::Tet => &[Tet],
            Cells::Hex => &[Hex],
            Cells::Prism => &[Prism],
            Cells::Pyramid => &[Pyramid],
            Cells::HexPrism => &[Hex, Prism],
            Cells::HexPyramid => &[Hex, Pyramid],
            Cells::HexPyramidTet => &[Tet, Hex, Pyramid],
            Cells::PrismTet => &[Tet, Prism],
            Cells::PrismPyramid => &[Prism, Pyramid],
            Cells::PyramidTet => &[Tet, Pyramid],
            Cells::Mixed => &[Tet, Hex, Prism, Pyramid],
        }
    }

    /// Space dimensions.
    pub fn dims(self) -> usize {
        self.shapes()[0].dims()
    }

    /// The names of the shapes, joined by `+`.
    pub fn name(self) -> String {
        self.shapes().iter().map(|s| s.name()).collect::<Vec<_>>().join("+")
    }

    /// The kind with these shapes, given as names joined by `+` in any order; `mixed` is all shapes of `dims` dimensions.
    pub fn from_name(name: &str, dims: usize) -> Option<Cells> {
        if name == "mixed" {
            return [(2, Cells::TriQuad), (3, Cells::Mixed)]
                .into_iter()
                .find(|(d, _)| *d == dims)
                .map(|c| c.1);
        }
        let mut shapes: Vec<Shape> = name.split('+').map(Shape::from_name).collect::<Option<_>>()?;
        shapes.sort();
        Cells::ALL.into_iter().find(|cells| cells.shapes() == shapes)
    }

    /// Least number of cells along each axis with which every shape occurs, whatever is periodic.
    pub fn least(self) -> [usize; 3] {
        match self {
            Cells::TriQuad | Cells::HexPrism | Cells::HexPyramid | Cells::PrismPyramid => [2, 1, 1],
            Cells::HexPyramidTet => [2, 1, 1],
            Cells::PrismTet => [1, 1, 2],
            Cells::Mixed => [2, 2, 2],
            _ => [1, 1, 1],
        }
    }

    /// True where some cells are divided from their middle.
    pub(super) fn have_middles(self) -> bool {
        self.shapes().contains(&Shape::Pyramid)
    }

    /// True where faces across the first or second axis may be divided into triangles.
    pub(super) fn split_sideways(self) -> bool {
        self.shapes().contains(&Shape::Tet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shapes_tell_the_kinds_apart() {
        for cells in Cells::ALL {
            assert_eq!(Cells::from_name(&cells.name(), cells.dims()), Some(cells));
            assert!(cells.shapes().iter().all(|s| s.dims() == cells.dims()));
        }
        assert_eq!(Cells::from_name("pyr+hex+tet", 3), Some(Cells::HexPyramidTet));
        assert_eq!(Cells::from_name("mixed", 2), Some(Cells::TriQuad));
        assert_eq!(Cells::from_name("mixed", 3), Some(Cells::Mixed));
        for wrong in ["", "hex+", "cube", "hex+quad", "hex+hex", "point"] {
            assert_eq!(Cells::from_name(wrong, 3), None, "{wrong}");
        }
    }
}
