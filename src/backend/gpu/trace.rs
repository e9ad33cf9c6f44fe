//! A number type that records what is done to it: physics written against [`Real`] becomes an expression graph.
//!
//! Equal expressions are one node (hash-consing), so work shared between the outputs of a function is done once in the
//! shader. Constants are folded only where the result is the same bits the device would have computed: both operands
//! constant (in the working precision), a factor or divisor of one, a double negation, a choice between equals.
//! `x + 0` stays, for the sake of a negative zero.

use crate::backend::Precision;
use crate::physics::Real;
use crate::physics::real::{Function, Function2};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// An operation; operands are positions in [`Graph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Node {
    /// Position in [`Graph::inputs`].
    Input(u32),
    /// Bits of an `f64` (that an `f32` holds exactly, in single precision).
    Constant(u64),
    Truth(bool),
    Add(u32, u32),
    Sub(u32, u32),
    Mul(u32, u32),
    Div(u32, u32),
    Neg(u32),
    MulAdd(u32, u32, u32),
    Sqrt(u32),
    Abs(u32),
    Less(u32, u32),
    LessEqual(u32, u32),
    /// Mask, yes, no.
    Select(u32, u32, u32),
    And(u32, u32),
    Or(u32, u32),
    Not(u32),
    Function(Function, u32),
    Function2(Function2, u32, u32),
}

/// Parameter of a traced function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the shader.
    pub name: &'static str,
    /// Length of the array, or `None` for a plain number.
    pub length: Option<usize>,
}

/// A traced function.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Operations, each after its operands.
    pub nodes: Vec<Node>,
    /// Parameters of the function.
    pub parameters: Vec<Parameter>,
    /// What each input stands for, as text.
    pub inputs: Vec<String>,
    /// Nodes the function returns.
    pub outputs: Vec<u32>,
    /// Precision the constants were folded in.
    pub precision: Precision,
}

struct Recorder {
    precision: Precision,
    nodes: Vec<Node>,
    known: HashMap<Node, u32>,
}

thread_local! {
    static RECORDERS: RefCell<Vec<Recorder>> = const { RefCell::new(Vec::new()) };
}

/// Declares the parameters of the function being traced.
pub struct Inputs {
    parameters: Vec<Parameter>,
    inputs: Vec<String>,
}

impl Inputs {
    fn input(&mut self, text: String) -> Symbol {
        self.inputs.push(text);
        Symbol(record(Node::Input(self.inputs.len() as u32 - 1)))
    }

    /// A number.
    pub fn scalar(&mut self, name: &'static str) -> Symbol {
        self.parameters.push(Parameter { name, length: None });
        self.input(name.into())
    }

    /// An array of `N` numbers.
    pub fn array<const N: usize>(&mut self, name: &'static str) -> [Symbol; N] {
        self.parameters.push(Parameter { name, length: Some(N) });
        std::array::from_fn(|i| self.input(format!("{name}[{i}]")))
    }

    /// An array of `n` numbers.
    pub fn list(&mut self, name: &'static str, n: usize) -> Vec<Symbol> {
        self.parameters.push(Parameter { name, length: Some(n) });
        (0..n).map(|i| self.input(format!("{name}[{i}]"))).collect()
    }
}

/// Runs `body` on symbols and returns what it did. `body` declares its parameters and returns the results.
pub fn trace(precision: Precision, body: impl FnOnce(&mut Inputs) -> Vec<Symbol>) -> Graph {
    let recorder = Recorder { precision, nodes: vec![], known: HashMap::new() };
    RECORDERS.with_borrow_mut(|r| r.push(recorder));
    let mut inputs = Inputs { parameters: vec![], inputs: vec![] };
    let outputs = body(&mut inputs);
    // A body that panics leaves its recorder behind: later traces push their own, so nothing is mixed up.
    let recorder = RECORDERS.with_borrow_mut(|r| r.pop()).expect("pushed above");
    Graph {
        nodes: recorder.nodes,
        parameters: inputs.parameters,
        inputs: inputs.inputs,
        outputs: outputs.iter().map(|s| s.0).collect(),
        precision,
    }
}

fn with<T>(f: impl FnOnce(&mut Recorder) -> T) -> T {
    RECORDERS.with_borrow_mut(|r| f(r.last_mut().expect("symbols exist only inside trace()")))
}

fn record(node: Node) -> u32 {
    with(|r| r.record(node))
}

impl Recorder {
    fn record(&mut self, node: Node) -> u32 {
        match self.simplify(node) {
            Err(same) => same,
            Ok(node) => *self.known.entry(node).or_insert_with(|| {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }),
        }
    }

    fn constant(&self, id: u32) -> Option<f64> {
        match self.nodes[id as usize] {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn truth(&self, id: u32) -> Option<bool> {
        match self.nodes[id as usize] {
            Node::Truth(t) => Some(t),
            _ => None,
        }
    }

    /// `Err(id)` when the node is the same as one there is.
    fn simplify(&self, node: Node) -> Result<Node, u32> {
        let c = |id: u32| self.constant(id);
        let one = |id: u32| self.constant(id) == Some(1.0);
        let number = |x: f64| Ok(Node::Constant(x.to_bits()));
        // Evaluates with the scalar implementation of the working precision.
        macro_rules! fold {
            ([$($x:ident),*], $e:expr) => {{
                if let ($(Some($x),)*) = ($(c($x),)*) {
                    return match self.precision {
                        Precision::Double => number($e),
                        Precision::Single => { $(let $x = $x as f32;)* number(f64::from($e)) }
                    };
                }
            }};
        }
        match node {
            Node::Add(a, b) => fold!([a, b], a + b),
            Node::Sub(a, b) => fold!([a, b], a - b),
            Node::Mul(a, b) => {
                fold!([a, b], a * b);
                if one(b) {
                    return Err(a);
                }
                if one(a) {
                    return Err(b);
                }
            }
            Node::Div(a, b) => {
                fold!([a, b], a / b);
                if one(b) {
                    return Err(a);
                }
            }
            Node::Neg(a) => {
                fold!([a], -a);
                if let Node::Neg(b) = self.nodes[a as usize] {
                    return Err(b);
                }
            }
            Node::MulAdd(a, b, d) => fold!([a, b, d], a.mul_add(b, d)),
            Node::Sqrt(a) => fold!([a], a.sqrt()),
            Node::Abs(a) => fold!([a], a.abs()),
            Node::Function(f, a) => fold!([a], Real::function(a, f)),
            Node::Function2(f, a, b) => fold!([a, b], Real::function2(a, f, b)),
            Node::Less(a, b) => {
                if let (Some(a), Some(b)) = (c(a), c(b)) {
                    return Ok(Node::Truth(a < b));
                }
            }
            Node::LessEqual(a, b) => {
                if let (Some(a), Some(b)) = (c(a), c(b)) {
                    return Ok(Node::Truth(a <= b));
                }
            }
            Node::Select(m, yes, no) => match self.truth(m) {
                Some(true) => return Err(yes),
                Some(false) => return Err(no),
                None if yes == no => return Err(yes),
                None => {}
            },
            Node::And(a, b) => match (self.truth(a), self.truth(b)) {
                (Some(true), _) => return Err(b),
                (_, Some(true)) => return Err(a),
                (Some(false), _) => return Err(a),
                (_, Some(false)) => return Err(b),
                _ => {}
            },
            Node::Or(a, b) => match (self.truth(a), self.truth(b)) {
                (Some(false), _) => return Err(b),
                (_, Some(false)) => return Err(a),
                (Some(true), _) => return Err(a),
                (_, Some(true)) => return Err(b),
                _ => {}
            },
            Node::Not(a) => match self.truth(a) {
                Some(t) => return Ok(Node::Truth(!t)),
                None => {
                    if let Node::Not(b) = self.nodes[a as usize] {
                        return Err(b);
                    }
                }
            },
            Node::Input(_) | Node::Constant(_) | Node::Truth(_) => {}
        }
        // Sums and products of two don't care about order: one node serves both.
        Ok(match node {
            Node::Add(a, b) if a > b => Node::Add(b, a),
            Node::Mul(a, b) if a > b => Node::Mul(b, a),
            other => other,
        })
    }
}

/// Stands for a number of the shader.
#[derive(Clone, Copy, Debug)]
pub struct Symbol(u32);

/// Stands for a truth value of the shader.
#[derive(Clone, Copy, Debug)]
pub struct SymbolMask(u32);

// Physics is inlined whole into what traces it; the symbols themselves are not, or they would be most of the program.
macro_rules! operator {
    ($trait:ident, $method:ident, $type:ident, $node:ident) => {
        impl $trait for $type {
            type Output = $type;
            fn $method(self, other: $type) -> $type {
                $type(record(Node::$node(self.0, other.0)))
            }
        }
    };
}
operator!(Add, add, Symbol, Add);
operator!(Sub, sub, Symbol, Sub);
operator!(Mul, mul, Symbol, Mul);
operator!(Div, div, Symbol, Div);
operator!(BitAnd, bitand, SymbolMask, And);
operator!(BitOr, bitor, SymbolMask, Or);

impl Neg for Symbol {
    type Output = Symbol;
    #[inline(never)]
    fn neg(self) -> Symbol {
        Symbol(record(Node::Neg(self.0)))
    }
}

impl Not for SymbolMask {
    type Output = SymbolMask;
    #[inline(never)]
    fn not(self) -> SymbolMask {
        SymbolMask(record(Node::Not(self.0)))
    }
}

impl Real for Symbol {
    type Mask = SymbolMask;
    #[inline(never)]
    fn from_f64(x: f64) -> Symbol {
        Symbol(with(|r| {
            let x = if r.precision == Precision::Single { f64::from(x as f32) } else { x };
            r.record(Node::Constant(x.to_bits()))
        }))
    }
    #[inline(never)]
    fn mul_add(self, a: Symbol, b: Symbol) -> Symbol {
        Symbol(record(Node::MulAdd(self.0, a.0, b.0)))
    }
    #[inline(never)]
    fn sqrt(self) -> Symbol {
        Symbol(record(Node::Sqrt(self.0)))
    }
    #[inline(never)]
    fn abs(self) -> Symbol {
        Symbol(record(Node::Abs(self.0)))
    }
    #[inline(never)]
    fn lt(self, other: Symbol) -> SymbolMask {
        SymbolMask(record(Node::Less(self.0, other.0)))
    }
    #[inline(never)]
    fn le(self, other: Symbol) -> SymbolMask {
        SymbolMask(record(Node::LessEqual(self.0, other.0)))
    }
    #[inline(never)]
    fn select(mask: SymbolMask, yes: Symbol, no: Symbol) -> Symbol {
        Symbol(record(Node::Select(mask.0, yes.0, no.0)))
    }
    #[inline(never)]
    fn function(self, f: Function) -> Symbol {
        Symbol(record(Node::Function(f, self.0)))
    }
    #[inline(never)]
    fn function2(self, f: Function2, other: Symbol) -> Symbol {
        Symbol(record(Node::Function2(f, self.0, other.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(body: impl FnOnce(Symbol, Symbol) -> Symbol) -> Vec<Node> {
        let g = trace(Precision::Double, |i| {
            let (a, b) = (i.scalar("a"), i.scalar("b"));
            vec![body(a, b)]
        });
        g.nodes
    }

    #[test]
    fn equal_expressions_are_one_node() {
        assert_eq!(nodes(|a, b| (a + b) * (b + a)).len(), 4);
        assert_eq!(nodes(|a, b| (a - b) * (b - a)).len(), 5);
    }

    #[test]
    fn only_exact_foldings_happen() {
        let c = Symbol::from_f64;
        assert_eq!(nodes(|a, _| a * c(1.0)).len(), 3);
        assert_eq!(nodes(|a, _| a + c(0.0)).len(), 4, "-0 + 0 is not -0");
        assert_eq!(nodes(|a, _| a * c(0.0)).len(), 4, "NaN * 0 is not 0");
        let g = trace(Precision::Single, |_| vec![Symbol::from_f64(0.1) + Symbol::from_f64(0.2)]);
        assert_eq!(g.nodes[g.outputs[0] as usize], Node::Constant(f64::from(0.1f32 + 0.2f32).to_bits()));
    }
}
