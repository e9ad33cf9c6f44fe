//! The parser: operator precedence by binding power (Pratt, "Top down operator precedence", 1973).
//!
//! `+ -` bind loosest, then `* / %`, then signs; chains go from left to right. There is no power operator, so a sign
//! can bind tightest without surprise, as in the language the case files come from (`-7 % 3` is `(-7) % 3`).

use super::error::{ExprError, ExprErrorKind as Kind, nearest, shortened};
use super::functions::{self, Builtin};
use super::lex::{self, Token};
use super::{Constants, Expr, Factor, Node};
use std::collections::BTreeMap;

/// Deepest nesting of parentheses, calls, signs and textual constants. Far above what people write, and low enough for
/// every recursion over the tree.
const MAX_NESTING: usize = 100;
/// Most text of one expression, in bytes, with every textual constant counted at each use.
const MAX_BYTES: usize = 1 << 20;

const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const SIGN: u8 = 3;

impl Expr {
    /// Reads an expression over the variables `names`, in this order, and `constants`.
    ///
    /// # Errors
    /// The first mistake, with its place and what to write instead.
    pub fn parse(text: &str, names: &[&str], constants: &BTreeMap<String, f64>) -> Result<Expr, ExprError> {
        Self::parse_with(text, names, &Constants { numbers: constants.clone(), texts: BTreeMap::new() })
    }

    /// Like [`Expr::parse`], with constants some of which may be expressions themselves.
    ///
    /// # Errors
    /// The first mistake, with its place and what to write instead.
    pub fn parse_with(text: &str, names: &[&str], constants: &Constants) -> Result<Expr, ExprError> {
        let mut limits = Limits { nesting: 0, bytes: 0, open: Vec::new() };
        let root = Parser::read(text, names, constants, &mut limits)?;
        Ok(Expr { names: names.iter().map(|n| n.to_string()).collect(), root })
    }
}

/// What is spent of the limits, over an expression and the constants in it.
struct Limits<'a> {
    nesting: usize,
    bytes: usize,
    /// Textual constants being read, outermost first.
    open: Vec<&'a str>,
}

struct Parser<'a, 'b> {
    text: &'a str,
    names: &'a [&'a str],
    constants: &'a Constants,
    limits: &'b mut Limits<'a>,
    /// The next token and where it starts and ends.
    token: Token<'a>,
    start: usize,
    end: usize,
    /// Where the token before it ended.
    previous_end: usize,
}

impl<'a, 'b> Parser<'a, 'b> {
    fn read(
        text: &'a str,
        names: &'a [&'a str],
        constants: &'a Constants,
        limits: &'b mut Limits<'a>,
    ) -> Result<Node, ExprError> {
        limits.bytes += text.len();
        if limits.bytes > MAX_BYTES {
            return Err(ExprError::new("", 0, Kind::TooLong(MAX_BYTES)));
        }
        let mut parser =
            Parser { text, names, constants, limits, token: Token::End, start: 0, end: 0, previous_end: 0 };
        parser.advance()?;
        if parser.token == Token::End {
            return Err(parser.error(Kind::Empty));
        }
        let node = parser.expression(SUM)?;
        match parser.token {
            Token::End => Ok(node),
            Token::Symbol(c) => Err(parser.error(Kind::Unmatched(c))),
            _ => Err(parser.error(Kind::MissingOperator)),
        }
    }

    /// A mistake at the next token.
    fn error(&self, kind: Kind) -> ExprError {
        ExprError::new(self.text, self.start, kind)
    }

    /// Operands joined by operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Node, ExprError> {
        let start = self.start;
        let mut left = self.operand()?;
        loop {
            let (symbol, binding) = match self.token {
                Token::Symbol(c @ ('+' | '-')) => (c, SUM),
                Token::Symbol(c @ ('*' | '/' | '%')) => (c, PRODUCT),
                Token::Power(operator) => return Err(self.power(start, operator)),
                Token::Number(_) | Token::Name(_) | Token::Symbol('(') => {
                    return Err(self.error(Kind::MissingOperator));
                }
                Token::Symbol(_) | Token::End => return Ok(left),
            };
            if binding < least {
                return Ok(left);
            }
            self.advance()?;
            let right = self.expression(binding + 1)?;
            left = match symbol {
                '+' => left.add(false, right),
                '-' => left.add(true, right),
                '*' => left.multiply(Factor::Times, right),
                '/' => left.multiply(Factor::Over, right),
                _ => left.multiply(Factor::Modulo, right),
            };
        }
    }

    /// The error for a power operator after the operand that began at `start`: says what to write, operands included.
    fn power(&mut self, start: usize, operator: &'static str) -> ExprError {
        let at = self.start;
        let base = shortened(&self.text[start..at], 40);
        let mut exponent = "...".to_string();
        if self.advance().is_ok() {
            let from = self.start;
            if self.expression(SIGN).is_ok() {
                exponent = shortened(&self.text[from..self.previous_end], 40);
            }
        }
        ExprError::new(self.text, at, Kind::Power { operator, base, exponent })
    }

    /// A number, a name, a call, something in parentheses, or one of these with a sign.
    fn operand(&mut self) -> Result<Node, ExprError> {
        let token = self.token;
        match token {
            Token::Number(x) => {
                self.advance()?;
                Ok(Node::Number(x))
            }
            Token::Name(name) => self.name(name),
            Token::Symbol(c @ ('-' | '+')) => self.nested(|p| {
                p.advance()?;
                let a = p.expression(SIGN)?;
                Ok(if c == '-' { a.negate() } else { a })
            }),
            Token::Symbol('(') => self.nested(|p| {
                p.advance()?;
                let a = p.expression(SUM)?;
                p.close()?;
                Ok(a)
            }),
            Token::End => Err(self.error(Kind::EndsEarly)),
            Token::Symbol(c) => Err(self.error(Kind::Unexpected(c.into()))),
            Token::Power(operator) => Err(self.error(Kind::Unexpected(operator.into()))),
        }
    }

    /// Runs `inner` one level deeper.
    fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<Node, ExprError>,
    ) -> Result<Node, ExprError> {
        if self.limits.nesting == MAX_NESTING {
            return Err(self.error(Kind::TooDeep(MAX_NESTING)));
        }
        self.limits.nesting += 1;
        let node = inner(self)?;
        self.limits.nesting -= 1;
        Ok(node)
    }

    fn close(&mut self) -> Result<(), ExprError> {
        match self.token {
            Token::Symbol(')') => self.advance(),
            _ => Err(self.error(Kind::NotClosed)),
        }
    }

    /// A name: call, variable, constant.
    fn name(&mut self, name: &'a str) -> Result<Node, ExprError> {
        let at = self.start;
        self.advance()?;
        let fail = |p: &Self, kind| Err(ExprError::new(p.text, at, kind));
        let variable = self.names.iter().position(|n| *n == name);
        let number =
            self.constants.numbers.get(name).copied().or((name == "pi").then_some(std::f64::consts::PI));
        let text = self.constants.texts.get_key_value(name);
        if self.token == Token::Symbol('(') {
            return match functions::builtin(name) {
                Some(f) => self.nested(|p| p.call(name, f, at)),
                None if variable.is_some() || number.is_some() || text.is_some() => {
                    fail(self, Kind::NotAFunction(name.into()))
                }
                None => {
                    let known: Vec<String> =
                        functions::FUNCTIONS.iter().map(|(n, ..)| n.to_string()).collect();
                    let nearest = nearest(name, known.iter().map(String::as_str)).map(String::from);
                    fail(self, Kind::UnknownFunction { name: name.into(), known, nearest })
                }
            };
        }
        if let Some(index) = variable {
            if self.constants.numbers.contains_key(name) || text.is_some() {
                return fail(self, Kind::Clash(name.into()));
            }
            return Ok(Node::Variable(index));
        }
        // A textual constant comes first, so that `pi` in a file overrides the built-in one whatever its form.
        if let Some((name, text)) = text {
            return self.textual(name, text, at);
        }
        match number {
            Some(x) => Ok(Node::Number(x)),
            None if functions::builtin(name).is_some() => fail(self, Kind::WithoutArguments(name.into())),
            None => {
                let mut known: Vec<String> = self.names.iter().map(|n| n.to_string()).collect();
                known.push("pi".into());
                known.extend(
                    self.constants.numbers.keys().chain(self.constants.texts.keys()).take(1_000).cloned(),
                );
                let nearest = nearest(name, known.iter().map(String::as_str)).map(String::from);
                fail(self, Kind::UnknownName { name: name.into(), known, nearest })
            }
        }
    }

    /// A constant whose value is the expression `text`.
    fn textual(&mut self, name: &'a str, text: &'a str, at: usize) -> Result<Node, ExprError> {
        let fail = |p: &Self, kind| Err(ExprError::new(p.text, at, kind));
        if self.limits.open.contains(&name) {
            let cycle = self.limits.open.iter().copied().chain([name]).skip_while(|n| *n != name);
            return fail(self, Kind::Cycle(cycle.map(String::from).collect()));
        }
        self.nested(|p| {
            p.limits.open.push(name);
            let node = Parser::read(text, p.names, p.constants, p.limits);
            p.limits.open.pop();
            node.or_else(|error| match error.kind {
                // These are about the whole and not about this constant's text.
                Kind::Cycle(_) | Kind::TooDeep(_) | Kind::TooLong(_) => fail(p, error.kind),
                _ => fail(p, Kind::InConstant { name: name.into(), error: Box::new(error) }),
            })
        })
    }

    /// The arguments of a call, with the opening parenthesis next.
    fn call(&mut self, name: &str, f: Builtin, at: usize) -> Result<Node, ExprError> {
        self.advance()?;
        let (mut first, mut second, mut found) = (None, None, 0);
        if self.token != Token::Symbol(')') {
            loop {
                let argument = self.expression(SUM)?;
                found += 1;
                match found {
                    1 => first = Some(argument),
                    2 => second = Some(argument),
                    _ => {}
                }
                if self.token != Token::Symbol(',') {
                    break;
                }
                self.advance()?;
            }
        }
        self.close()?;
        match (f, first, second) {
            (Builtin::One(f), Some(a), None) => Ok(Node::one(f, a)),
            (Builtin::Two(f), Some(a), Some(b)) if found == 2 => Ok(Node::two(f, a, b)),
            _ => {
                let expected = if matches!(f, Builtin::One(_)) { 1 } else { 2 };
                Err(ExprError::new(self.text, at, Kind::Arguments { function: name.into(), expected, found }))
            }
        }
    }

    /// Reads the next token.
    fn advance(&mut self) -> Result<(), ExprError> {
        self.previous_end = self.end;
        (self.token, self.start, self.end) = lex::next(self.text, self.end)?;
        Ok(())
    }
}
