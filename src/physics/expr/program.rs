//! Expressions as a list of instructions, for those who evaluate them at many points: every subexpression once, however
//! often it occurs, and no tree to walk. Values are those of [`Expr::eval`], bit for bit.

use super::functions::{One, Two, power};
use super::{Expr, Factor, Node};
use crate::physics::Real;
use crate::physics::real::Function2;
use std::collections::HashMap;

/// Expressions over the same variables, to be evaluated together.
#[derive(Clone, Debug, Default)]
pub struct Program {
    variables: usize,
    instructions: Vec<Instruction>,
    /// Slot of the value of each expression.
    results: Vec<u32>,
}

/// One instruction; operands are slots: the variables first, then the values of the instructions in order.
#[derive(Clone, Copy, Debug)]
enum Instruction {
    Number(f64),
    Negate(u32),
    Add(u32, u32),
    Subtract(u32, u32),
    Multiply(u32, u32),
    Divide(u32, u32),
    Modulo(u32, u32),
    One(One, u32),
    Two(Two, u32, u32),
    Power(u32, f64),
}

impl Program {
    /// The program of `expressions` over `variables` variables.
    pub fn new(expressions: &[Expr], variables: usize) -> Program {
        let mut writer =
            Writer { program: Program { variables, ..Program::default() }, known: HashMap::new() };
        for expression in expressions {
            let slot = writer.node(&expression.root);
            writer.program.results.push(slot);
        }
        writer.program
    }

    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    /// Values it needs room for: the variables, then its own.
    pub fn slots(&self) -> usize {
        self.variables + self.instructions.len()
    }

    /// Evaluates all expressions. The first of `slots` are the variables; the values are then at [`Program::results`].
    ///
    /// # Panics
    /// There are fewer than [`Program::slots`].
    #[inline(always)]
    pub fn run<R: Real>(&self, slots: &mut [R]) {
        let slots = &mut slots[..self.slots()];
        for (i, instruction) in self.instructions.iter().enumerate() {
            let at = |slot: u32| slots[slot as usize];
            let value = match *instruction {
                Instruction::Number(x) => R::from_f64(x),
                Instruction::Negate(a) => -at(a),
                Instruction::Add(a, b) => at(a) + at(b),
                Instruction::Subtract(a, b) => at(a) - at(b),
                Instruction::Multiply(a, b) => at(a) * at(b),
                Instruction::Divide(a, b) => at(a) / at(b),
                Instruction::Modulo(a, b) => at(a).function2(Function2::Modulo, at(b)),
                Instruction::One(f, a) => f.eval(at(a)),
                Instruction::Two(f, a, b) => f.eval(at(a), at(b)),
                Instruction::Power(a, n) => power(at(a), n),
            };
            slots[self.variables + i] = value;
        }
    }

    /// Slots of the values of the expressions.
    #[inline(always)]
    pub fn results(&self) -> &[u32] {
        &self.results
    }
}

/// Writes a program, each instruction once.
struct Writer {
    program: Program,
    known: HashMap<String, u32>,
}

impl Writer {
    fn push(&mut self, instruction: Instruction) -> u32 {
        // Numbers are written so that those that differ in any bit differ.
        let key = match instruction {
            Instruction::Number(x) => format!("number {:x}", x.to_bits()),
            Instruction::Power(a, n) => format!("power {a} {:x}", n.to_bits()),
            other => format!("{other:?}"),
        };
        let next = self.program.slots() as u32;
        let program = &mut self.program;
        *self.known.entry(key).or_insert_with(|| {
            program.instructions.push(instruction);
            next
        })
    }

    fn node(&mut self, node: &Node) -> u32 {
        match node {
            Node::Number(x) => self.push(Instruction::Number(*x)),
            Node::Variable(i) => *i as u32,
            Node::Negate(a) => {
                let a = self.node(a);
                self.push(Instruction::Negate(a))
            }
            Node::Sum(first, rest) => {
                let mut sum = self.node(first);
                for (minus, b) in rest {
                    let b = self.node(b);
                    sum = self.push(if *minus {
                        Instruction::Subtract(sum, b)
                    } else {
                        Instruction::Add(sum, b)
                    });
                }
                sum
            }
            Node::Product(first, rest) => {
                let mut product = self.node(first);
                for (factor, b) in rest {
                    let b = self.node(b);
                    product = self.push(match factor {
                        Factor::Times => Instruction::Multiply(product, b),
                        Factor::Over => Instruction::Divide(product, b),
                        Factor::Modulo => Instruction::Modulo(product, b),
                    });
                }
                product
            }
            Node::One(f, a) => {
                let a = self.node(a);
                self.push(Instruction::One(*f, a))
            }
            Node::Two(f, ab) => {
                let a = self.node(&ab.0);
                if let (Two::POW, Node::Number(n)) = (*f, &ab.1) {
                    return self.push(Instruction::Power(a, *n));
                }
                let b = self.node(&ab.1);
                self.push(Instruction::Two(*f, a, b))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::expr::Constants;

    #[test]
    fn programs_give_the_values_of_their_expressions_and_share_what_is_common() {
        let texts = [
            "sin(x*y) + pow(x, 3) - 2*sin(x*y)/y",
            "-sin(x*y) % 3 + max(x, y)",
            "1/2 + pow(x, y) - exp(-x)*cos(t)",
            "x",
        ];
        let constants = Constants::default();
        let parse = |text: &&str| {
            Expr::parse_with(text, &["x", "y", "t"], &constants).unwrap_or_else(|e| panic!("{e}"))
        };
        let expressions: Vec<Expr> = texts.iter().map(parse).collect();
        let program = Program::new(&expressions, 3);
        for at in [[0.3, 0.8, 1.0], [1.7, -0.2, 0.0], [0.0, 0.0, 0.0]] {
            let mut slots = vec![0.0; program.slots()];
            slots[..3].copy_from_slice(&at);
            program.run(&mut slots);
            for (i, expression) in expressions.iter().enumerate() {
                let expected: f64 = expression.eval_f64(&at);
                let found: f64 = slots[program.results()[i] as usize];
                // The sign of what is not a number means nothing.
                let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
                assert!(same, "{expression} at {at:?}: {found}, not {expected}");
            }
        }
        let sines =
            |i: &&Instruction| matches!(i, Instruction::One(f, _) if format!("{f:?}").contains("Sin"));
        assert!(program.instructions.iter().filter(sines).count() <= 1, "{:?}", program.instructions);
    }
}
