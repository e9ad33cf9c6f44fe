//! What can be wrong with the elements of a file, and what is worth telling about those that were accepted.

use std::fmt;

/// A point, for messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At(pub [f64; 3]);

/// An element of the file, for messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Name of its shape.
    pub shape: &'static str,
    /// The file's number of the element.
    pub number: u64,
    /// Mean of its vertices.
    pub at: At,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}, {})", self.0[0], self.0[1], self.0[2])
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.shape, self.number, self.at)
    }
}

/// Why the elements of a file do not make a mesh.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectError {
    /// The raw mesh contradicts itself: a fault of the reader or a node without finite coordinates.
    #[error("the mesh is malformed: {0}")]
    Malformed(String),
    /// No elements of two or three dimensions.
    #[error("the mesh holds no elements of two or three dimensions; give its volume a physical group")]
    Empty,
    /// Only lines.
    #[error(
        "the mesh holds lines only, and one-dimensional meshes are not supported; give the surface (2-D) or volume \
         (3-D) a physical group"
    )]
    OneDimensional,
    /// A two-dimensional mesh that does not lie in a plane of constant z.
    #[error(
        "a two-dimensional mesh must lie in a plane of constant z, but z is {z} at {place} and {other} elsewhere; \
         if the mesh is meant to be three-dimensional, give its volume a physical group"
    )]
    NotPlanar {
        /// The element.
        place: Place,
        /// Its z.
        z: f64,
        /// The z of the first node.
        other: f64,
    },
    /// A count that its index type cannot hold.
    #[error("{count} {what} are more than the {limit} a mesh can hold")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An element without volume, or with an angle of 0 or 180 degrees at a vertex.
    #[error("{place} is degenerate: no volume at its vertex {vertex}; mend the mesh")]
    Degenerate {
        /// The element.
        place: Place,
        /// The vertex.
        vertex: At,
    },
    /// An element whose Jacobian changes sign.
    #[error(
        "{place} is tangled: its Jacobian is positive at some vertices and negative at {vertex}; mend the mesh"
    )]
    Tangled {
        /// The element.
        place: Place,
        /// A vertex with a negative Jacobian.
        vertex: At,
    },
    /// Two elements on the same side of a face.
    #[error(
        "{} and {} overlap: they lie on the same side of their common face at {at}, or list its vertices in different \
         orders",
        .elements[0], .elements[1]
    )]
    Overlap {
        /// The elements.
        elements: Box<[Place; 2]>,
        /// Middle of the face.
        at: At,
    },
    /// A face of three elements or more.
    #[error(
        "{count} elements share the face at {at}, among them {} and {}; a face may have two",
        .elements[0], .elements[1]
    )]
    Crowded {
        /// Number of elements.
        count: usize,
        /// Middle of the face.
        at: At,
        /// Two of them.
        elements: Box<[Place; 2]>,
    },
    /// A boundary element that is no face of a volume element.
    #[error(
        "{place} of physical group \"{group}\" is not a face of any volume element; give the volume it bounds a \
         physical group, or merge coincident nodes"
    )]
    BoundaryOffVolume {
        /// Physical group.
        group: String,
        /// The boundary element.
        place: Place,
    },
    /// A boundary element between two volume elements.
    #[error(
        "{place} of physical group \"{group}\" lies inside the mesh, between {} and {}; a boundary must be on the \
         outside: remove the physical group or split the mesh there",
        .sides[0], .sides[1]
    )]
    BoundaryInside {
        /// Physical group.
        group: String,
        /// The boundary element.
        place: Place,
        /// The volume elements on either side.
        sides: Box<[Place; 2]>,
    },
    /// A face that is given to a boundary twice.
    #[error(
        "{place} of physical group \"{group}\" is already in physical group \"{other}\"; a face belongs to one \
         boundary and is listed once"
    )]
    BoundaryTwice {
        /// Physical group.
        group: String,
        /// The physical group that had it first.
        other: String,
        /// The boundary element.
        place: Place,
    },
    /// A boundary without a name.
    #[error("physical group {0} of the boundary has an empty name; the case file could not describe it")]
    Unnamed(i32),
    /// A group that starts with `periodic` but does not say which patch it is.
    #[error(
        "physical group \"{0}\": names that start with \"periodic\" must read periodic_NAME_l or periodic_NAME_r, \
         NAME of letters and digits"
    )]
    PeriodicName(String),
    /// One of the two patches is missing.
    #[error("physical group \"{present}\" has no partner \"periodic_{name}_{missing}\" with elements")]
    PeriodicMissing {
        /// NAME of the pair.
        name: String,
        /// Name of the group that is there.
        present: String,
        /// The side that is not, `l` or `r`.
        missing: char,
    },
    /// Patches with different numbers of faces.
    #[error(
        "periodic patches \"{name}\" have {left} faces (l) and {right} faces (r); they must be translations of each \
         other, face by face (in Gmsh: Periodic Line/Surface)"
    )]
    PeriodicCounts {
        /// NAME of the pair.
        name: String,
        /// Faces of the l patch.
        left: usize,
        /// Faces of the r patch.
        right: usize,
    },
    /// Patches that are no translations of each other.
    #[error(
        "periodic patches \"{name}\" do not match: {count} faces of the l patch have no partner in the r patch, the \
         first at {at}, expected at {expected}; they must be translations of each other, face by face (in Gmsh: \
         Periodic Line/Surface)"
    )]
    PeriodicUnmatched {
        /// NAME of the pair.
        name: String,
        /// Number of faces without a partner.
        count: usize,
        /// Middle of the first.
        at: At,
        /// Where its partner should be.
        expected: At,
    },
    /// Patches whose outward normals point the same way.
    #[error(
        "periodic patches \"{name}\" do not face each other at {at}: the mesh lies on the same side of both, so that \
         one cannot continue the other"
    )]
    PeriodicFacing {
        /// NAME of the pair.
        name: String,
        /// Middle of the face of the l patch.
        at: At,
    },
    /// Faces without neighbour or boundary.
    #[error(
        "{count} faces are unpaired, between {low} and {high}; the first: {}; a boundary probably lacks a physical \
         group there, or (inside the mesh) coincident nodes are not merged or element faces do not conform",
        list(.first)
    )]
    Unpaired {
        /// Number of faces.
        count: usize,
        /// Element and middle of the first few faces.
        first: Vec<(Place, At)>,
        /// Lower corner of the box that holds their middles.
        low: At,
        /// Upper corner.
        high: At,
    },
}

fn list(faces: &[(Place, At)]) -> String {
    let texts: Vec<String> = faces.iter().map(|(place, at)| format!("at {at} of {place}")).collect();
    texts.join(", ")
}

/// Something about an accepted mesh that its owner may want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Elements with negative Jacobian were turned over.
    Flipped {
        /// How many.
        count: usize,
        /// Out of how many.
        elements: usize,
    },
    /// Elements were given the nodes inside faces and volume that the file did not list.
    Completed {
        /// How many.
        count: usize,
    },
    /// Nodes that no volume element uses were dropped.
    DroppedNodes {
        /// How many.
        count: usize,
    },
    /// A physical group of boundary dimension without elements was ignored.
    EmptyBoundary {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Flipped { count, elements } => {
                write!(
                    f,
                    "turned over {count} of {elements} elements, whose nodes were listed with negative volume"
                )
            }
            Notice::Completed { count } => {
                write!(
                    f,
                    "raised {count} incomplete second-order (serendipity) elements to complete ones, same geometry"
                )
            }
            Notice::DroppedNodes { count } => {
                write!(f, "nodes dropped because no volume element uses them: {count}")
            }
            Notice::EmptyBoundary { name } => {
                write!(f, "ignored physical group \"{name}\", which holds no elements")
            }
        }
    }
}
