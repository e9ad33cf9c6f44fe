//! Reference elements: shapes, point sets, polynomial bases and the small dense operator matrices of one element.
//!
//! Everything here is `f64`, computed once at start-up, and knows nothing of meshes, physics or backends.
//! Points are rows: an `Array2` of shape `[points][dims]`.

pub mod anti_alias;
pub mod basis;
pub mod faces;
pub mod lattice;
mod linear;
pub mod modal;
pub mod operators;
pub mod pairing;
pub mod points;
pub mod quadrature;
pub mod shape;
pub mod symmetry;
mod tensor;
pub mod transfer;

pub use anti_alias::{AntiAlias, RuleChoice};
pub use operators::{LineOperators, Operators, PointSets};
pub use shape::Shape;
