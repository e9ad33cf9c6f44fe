//! The reference elements: vertices, faces, names. Pure topology; points and operators live beside this file.
//!
//! Reference coordinates: line, quad and hex `[-1, 1]^d`; triangle and tetrahedron the corner simplex with vertices at
//! -1 and +1; prism the triangle times `[-1, 1]`; pyramid the base `[-1, 1]^2` at z = -1 and the apex (0, 0, 1). Vertices are numbered over the lattice with x fastest, then y, then z (so a quad is 0 1 / 2 3, not a ring), which
//! is also the node order of higher-order geometry. A face lists its vertices counter-clockwise as seen from outside,
//! hence two elements that share a face list its vertices in opposite directions: [`paired_vertex`].

/// Shape of an element or of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// Two vertices: elements of 1-D meshes, faces of the 2-D shapes.
    Line,
    /// Triangle.
    Tri,
    /// Quadrilateral.
    Quad,
    /// Tetrahedron.
    Tet,
    /// Hexahedron.
    Hex,
    /// Prism (wedge): triangle times line.
    Prism,
    /// Pyramid over a quadrilateral.
    Pyramid,
    /// One vertex: faces of lines, never an element of the volume.
    Point,
}

/// One face of a reference element.
#[derive(Debug)]
pub struct Face {
    /// Shape of the face itself.
    pub shape: Shape,
    /// Vertices of the element, counter-clockwise seen from outside.
    pub vertices: &'static [usize],
    /// Outward normal in the face's own parametrisation (not unit length: (1, 1) on a slanted edge).
    pub normal: [f64; 3],
}

const fn face(shape: Shape, vertices: &'static [usize], normal: [f64; 3]) -> Face {
    Face { shape, vertices, normal }
}

const LINE_FACES: &[Face] =
    &[face(Shape::Point, &[0], [-1.0, 0.0, 0.0]), face(Shape::Point, &[1], [1.0, 0.0, 0.0])];
const TRI_FACES: &[Face] = &[
    face(Shape::Line, &[0, 1], [0.0, -1.0, 0.0]),
    face(Shape::Line, &[1, 2], [1.0, 1.0, 0.0]),
    face(Shape::Line, &[2, 0], [-1.0, 0.0, 0.0]),
];
const QUAD_FACES: &[Face] = &[
    face(Shape::Line, &[0, 1], [0.0, -1.0, 0.0]),
    face(Shape::Line, &[1, 3], [1.0, 0.0, 0.0]),
    face(Shape::Line, &[3, 2], [0.0, 1.0, 0.0]),
    face(Shape::Line, &[2, 0], [-1.0, 0.0, 0.0]),
];
const TET_FACES: &[Face] = &[
    face(Shape::Tri, &[0, 2, 1], [0.0, 0.0, -1.0]),
    face(Shape::Tri, &[0, 1, 3], [0.0, -1.0, 0.0]),
    face(Shape::Tri, &[0, 3, 2], [-1.0, 0.0, 0.0]),
    face(Shape::Tri, &[1, 2, 3], [1.0, 1.0, 1.0]),
];
const HEX_FACES: &[Face] = &[
    face(Shape::Quad, &[0, 2, 3, 1], [0.0, 0.0, -1.0]),
    face(Shape::Quad, &[0, 1, 5, 4], [0.0, -1.0, 0.0]),
    face(Shape::Quad, &[1, 3, 7, 5], [1.0, 0.0, 0.0]),
    face(Shape::Quad, &[3, 2, 6, 7], [0.0, 1.0, 0.0]),
    face(Shape::Quad, &[0, 4, 6, 2], [-1.0, 0.0, 0.0]),
    face(Shape::Quad, &[4, 5, 7, 6], [0.0, 0.0, 1.0]),
];
const PRISM_FACES: &[Face] = &[
    face(Shape::Tri, &[0, 2, 1], [0.0, 0.0, -1.0]),
    face(Shape::Tri, &[3, 4, 5], [0.0, 0.0, 1.0]),
    face(Shape::Quad, &[0, 1, 4, 3], [0.0, -1.0, 0.0]),
    face(Shape::Quad, &[1, 2, 5, 4], [1.0, 1.0, 0.0]),
    face(Shape::Quad, &[2, 0, 3, 5], [-1.0, 0.0, 0.0]),
];
const PYRAMID_FACES: &[Face] = &[
    face(Shape::Quad, &[0, 2, 3, 1], [0.0, 0.0, -1.0]),
    face(Shape::Tri, &[0, 1, 4], [0.0, -1.0, 0.5]),
    face(Shape::Tri, &[1, 3, 4], [1.0, 0.0, 0.5]),
    face(Shape::Tri, &[3, 2, 4], [0.0, 1.0, 0.5]),
    face(Shape::Tri, &[2, 0, 4], [-1.0, 0.0, 0.5]),
];

impl Shape {
    /// Every shape of an element, in the order in which a mesh stores its blocks (a [`Shape::Point`] is only a face).
    pub const ALL: [Shape; 7] =
        [Shape::Line, Shape::Tri, Shape::Quad, Shape::Tet, Shape::Hex, Shape::Prism, Shape::Pyramid];

    /// Short name as used in case files and mesh files: `tri`, `quad`, ...
    pub fn name(self) -> &'static str {
        match self {
            Shape::Line => "line",
            Shape::Tri => "tri",
            Shape::Quad => "quad",
            Shape::Tet => "tet",
            Shape::Hex => "hex",
            Shape::Prism => "pri",
            Shape::Pyramid => "pyr",
            Shape::Point => "point",
        }
    }

    /// The shape of elements called `name`, if any.
    pub fn from_name(name: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Space dimensions of the shape itself.
    pub fn dims(self) -> usize {
        match self {
            Shape::Point => 0,
            Shape::Line => 1,
            Shape::Tri | Shape::Quad => 2,
            Shape::Tet | Shape::Hex | Shape::Prism | Shape::Pyramid => 3,
        }
    }

    /// True for products of lines, whose operators act line by line.
    pub fn is_tensor(self) -> bool {
        matches!(self, Shape::Point | Shape::Line | Shape::Quad | Shape::Hex)
    }

    /// True for triangles and tetrahedra.
    pub fn is_simplex(self) -> bool {
        matches!(self, Shape::Tri | Shape::Tet)
    }

    /// Reference coordinates of the vertices, in lattice order, unused coordinates zero.
    pub fn vertices(self) -> &'static [[f64; 3]] {
        match self {
            Shape::Line => &[[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
            Shape::Tri => &[[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]],
            Shape::Quad => &[[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [1.0, 1.0, 0.0]],
            Shape::Tet => &[[-1.0, -1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]],
            Shape::Hex => &[
                [-1.0, -1.0, -1.0],
                [1.0, -1.0, -1.0],
                [-1.0, 1.0, -1.0],
                [1.0, 1.0, -1.0],
                [-1.0, -1.0, 1.0],
                [1.0, -1.0, 1.0],
                [-1.0, 1.0, 1.0],
                [1.0, 1.0, 1.0],
            ],
            Shape::Prism => &[
                [-1.0, -1.0, -1.0],
                [1.0, -1.0, -1.0],
                [-1.0, 1.0, -1.0],
                [-1.0, -1.0, 1.0],
                [1.0, -1.0, 1.0],
                [-1.0, 1.0, 1.0],
            ],
            Shape::Pyramid => {
                &[[-1.0, -1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, -1.0], [0.0, 0.0, 1.0]]
            }
            Shape::Point => &[[0.0; 3]],
        }
    }

    /// The faces, in the order of the scheme (none for a point).
    pub fn faces(self) -> &'static [Face] {
        match self {
            Shape::Point => &[],
            Shape::Line => LINE_FACES,
            Shape::Prism => PRISM_FACES,
            Shape::Pyramid => PYRAMID_FACES,
            Shape::Tri => TRI_FACES,
            Shape::Quad => QUAD_FACES,
            Shape::Tet => TET_FACES,
            Shape::Hex => HEX_FACES,
        }
    }

    /// Number of points that determine a polynomial of order `p` on this shape
    /// (also the number of nodes of geometry of order `p`).
    pub fn points(self, p: usize) -> usize {
        match self {
            Shape::Line => p + 1,
            Shape::Tri => (p + 1) * (p + 2) / 2,
            Shape::Quad => (p + 1).pow(2),
            Shape::Tet => (p + 1) * (p + 2) * (p + 3) / 6,
            Shape::Hex => (p + 1).pow(3),
            Shape::Prism => (p + 1).pow(2) * (p + 2) / 2,
            Shape::Pyramid => (p + 1) * (p + 2) * (2 * p + 3) / 6,
            Shape::Point => 1,
        }
    }

    /// Volume of the reference element (1 for a point, so that it counts once).
    pub fn volume(self) -> f64 {
        match self {
            Shape::Point => 1.0,
            Shape::Line | Shape::Tri => 2.0,
            Shape::Quad => 4.0,
            Shape::Tet => 4.0 / 3.0,
            Shape::Hex => 8.0,
            Shape::Prism => 4.0,
            Shape::Pyramid => 8.0 / 3.0,
        }
    }
}

impl Shape {
    /// Centroid of the reference element.
    pub fn centroid(self) -> [f64; 3] {
        match self {
            Shape::Pyramid => [0.0, 0.0, -0.5],
            _ => {
                let v = self.vertices();
                std::array::from_fn(|d| v.iter().map(|x| x[d]).sum::<f64>() / v.len() as f64)
            }
        }
    }

    /// Edge directions at vertex 0 along the reference axes: the affine map that takes the reference element's to these
    /// has the columns `edges / 2`. Each row lists the weight of every vertex.
    ///
    /// The apex of a pyramid lies above the middle of its base, so its third row takes half of both base edges back.
    pub fn axes(self) -> &'static [&'static [(usize, f64)]] {
        match self {
            Shape::Point => &[],
            Shape::Line => &[&[(1, 1.0), (0, -1.0)]],
            Shape::Tri | Shape::Quad => &[&[(1, 1.0), (0, -1.0)], &[(2, 1.0), (0, -1.0)]],
            Shape::Tet | Shape::Prism => {
                &[&[(1, 1.0), (0, -1.0)], &[(2, 1.0), (0, -1.0)], &[(3, 1.0), (0, -1.0)]]
            }
            Shape::Hex => &[&[(1, 1.0), (0, -1.0)], &[(2, 1.0), (0, -1.0)], &[(4, 1.0), (0, -1.0)]],
            Shape::Pyramid => {
                &[&[(1, 1.0), (0, -1.0)], &[(2, 1.0), (0, -1.0)], &[(4, 1.0), (1, -0.5), (2, -0.5)]]
            }
        }
    }
}

/// Index, within the neighbour's list of `n` face vertices, of the vertex that coincides with vertex `i` of our list.
///
/// The two lists run in opposite directions, so a single `rotation` in `0..n` describes how two faces meet:
/// our vertex `i` is the neighbour's vertex `(rotation + n - i) mod n`. It reads the same from either side.
pub fn paired_vertex(rotation: usize, i: usize, n: usize) -> usize {
    (rotation + n - i) % n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_point_outward_with_the_stated_normals() {
        for shape in Shape::ALL {
            let v = shape.vertices();
            for f in shape.faces() {
                let e =
                    |a: usize, b: usize| -> [f64; 3] { std::array::from_fn(|d| (v[b][d] - v[a][d]) / 2.0) };
                if f.shape == Shape::Point {
                    assert_eq!(f.normal, v[f.vertices[0]]);
                    continue;
                }
                let a = e(f.vertices[0], f.vertices[1]);
                let normal = if f.shape == Shape::Line {
                    [a[1], -a[0], 0.0]
                } else {
                    let b = e(f.vertices[0], *f.vertices.last().unwrap());
                    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
                };
                assert_eq!(normal, f.normal, "{} {:?}", shape.name(), f.vertices);
            }
        }
    }

    #[test]
    fn pairing_reads_the_same_from_either_side() {
        for n in 1..5 {
            for r in 0..n {
                for i in 0..n {
                    assert_eq!(paired_vertex(r, paired_vertex(r, i, n), n), i);
                }
            }
        }
    }
}
