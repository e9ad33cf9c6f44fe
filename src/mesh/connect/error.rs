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
        let [x, y, z] = self.0.map(short);
        write!(f, "({x}, {y}, {z})")
    }
}

/// A number to nine digits: enough to find a place, without the noise of the last bits.
fn short(x: f64) -> f64 {
    format!("{x:.8e}").parse().unwrap_or(x)
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
    /// No elements of one, two or three dimensions.
    #[error(
        "the mesh holds no elements but points; give its volume (2-D: surface, 1-D: curve) a physical group"
    )]
    Empty,
    /// A one-dimensional mesh that does not lie on a line along x.
    #[error(
        "the mesh holds lines only, and a one-dimensional mesh must lie on a line of constant y and z, but {place} has \
         a node at {at} and the first node is at {other}; if the mesh is meant to have two or three dimensions, give \
         its surface or volume a physical group"
    )]
    NotOnAxis {
        /// The element.
        place: Place,
        /// Its node.
        at: At,
        /// The first node.
        other: At,
    },
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
    #[error("{place} is degenerate: no volume at {vertex}; mend the mesh")]
    Degenerate {
        /// The element.
        place: Place,
        /// The vertex, or a point of a curved element.
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
    /// A curved element whose Jacobian changes sign.
    #[error(
        "{place} is curved so much that its Jacobian changes sign, at {at}; in Gmsh, optimise the mesh of higher order \
         (Mesh.HighOrderOptimize, or Tools > Optimize high order), refine it there, or use a lower order"
    )]
    CurvedTangled {
        /// The element.
        place: Place,
        /// Where the Jacobian has the wrong sign.
        at: At,
    },
    /// Curved faces that should be one and are not.
    #[error(
        "the faces of {} (geometry order {}) and {} (order {}) at {at} have the same vertices but not the same shape: \
         nodes are {} apart; {}",
        .elements[0], .orders[0], .elements[1], .orders[1], short(*.distance),
        if .orders[0] == .orders[1] {
            "give both elements the same nodes there"
        } else {
            "elements of different orders can only share straight faces: write all elements in one order"
        }
    )]
    FaceGap {
        /// The elements.
        elements: Box<[Place; 2]>,
        /// Their geometry orders.
        orders: [usize; 2],
        /// Middle of the face.
        at: At,
        /// Largest distance of nodes that should coincide.
        distance: f64,
    },
    /// An element that is listed twice.
    #[error("{} and {} have the same vertices: one of them must go", .elements[0], .elements[1])]
    Duplicate {
        /// The elements.
        elements: Box<[Place; 2]>,
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
    /// Patches that are no translations of each other.
    #[error("{0}")]
    PeriodicUnmatched(Box<Misfit>),
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
    #[error("{0}")]
    Unpaired(Box<Unpaired>),
}

/// How two periodic patches fail to match.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    /// NAME of the pair.
    pub name: String,
    /// Faces of the l patch and of the r patch.
    pub faces: [usize; 2],
    /// How many faces have no partner, in the patch that has more of them.
    pub unmatched: usize,
    /// Middle of the first face of the l patch without a partner, if one has none.
    pub first: Option<At>,
    /// Translation from the l patch to the r patch: between the middles of the boxes around them.
    pub shift: At,
    /// The largest distance that was found from a translated vertex of the l patch without a partner to the nearest
    /// vertex of the r patch, and that vertex of the l patch.
    pub worst: Option<(f64, At)>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit { name, faces: [left, right], unmatched, first, shift, worst } = self;
        write!(f, "periodic patches \"{name}\" do not match: ")?;
        if left != right {
            write!(f, "they have {left} faces (l) and {right} faces (r); ")?;
        }
        write!(f, "{unmatched} faces have no partner")?;
        if let Some(at) = first {
            let expected = At(std::array::from_fn(|d| at.0[d] + shift.0[d]));
            write!(f, ", the first at {at}, expected at {expected}")?;
        }
        write!(f, "; the translation found is {shift}")?;
        if let Some((distance, vertex)) = worst {
            write!(
                f,
                ", with which the vertex at {vertex} misses the nearest of the r patch by {}",
                short(*distance)
            )?;
        }
        write!(
            f,
            "; the patches must be translations of each other, face by face (in Gmsh: Periodic Line/Surface)"
        )
    }
}

/// Faces without neighbour or boundary, and what may be the matter with them.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpaired {
    /// Number of faces.
    pub count: usize,
    /// Element and middle of the first few faces.
    pub first: Vec<(Place, At)>,
    /// Lower corner of the box that holds their middles.
    pub low: At,
    /// Upper corner.
    pub high: At,
    /// The sides of the box around the mesh on which some of them lie.
    pub sides: Vec<Side>,
    /// How many lie on no such side.
    pub inside: usize,
    /// Of those, how many lie on top of another unpaired face.
    pub coincident: usize,
    /// Of those, how many have a vertex of another unpaired face in the middle.
    pub hanging: usize,
    /// Names of physical groups for boundaries that no element belongs to.
    pub unused: Vec<String>,
}

/// Unpaired faces on a side of the box around the mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// 0, 1, 2 for x, y, z.
    pub axis: usize,
    /// The coordinate on that side.
    pub at: f64,
    /// How many faces.
    pub faces: usize,
}

impl fmt::Display for Unpaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: Vec<String> = self.first.iter().map(|(place, at)| format!("at {at} of {place}")).collect();
        write!(
            f,
            "{} faces are unpaired, between {} and {}; the first: {}",
            self.count,
            self.low,
            self.high,
            first.join(", ")
        )?;
        let name = |s: &Side| format!("{} = {}", ["x", "y", "z"][s.axis], short(s.at));
        match &self.sides[..] {
            [] => {}
            [one] if one.faces == self.count => {
                write!(
                    f,
                    "; all lie on {}: is a physical group, or its elements, missing there?",
                    name(one)
                )?;
            }
            many => {
                let list: Vec<String> = many.iter().map(|s| format!("{} on {}", s.faces, name(s))).collect();
                let list = list.join(", ");
                write!(f, "; there are {list}: are physical groups, or their elements, missing there?")?;
            }
        }
        if self.coincident > 0 {
            let n = self.coincident;
            write!(
                f,
                "; {n} lie on top of each other: coincident nodes are not merged (Gmsh: Coherence Mesh)"
            )?;
        }
        if self.hanging > 0 {
            let n = self.hanging;
            write!(f, "; {n} have a vertex of a neighbour in their middle: hanging nodes are not supported")?;
        }
        if self.inside > self.coincident.max(self.hanging) {
            let n = self.inside - self.coincident.max(self.hanging);
            write!(
                f,
                "; {n} lie elsewhere: either a boundary lacks a physical group there, or element faces inside the \
                 mesh do not conform"
            )?;
        }
        for name in &self.unused {
            write!(f, "; physical group \"{name}\" has no elements: should it be there?")?;
        }
        Ok(())
    }
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
    /// The mesh has elements of geometry order 2 or more.
    Curved {
        /// How many of them are straight all the same, and have become elements of order 1.
        straight: usize,
        /// How many are curved.
        curved: usize,
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
            Notice::Curved { straight, curved } => {
                write!(
                    f,
                    "of {} elements of higher geometry order, {straight} are straight and {curved} curved",
                    straight + curved
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
