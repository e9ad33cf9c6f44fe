//! Writing an expression back as text that the parser reads as the same expression.

use super::functions::{self, Builtin};
use super::{Expr, Factor, Node};
use std::fmt::{self, Display, Formatter};

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.root.write(out, &self.names, SUM)
    }
}

/// How tightly a construct binds; an operand that binds less than its place asks for goes into parentheses.
const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const UNARY: u8 = 3;
const ATOM: u8 = 4;

impl Node {
    fn binding(&self) -> u8 {
        match self {
            Node::Sum(..) => SUM,
            Node::Product(..) => PRODUCT,
            Node::Negate(_) => UNARY,
            Node::Number(x) if x.is_sign_negative() => UNARY,
            _ => ATOM,
        }
    }

    fn write(&self, out: &mut Formatter<'_>, names: &[String], least: u8) -> fmt::Result {
        if self.binding() < least {
            out.write_str("(")?;
            self.write(out, names, SUM)?;
            return out.write_str(")");
        }
        match self {
            // Debug prints the shortest text that reads back as the same number.
            Node::Number(x) => write!(out, "{x:?}"),
            Node::Variable(i) => out.write_str(names.get(*i).map_or("?", String::as_str)),
            Node::Negate(a) => {
                out.write_str("-")?;
                a.write(out, names, UNARY)
            }
            Node::Sum(first, rest) => {
                first.write(out, names, PRODUCT)?;
                for (minus, b) in rest {
                    out.write_str(if *minus { " - " } else { " + " })?;
                    b.write(out, names, PRODUCT)?;
                }
                Ok(())
            }
            Node::Product(first, rest) => {
                first.write(out, names, UNARY)?;
                for (factor, b) in rest {
                    out.write_str(match factor {
                        Factor::Times => "*",
                        Factor::Over => "/",
                        Factor::Modulo => " % ",
                    })?;
                    b.write(out, names, UNARY)?;
                }
                Ok(())
            }
            Node::One(f, a) => {
                write!(out, "{}(", functions::name(Builtin::One(*f)))?;
                a.write(out, names, SUM)?;
                out.write_str(")")
            }
            Node::Two(f, ab) => {
                write!(out, "{}(", functions::name(Builtin::Two(*f)))?;
                ab.0.write(out, names, SUM)?;
                out.write_str(", ")?;
                ab.1.write(out, names, SUM)?;
                out.write_str(")")
            }
        }
    }
}
