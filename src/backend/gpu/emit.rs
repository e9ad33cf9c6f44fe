//! Prints traced functions as WGSL.
//!
//! Every operation becomes one `let`, in the order in which it was recorded, so that the shader rounds where the scalar
//! code rounds (a driver may still contract products and sums; WGSL has no way to forbid it).

use super::trace::{Graph, Node};
use crate::backend::{BackendError, Precision};
use crate::physics::real::{Function, Function2};
use std::collections::BTreeSet;
use std::fmt::Write;

/// WGSL functions with what they need from the library of elementary functions.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// Definitions, in order.
    pub text: String,
    /// Whether elementary functions are called.
    pub elementary: bool,
    bodies: Vec<(String, String)>,
}

/// First lines of every shader.
pub fn prelude(precision: Precision) -> &'static str {
    match precision {
        Precision::Single => "alias real = f32;\n",
        Precision::Double => "alias real = f64;\n",
    }
}

/// Library of elementary functions for `precision`.
pub fn elementary(precision: Precision) -> &'static str {
    match precision {
        Precision::Single => include_str!("../../../shaders/math32.wgsl"),
        Precision::Double => include_str!("../../../shaders/math64.wgsl"),
    }
}

/// The literal of `x` that reads back as the same bits.
///
/// # Errors
/// `x` is not finite in the working precision; `place` is where it stands.
pub fn literal(x: f64, precision: Precision, place: &str) -> Result<String, BackendError> {
    let text = match precision {
        Precision::Single if (x as f32).is_finite() => format!("{:e}f", x as f32),
        Precision::Double if x.is_finite() => format!("{x:e}lf"),
        _ => {
            return Err(BackendError::Unsupported(format!(
                "the constant {x} in '{place}' is not a finite number in {} precision, and shaders can't hold it; \
                 change the constant, or run on the processor (-b cpu)",
                if precision == Precision::Single { "single" } else { "double" }
            )));
        }
    };
    Ok(if text.starts_with('-') { format!("({text})") } else { text })
}

fn name(f: Function) -> &'static str {
    match f {
        Function::Sin => "real_sin",
        Function::Cos => "real_cos",
        Function::Tan => "real_tan",
        Function::Asin => "real_asin",
        Function::Acos => "real_acos",
        Function::Atan => "real_atan",
        Function::Exp => "real_exp",
        Function::Log => "real_log",
        Function::Tanh => "real_tanh",
    }
}

fn name2(f: Function2) -> &'static str {
    match f {
        Function2::Pow => "real_pow",
        Function2::Atan2 => "real_atan2",
        Function2::Modulo => "real_modulo",
    }
}

impl Functions {
    /// Adds `fn name(parameters) -> array<real, outputs>` and returns the name to call it by: that of an earlier function
    /// with the same body, if there is one.
    ///
    /// # Errors
    /// A constant that no shader can hold.
    pub fn add(&mut self, name: &str, graph: &Graph) -> Result<String, BackendError> {
        let body = self.body(name, graph)?;
        if let Some((known, _)) = self.bodies.iter().find(|(_, b)| *b == body) {
            return Ok(known.clone());
        }
        let _ = writeln!(self.text, "fn {name}{body}");
        self.bodies.push((name.into(), body));
        Ok(name.into())
    }

    fn body(&mut self, place: &str, graph: &Graph) -> Result<String, BackendError> {
        let parameters: Vec<String> = graph
            .parameters
            .iter()
            .map(|p| match p.length {
                None => format!("{}: real", p.name),
                Some(n) => format!("{}: array<real, {n}>", p.name),
            })
            .collect();
        let n = graph.outputs.len();
        let mut text = format!("({}) -> array<real, {n}> {{\n", parameters.join(", "));
        let mut used = BTreeSet::new();
        let mut todo = graph.outputs.clone();
        while let Some(id) = todo.pop() {
            if used.insert(id) {
                todo.extend(operands(graph.nodes[id as usize]));
            }
        }
        let leaf = |id: u32| -> Result<String, BackendError> {
            match graph.nodes[id as usize] {
                Node::Input(i) => Ok(graph.inputs[i as usize].clone()),
                Node::Constant(bits) => literal(f64::from_bits(bits), graph.precision, place),
                Node::Truth(t) => Ok(t.to_string()),
                _ => Ok(format!("x{id}")),
            }
        };
        for &id in &used {
            let expression = match graph.nodes[id as usize] {
                Node::Input(_) | Node::Constant(_) | Node::Truth(_) => continue,
                Node::Add(a, b) => format!("{} + {}", leaf(a)?, leaf(b)?),
                Node::Sub(a, b) => format!("{} - {}", leaf(a)?, leaf(b)?),
                Node::Mul(a, b) => format!("{} * {}", leaf(a)?, leaf(b)?),
                Node::Div(a, b) => format!("{} / {}", leaf(a)?, leaf(b)?),
                Node::Neg(a) => format!("-{}", leaf(a)?),
                Node::MulAdd(a, b, c) => format!("fma({}, {}, {})", leaf(a)?, leaf(b)?, leaf(c)?),
                Node::Sqrt(a) => format!("sqrt({})", leaf(a)?),
                Node::Abs(a) => format!("abs({})", leaf(a)?),
                Node::Less(a, b) => format!("{} < {}", leaf(a)?, leaf(b)?),
                Node::LessEqual(a, b) => format!("{} <= {}", leaf(a)?, leaf(b)?),
                Node::Select(m, yes, no) => format!("select({}, {}, {})", leaf(no)?, leaf(yes)?, leaf(m)?),
                Node::And(a, b) => format!("{} && {}", leaf(a)?, leaf(b)?),
                Node::Or(a, b) => format!("{} || {}", leaf(a)?, leaf(b)?),
                Node::Not(a) => format!("!{}", leaf(a)?),
                Node::Function(f, a) => {
                    self.elementary = true;
                    format!("{}({})", name(f), leaf(a)?)
                }
                Node::Function2(f, a, b) => {
                    self.elementary = true;
                    format!("{}({}, {})", name2(f), leaf(a)?, leaf(b)?)
                }
            };
            let _ = writeln!(text, "    let x{id} = {expression};");
        }
        let outputs: Result<Vec<_>, _> = graph.outputs.iter().map(|&o| leaf(o)).collect();
        let _ = writeln!(text, "    return array<real, {n}>({});\n}}", outputs?.join(", "));
        Ok(text)
    }
}

fn operands(node: Node) -> Vec<u32> {
    match node {
        Node::Input(_) | Node::Constant(_) | Node::Truth(_) => vec![],
        Node::Neg(a) | Node::Sqrt(a) | Node::Abs(a) | Node::Not(a) | Node::Function(_, a) => vec![a],
        Node::Add(a, b)
        | Node::Sub(a, b)
        | Node::Mul(a, b)
        | Node::Div(a, b)
        | Node::Less(a, b)
        | Node::LessEqual(a, b)
        | Node::And(a, b)
        | Node::Or(a, b)
        | Node::Function2(_, a, b) => vec![a, b],
        Node::MulAdd(a, b, c) | Node::Select(a, b, c) => vec![a, b, c],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_read_back_as_the_same_bits() {
        for x in [0.1, -0.0, 1.0 / 3.0, 1e-310, f64::MAX, f64::MIN_POSITIVE, -1.5e-7, 1e22] {
            let text = literal(x, Precision::Double, "test").unwrap();
            let number: f64 = text.trim_matches(['(', ')']).trim_end_matches("lf").parse().unwrap();
            assert_eq!(number.to_bits(), x.to_bits());
        }
        for x in [0.1f32, -0.0, f32::MAX, 1e-40, -3.25] {
            let text = literal(f64::from(x), Precision::Single, "test").unwrap();
            let number: f32 = text.trim_matches(['(', ')']).trim_end_matches('f').parse().unwrap();
            assert_eq!(number.to_bits(), x.to_bits());
        }
    }

    #[test]
    fn what_a_shader_cannot_hold_is_refused() {
        for (x, p) in
            [(f64::NAN, Precision::Double), (f64::INFINITY, Precision::Double), (1e300, Precision::Single)]
        {
            assert!(matches!(literal(x, p, "here"), Err(BackendError::Unsupported(m)) if m.contains("here")));
        }
    }
}
