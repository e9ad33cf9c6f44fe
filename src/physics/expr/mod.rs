//! Expressions of case files: initial states, boundary data, integrands.
//!
//! An [`Expr`] is a small tree over numbers and variables. It is evaluated generically over [`Real`], so the same tree
//! runs on scalars and lanes on the CPU and is recorded into the shader on the GPU; nothing in it branches on data.
//! [`parse`] reads the text, [`mod@display`] writes it back, [`error`] says what is wrong with it.
//!
//! Sums and products are kept as chains (`a + b - c` is one node with three operands, evaluated from the left), so the
//! depth of a tree is the nesting its author wrote, which the parser limits, and no recursion here overflows the stack.

pub mod display;
pub mod error;
pub mod functions;
pub mod lex;
pub mod parse;
pub mod program;

pub use error::{ExprError, ExprErrorKind, nearest};
pub use program::Program;

use super::Real;
use functions::{One, Two};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A parsed expression over a fixed list of variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Names of the variables; [`Node::Variable`] indexes them.
    names: Arc<[String]>,
    root: Node,
}

/// The named constants an expression may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constants {
    /// Constants that are numbers.
    pub numbers: BTreeMap<String, f64>,
    /// Constants that are themselves expressions: a use stands for the text in parentheses.
    pub texts: BTreeMap<String, String>,
}

/// One node of the tree. Every constructor below folds constants, so equal meaning written in the same order gives
/// equal trees.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(f64),
    Variable(usize),
    Negate(Box<Node>),
    /// First operand, then what is added (`true`: subtracted), left to right. The first is never a sum itself.
    Sum(Box<Node>, Vec<(bool, Node)>),
    /// First operand, then what it is multiplied with, divided by, or taken modulo of, left to right.
    Product(Box<Node>, Vec<(Factor, Node)>),
    One(One, Box<Node>),
    Two(Two, Box<(Node, Node)>),
}

/// How an operand joins a product.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Factor {
    Times,
    Over,
    Modulo,
}

impl Expr {
    /// The number `value`.
    pub fn constant(value: f64) -> Expr {
        Expr { names: Arc::new([]), root: Node::Number(value) }
    }

    /// Variable number `index` of `names`.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn variable(names: &[&str], index: usize) -> Expr {
        assert!(index < names.len(), "variable {index} of {}", names.len());
        Expr { names: names.iter().map(|n| n.to_string()).collect(), root: Node::Variable(index) }
    }

    /// Names of the variables, in the order in which [`Expr::eval`] takes them (empty for [`Expr::constant`]).
    pub fn variables(&self) -> &[String] {
        &self.names
    }

    /// Value at `vars`, one entry a variable in the order given to the parser. A constant expression reads none.
    ///
    /// Arithmetic goes from left to right as written. Powers with a literal whole exponent up to 16 are multiplied out,
    /// and `pow(a, 0.5)` is a square root, because not every device has `pow`.
    ///
    /// # Panics
    /// If `vars` is shorter than [`Expr::variables`] and a missing one is used.
    pub fn eval<R: Real>(&self, vars: &[R]) -> R {
        self.root.eval(vars)
    }

    /// Value at `vars` in double precision.
    pub fn eval_f64(&self, vars: &[f64]) -> f64 {
        self.eval(vars)
    }

    /// Whether variable `index` occurs.
    pub fn depends_on(&self, index: usize) -> bool {
        self.root.any(&|n| matches!(n, Node::Variable(i) if *i == index))
    }

    /// Whether no variable occurs.
    pub fn is_constant(&self) -> bool {
        !self.root.any(&|n| matches!(n, Node::Variable(_)))
    }
}

impl Node {
    fn eval<R: Real>(&self, vars: &[R]) -> R {
        match self {
            Node::Number(x) => R::from_f64(*x),
            Node::Variable(i) => vars[*i],
            Node::Negate(a) => -a.eval(vars),
            Node::Sum(first, rest) => rest.iter().fold(first.eval(vars), |sum, (minus, b)| {
                let b = b.eval(vars);
                if *minus { sum - b } else { sum + b }
            }),
            Node::Product(first, rest) => rest.iter().fold(first.eval(vars), |product, (factor, b)| {
                let b = b.eval(vars);
                match factor {
                    Factor::Times => product * b,
                    Factor::Over => product / b,
                    Factor::Modulo => product.function2(super::real::Function2::Modulo, b),
                }
            }),
            Node::One(f, a) => f.eval(a.eval(vars)),
            Node::Two(f, ab) => match (*f, &ab.1) {
                (Two::POW, Node::Number(n)) => functions::power(ab.0.eval(vars), *n),
                _ => f.eval(ab.0.eval(vars), ab.1.eval(vars)),
            },
        }
    }

    /// Whether `test` holds for any node of the tree.
    fn any(&self, test: &dyn Fn(&Node) -> bool) -> bool {
        test(self)
            || match self {
                Node::Number(_) | Node::Variable(_) => false,
                Node::Negate(a) | Node::One(_, a) => a.any(test),
                Node::Sum(first, rest) => first.any(test) || rest.iter().any(|(_, b)| b.any(test)),
                Node::Product(first, rest) => first.any(test) || rest.iter().any(|(_, b)| b.any(test)),
                Node::Two(_, ab) => ab.0.any(test) || ab.1.any(test),
            }
    }

    /// The node as a number where all its operands are numbers and the result is finite: `1/0` stays as written, so
    /// that every number in a tree can be written back.
    fn folded(self) -> Node {
        let literal = |n: &Node| matches!(n, Node::Number(_));
        let foldable = match &self {
            Node::Number(_) | Node::Variable(_) => false,
            Node::Negate(a) | Node::One(_, a) => literal(a),
            Node::Sum(first, rest) => literal(first) && rest.iter().all(|(_, b)| literal(b)),
            Node::Product(first, rest) => literal(first) && rest.iter().all(|(_, b)| literal(b)),
            Node::Two(_, ab) => literal(&ab.0) && literal(&ab.1),
        };
        if foldable {
            let value = self.eval::<f64>(&[]);
            if value.is_finite() {
                return Node::Number(value);
            }
        }
        self
    }

    fn negate(self) -> Node {
        Node::Negate(Box::new(self)).folded()
    }

    /// `self + b`, or `self - b`.
    fn add(self, minus: bool, b: Node) -> Node {
        match self {
            Node::Sum(first, mut rest) => {
                rest.push((minus, b));
                Node::Sum(first, rest)
            }
            first => Node::Sum(Box::new(first), vec![(minus, b)]).folded(),
        }
    }

    /// `self * b`, `self / b` or `self % b`.
    fn multiply(self, factor: Factor, b: Node) -> Node {
        match self {
            Node::Product(first, mut rest) => {
                rest.push((factor, b));
                Node::Product(first, rest)
            }
            first => Node::Product(Box::new(first), vec![(factor, b)]).folded(),
        }
    }

    fn one(f: One, a: Node) -> Node {
        Node::One(f, Box::new(a)).folded()
    }

    fn two(f: Two, a: Node, b: Node) -> Node {
        Node::Two(f, Box::new((a, b))).folded()
    }
}

#[cfg(test)]
mod tests;
