//! What can be wrong with a Gmsh file.

use std::fmt;
use thiserror::Error;

/// Why a Gmsh file could not be read.
#[derive(Debug, Error)]
pub enum GmshError {
    /// The operating system refused.
    #[error("cannot read the mesh file {file}")]
    Io {
        /// The file.
        file: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The content is wrong or not supported.
    #[error("{file}, {place}: {problem}")]
    Content {
        /// The file.
        file: String,
        /// Where in the file.
        place: Place,
        /// What is wrong there.
        problem: Problem,
    },
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line of a text file, counted from 1.
    Line(usize),
    /// Offset in a binary file, counted from 0.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Place::Line(n) => write!(f, "line {n}"),
            Place::Byte(n) => write!(f, "byte {n}"),
        }
    }
}

/// What is wrong with the content of a file.
#[derive(Debug, Error, PartialEq)]
#[allow(missing_docs, reason = "the texts describe the variants and their fields")]
pub enum Problem {
    #[error("this is no Gmsh mesh: a .msh file begins with $MeshFormat")]
    NotMsh,
    #[error("MSH version {found} is not supported; save as 4.1 or 2.2 (gmsh: Mesh.MshFileVersion = 4.1)")]
    Version { found: String },
    #[error("file type {found} is unknown: 0 is text, 1 is binary")]
    FileType { found: u64 },
    #[error("data size {found} is not supported: it must be 8, the size of a double")]
    DataSize { found: u64 },
    #[error(
        "the number that shows the byte order is {found:?} and not 1 in either order: the file is damaged \
             (was it transferred as text?)"
    )]
    ByteOrder { found: [u8; 4] },
    #[error("the file ends where {expected} should be: it is cut short")]
    Truncated { expected: &'static str },
    #[error("expected {expected}, found `{found}`")]
    Expected { expected: &'static str, found: String },
    #[error("expected {expected}, found `{found}`: the section holds fewer entries than it announces")]
    EndsEarly { expected: &'static str, found: String },
    #[error("`{found}` is longer than any number or name")]
    TooLong { found: String },
    #[error("a coordinate is {found}: coordinates must be finite numbers")]
    NotFinite { found: String },
    #[error("the file announces {count} {what}, more than the {room} bytes left in it can hold")]
    Announced { count: u64, what: &'static str, room: usize },
    #[error("the section announces {announced} {what}, but its blocks hold {held}")]
    Miscounted { announced: u64, what: &'static str, held: u64 },
    #[error("expected $End{name}, found `{found}`: the section holds more than it announces")]
    EndsLate { name: String, found: String },
    #[error("expected a section such as $Nodes, found `{found}`")]
    NotSection { found: String },
    #[error("the section ${name} has no line $End{name}: the file is cut short")]
    SectionOpen { name: String },
    #[error("a second section ${name}; a file may hold only one")]
    SectionTwice { name: String },
    #[error("the section ${name} stands after $Elements; it must stand before it")]
    SectionLate { name: String },
    #[error("the file has no section ${name}")]
    SectionMissing { name: &'static str },
    #[error("dimension {found} is not one of 0, 1, 2, 3")]
    Dimension { found: String },
    #[error("the name of a physical group is not valid UTF-8 (`{found}`); rename the group in Gmsh")]
    NotUtf8 { found: String },
    #[error(
        "a second physical group of dimension {dim} with tag {tag}; give each group of a dimension its own tag"
    )]
    TagTwice { dim: usize, tag: i32 },
    #[error(
        "a second physical group called `{name}` (upper and lower case count as the same); rename one of them"
    )]
    NameTwice { name: String },
    #[error("the node number {tag} was used before; node numbers must be unique")]
    NodeTwice { tag: u64 },
    #[error("more than {} nodes are not supported", u32::MAX)]
    TooManyNodes,
    #[error("element {element} refers to the node {tag}, which is not in the section $Nodes")]
    UnknownNode { element: u64, tag: u64 },
    #[error(
        "element {element} is of Gmsh type {number}, which is unknown here; use lines, triangles, \
             quadrilaterals, tetrahedra, hexahedra, prisms and pyramids of order 1 to 4 (gmsh: Mesh.ElementOrder)"
    )]
    UnknownType { element: u64, number: i32 },
    #[error(
        "element {element} is a {name} of order {order} (Gmsh type {number}), but geometry of order 1 to 4 is \
             supported; mesh with Mesh.ElementOrder = 4 or less"
    )]
    HighOrder { element: u64, name: &'static str, order: usize, number: i32 },
    #[error(
        "element {element} is a {name} of order {order} without inner nodes (Gmsh type {number}); save complete \
             elements of order 1 to 4 (gmsh: Mesh.SecondOrderIncomplete = 0, Mesh.ElementOrder = 4 or less)"
    )]
    Incomplete { element: u64, name: &'static str, order: usize, number: i32 },
    #[error("element {element} (a {shape}) is in no physical group; put it in a Physical {kind} in Gmsh (and save \
             without Mesh.SaveAll)", kind = kind(*dim))]
    NoGroup { element: u64, shape: &'static str, dim: usize },
    #[error("element {element} is in the physical group {tag} of dimension {dim}, which has no name in \
             $PhysicalNames; name it in Gmsh: Physical {kind}(\"name\", {tag}) = {{...}};", kind = kind(*dim))]
    UnnamedGroup { element: u64, dim: usize, tag: i32 },
    #[error("element {element} on the boundary is in several physical groups; leave it in one")]
    SeveralGroups { element: u64 },
    #[error(
        "element {element} is of the entity {tag} of dimension {dim}, which is not in the section $Entities \
             (a partitioned mesh? save it unpartitioned)"
    )]
    UnknownEntity { element: u64, dim: i32, tag: i32 },
    #[error("an entity of dimension {dim} cannot hold elements of Gmsh type {number}")]
    EntityType { dim: i32, number: i32 },
}

/// What Gmsh calls a physical group of this dimension.
fn kind(dim: usize) -> &'static str {
    ["Point", "Curve", "Surface", "Volume"].get(dim).copied().unwrap_or("group")
}

/// A problem and the byte offset where it was met; boxed, so that the results of the scanning functions stay small.
#[derive(Debug)]
pub(super) struct Fault {
    pub at: usize,
    pub problem: Problem,
}

/// Result of anything that scans.
pub(super) type Scan<T> = Result<T, Box<Fault>>;

/// The error `problem` at the byte offset `at`.
#[cold]
pub(super) fn fault<T>(at: usize, problem: Problem) -> Scan<T> {
    Err(Box::new(Fault { at, problem }))
}
