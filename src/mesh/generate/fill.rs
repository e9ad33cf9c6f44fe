//! How each cell is divided into elements, so that the faces of neighbouring cells meet.
//!
//! In three dimensions a face of the grid is whole or divided into two triangles, always by the diagonal from its lowest
//! corner to its highest. A [`Division`] either demands the state of all six faces of its cell, or ([`Division::Middle`])
//! takes what its neighbours demand: the apex in the middle of the cell is joined with every whole face to a pyramid and
//! with every triangle to a tetrahedron. The pattern of [`Cells`] is a wish for each cell; a cell whose demands contradict
//! those of a neighbour with precedence is divided from its middle instead. That depends on a cell and its neighbours only,
//! so the result conforms for any pattern, any counts, and through periodic sides.

use super::Cells;
use super::frame::{Corner, Frame, add, sub};
use crate::element::Shape;

/// A division of a cell of three dimensions, in the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Division {
    /// Joins every face with the middle.
    Middle,
    /// Three pyramids with their apex in the lowest corner: the three faces there are divided, the others whole.
    Corner,
    /// Six tetrahedra around the long diagonal (Kuhn 1960): all faces are divided.
    Kuhn,
    /// Two prisms along the third axis: its two faces are divided.
    Prisms,
    /// A hexahedron: no face is divided.
    Whole,
}

/// The edges of a cell.
const UNIT: [Corner; 3] = [[2, 0, 0], [0, 2, 0], [0, 0, 2]];

impl Division {
    /// Which of the faces x-, x+, y-, y+, z-, z+ are to be divided; `None` where any will do.
    fn demands(self) -> Option<[bool; 6]> {
        match self {
            Division::Middle => None,
            Division::Corner => Some([true, false, true, false, true, false]),
            Division::Kuhn => Some([true; 6]),
            Division::Prisms => Some([false, false, false, false, true, true]),
            Division::Whole => Some([false; 6]),
        }
    }
}

/// Divides cells. `neighbour` gives the cell across side `s` (x-, x+, y-, ...), if there is one.
pub struct Filling<N> {
    pub cells: Cells,
    pub neighbour: N,
}

impl<N: Fn([usize; 3], usize) -> Option<[usize; 3]>> Filling<N> {
    /// Puts the elements of a cell into `frames`, replacing what is there.
    pub fn fill(&self, cell: [usize; 3], frames: &mut Vec<Frame>) {
        frames.clear();
        let origin = cell.map(|i| 2 * i as i64);
        let mut put = |shape, origin, edges| frames.push(Frame { shape, origin, edges });
        match self.cells {
            Cells::Line => put(Shape::Line, origin, UNIT),
            Cells::Quad => put(Shape::Quad, origin, UNIT),
            Cells::TriQuad if (cell[0] + cell[1]).is_multiple_of(2) => put(Shape::Quad, origin, UNIT),
            Cells::Tri | Cells::TriQuad => {
                put(Shape::Tri, origin, UNIT);
                put(Shape::Tri, add(origin, [2, 2, 0]), [[-2, 0, 0], [0, -2, 0], UNIT[2]]);
            }
            _ => self.fill_solid(cell, origin, &mut put),
        }
    }

    fn fill_solid(&self, cell: [usize; 3], origin: Corner, put: &mut impl FnMut(Shape, Corner, [Corner; 3])) {
        let [x, y, z] = UNIT;
        match self.division(cell) {
            Division::Whole => put(Shape::Hex, origin, UNIT),
            Division::Prisms => {
                put(Shape::Prism, origin, [x, add(x, y), z]);
                put(Shape::Prism, origin, [add(x, y), y, z]);
            }
            // One tetrahedron for each order in which a path from corner to corner takes the axes; odd ones have
            // two vertices swapped to stay positive.
            Division::Kuhn => {
                for [a, b, even] in [[0, 1, 1], [1, 2, 1], [2, 0, 1], [1, 0, 0], [0, 2, 0], [2, 1, 0]] {
                    let (first, second) = (UNIT[a], add(UNIT[a], UNIT[b]));
                    let edges = if even == 1 { [first, second, [2; 3]] } else { [second, first, [2; 3]] };
                    put(Shape::Tet, origin, edges);
                }
            }
            Division::Corner => {
                for side in [1, 3, 5] {
                    let (base, edges) = base(origin, side);
                    put(Shape::Pyramid, base, [edges[0], edges[1], sub(origin, base)]);
                }
            }
            Division::Middle => {
                let middle = add(origin, [1; 3]);
                for side in 0..6 {
                    let (base, [a, b]) = base(origin, side);
                    let up = sub(middle, base);
                    if self.divided(cell, side) {
                        put(Shape::Tet, base, [a, add(a, b), up]);
                        put(Shape::Tet, base, [add(a, b), b, up]);
                    } else {
                        put(Shape::Pyramid, base, [a, b, up]);
                    }
                }
            }
        }
    }

    /// What the pattern asks for.
    fn wish(&self, [i, j, k]: [usize; 3]) -> Division {
        use Division::{Corner, Kuhn, Middle, Prisms, Whole};
        /// By `k % 3`, `j % 2`, `i % 3`. Hexahedra and prisms stand beside and upon each other (the first and the last
        /// layer of two periods); every kind of cell touches ones divided from their middle; a corner and tetrahedra stand
        /// on prisms.
        const MIXED: [[[Division; 3]; 2]; 3] = [
            [[Whole, Prisms, Middle], [Prisms, Whole, Prisms]],
            [[Middle, Corner, Middle], [Kuhn, Middle, Kuhn]],
            [[Whole, Middle, Middle], [Prisms, Whole, Prisms]],
        ];
        let turn = |number: usize, even, odd| if number.is_multiple_of(2) { even } else { odd };
        match self.cells {
            Cells::Tet => Kuhn,
            Cells::Prism => Prisms,
            Cells::Pyramid | Cells::PyramidTet => Middle,
            Cells::HexPrism => turn(i + j, Whole, Prisms),
            Cells::HexPyramid => turn(i + j + k, Whole, Middle),
            Cells::HexPyramidTet => turn(i, Whole, Middle),
            Cells::PrismTet => turn(k, Prisms, Kuhn),
            Cells::PrismPyramid => turn(i + j, Prisms, Middle),
            Cells::Mixed => MIXED[k % 3][j % 2][i % 3],
            Cells::Hex | Cells::Line | Cells::Tri | Cells::Quad | Cells::TriQuad => Whole,
        }
    }

    /// The wish, or [`Division::Middle`] where a neighbour with no lower precedence contradicts it.
    fn division(&self, cell: [usize; 3]) -> Division {
        let wish = self.wish(cell);
        let Some(demands) = wish.demands().filter(|_| self.cells.shapes().len() > 1) else { return wish };
        let contradicted = (0..6).any(|side| {
            let other = (self.neighbour)(cell, side).map(|n| self.wish(n)).filter(|other| *other >= wish);
            other.and_then(Division::demands).is_some_and(|theirs| theirs[side ^ 1] != demands[side])
        });
        if contradicted { Division::Middle } else { wish }
    }

    /// Whether a face of a cell that is divided from its middle is divided.
    fn divided(&self, cell: [usize; 3], side: usize) -> bool {
        let demands = (self.neighbour)(cell, side).and_then(|n| self.division(n).demands());
        // Nobody cares: between two such cells, or on the boundary.
        let free = matches!(self.cells, Cells::HexPyramidTet | Cells::PyramidTet) && side > 1;
        demands.map_or(free, |theirs| theirs[side ^ 1])
    }
}

/// The lowest corner of a side of the cell at `origin`, and the edges of the side from there, whose cross product points into
/// the cell.
fn base(origin: Corner, side: usize) -> (Corner, [Corner; 2]) {
    let axis = side / 2;
    let (u, v) = (UNIT[(axis + 1) % 3], UNIT[(axis + 2) % 3]);
    if side.is_multiple_of(2) { (origin, [u, v]) } else { (add(origin, UNIT[axis]), [v, u]) }
}
