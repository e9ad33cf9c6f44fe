//! Regions in a case file: `box((0, 0), (1, 1)) + sphere((2, 0), 0.5, rot=30) - wall` (docs/src/monitors.md).

use super::points::{parts, point};
use crate::engine::region::{Body, Form, Place, UNTURNED, rotation};
use crate::monitor::bodies;
use crate::physics::expr::{Constants, Expr};
use std::path::Path;

/// Deepest brackets.
const DEEPEST: usize = 32;

/// Most bodies and boundaries: each is looked at by a function that calls itself.
const MOST: usize = 1000;

/// A place in `dims` dimensions. Bodies of files are looked for beside the case file `case`, among other places, when a run
/// begins.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence about it.
pub(super) fn region(text: &str, dims: usize, constants: &Constants, case: &Path) -> Result<Place, String> {
    let mut reader = Reader { rest: text.trim(), dims, constants, case, depth: 0, terms: 0 };
    let region = reader.sum()?;
    if reader.rest.is_empty() {
        return Ok(region);
    }
    Err(format!("has {:?} where + or - should be", short(reader.rest)))
}

/// Bytes of the name that a text begins with. A minus is part of it where letters stand on both sides, as in `wall-upper`,
/// unless what follows is a body, as in `wall-box((0, 0), (1, 1))`.
fn name_length(text: &str) -> usize {
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/');
    let words = |text: &str| text.find(|c: char| !letter(c)).unwrap_or(text.len());
    let mut end = words(text);
    while end > 0 && text[end..].starts_with('-') {
        let next = words(&text[end + 1..]);
        if next == 0 || text[end + 1 + next..].trim_start().starts_with('(') {
            break;
        }
        end += 1 + next;
    }
    end
}

struct Reader<'a> {
    rest: &'a str,
    dims: usize,
    constants: &'a Constants,
    case: &'a Path,
    depth: usize,
    terms: usize,
}

impl<'a> Reader<'a> {
    /// Terms with signs between them, from left to right.
    fn sum(&mut self) -> Result<Place, String> {
        let mut region = self.term()?;
        loop {
            let sign = self.rest.chars().next();
            let Some(sign) = sign.filter(|c| matches!(c, '+' | '-')) else { return Ok(region) };
            self.rest = self.rest[1..].trim_start();
            let next = Box::new(self.term()?);
            region = match sign {
                '+' => Place::Union(Box::new(region), next),
                _ => Place::Difference(Box::new(region), next),
            };
        }
    }

    fn term(&mut self) -> Result<Place, String> {
        self.terms += 1;
        if self.terms > MOST {
            return Err(format!("has more than {MOST} parts"));
        }
        if self.rest.starts_with('(') {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("has more than {DEEPEST} brackets in each other"));
            }
            let inner = self.bracket()?;
            let (rest, all) = (self.rest, inner);
            self.rest = all.trim();
            let region = self.sum()?;
            if !self.rest.is_empty() {
                return Err(format!("has {:?} where + or - should be", short(self.rest)));
            }
            (self.rest, self.depth) = (rest, self.depth - 1);
            return Ok(region);
        }
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest.trim_start();
            return Ok(Place::All);
        }
        let (name, rest) = self.rest.split_at(name_length(self.rest));
        self.rest = rest.trim_start();
        if name.is_empty() {
            return Err(
                "is no region; such as box((0, 0), (1, 1)), the name of a boundary, or * for all".into()
            );
        }
        if rest.starts_with('(') {
            let arguments = self.bracket()?;
            return self.body(name, arguments);
        }
        match name.strip_prefix("tag/") {
            Some(_) => Err(format!("names {name:?}, but parts of the volume have no names here")),
            None => Ok(Place::Boundary(name.strip_prefix("bc/").unwrap_or(name).to_lowercase())),
        }
    }

    /// What stands in the bracket that comes now, which is taken away.
    fn bracket(&mut self) -> Result<&'a str, String> {
        let mut depth = 0;
        for (i, c) in self.rest.char_indices() {
            depth += i32::from(c == '(') - i32::from(c == ')');
            if depth == 0 {
                let inner = &self.rest[1..i];
                self.rest = self.rest[i + 1..].trim_start();
                return Ok(inner);
            }
        }
        Err("has a bracket that is not closed".into())
    }

    fn number(&self, text: &str) -> Result<f64, String> {
        let expr = Expr::parse_with(text, &[], self.constants).map_err(|e| format!("has {text:?}: {e}"))?;
        let value = expr.eval_f64(&[]);
        if value.is_finite() { Ok(value) } else { Err(format!("has {text:?}, which is {value}")) }
    }

    fn length(&self, text: &str) -> Result<f64, String> {
        match self.number(text)? {
            length if length >= 0.0 => Ok(length),
            length => Err(format!("has {text:?}, which is {length} and should not be negative")),
        }
    }

    fn body(&self, name: &str, arguments: &str) -> Result<Place, String> {
        let mut arguments = parts(arguments);
        let turn = arguments.last().and_then(|last| last.strip_prefix("rot")?.trim_start().strip_prefix('='));
        let rotation = match turn {
            None => UNTURNED,
            Some(turn) => {
                arguments.pop();
                match self.dims {
                    3 => rotation(point(turn, 3, self.constants)?),
                    _ => rotation([self.number(turn)?, 0.0, 0.0]),
                }
            }
        };
        let at = |text: &str| point(text, self.dims, self.constants);
        let length = |text: &str| self.length(text);
        let form = match (name, &arguments[..]) {
            ("box", [low, high]) => {
                let (low, mut high) = (at(low)?, at(high)?);
                // The coordinates that the mesh has not are zero.
                (self.dims..3).for_each(|d| high[d] = 0.0);
                Form::Cuboid { low, high }
            }
            ("sphere", [centre, r]) => Form::Ellipsoid { centre: at(centre)?, axes: [length(r)?; 3] },
            ("ellipsoid", [centre, a, b, c]) => {
                Form::Ellipsoid { centre: at(centre)?, axes: [length(a)?, length(b)?, length(c)?] }
            }
            ("cylinder", [a, b, r]) => Form::Frustum { ends: [at(a)?, at(b)?], radii: [length(r)?; 2] },
            ("cone", [a, b, r]) => Form::Frustum { ends: [at(a)?, at(b)?], radii: [length(r)?, 0.0] },
            ("conical_frustum", [a, b, r, s]) => {
                Form::Frustum { ends: [at(a)?, at(b)?], radii: [length(r)?, length(s)?] }
            }
            ("stl", [file]) => {
                let quoted = ['\'', '"'].iter().find_map(|q| file.strip_prefix(*q)?.strip_suffix(*q));
                let Some(file) = quoted.map(str::trim).filter(|file| !file.is_empty()) else {
                    return Err(format!(
                        "has stl({file}); put the name of a file in quotes, stl('wing.stl')"
                    ));
                };
                if self.dims != 3 {
                    return Err(format!("has stl('{file}'), a body in 3-D, but the mesh is {}-D", self.dims));
                }
                return Ok(Place::File { places: bodies::places(file, self.case), rotation });
            }
            (name, found) => {
                let forms = "box(x0, x1), sphere(x0, r), ellipsoid(x0, a, b, c), cylinder(x0, x1, r), cone(x0, x1, r), \
                             conical_frustum(x0, x1, r0, r1), stl('file.stl')";
                return Err(format!("has {name} with {} arguments; there are {forms}", found.len()));
            }
        };
        Ok(Place::Body(Body { form, rotation }))
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_from_left_to_right_with_brackets() {
        let constants = Constants { numbers: [("h".to_string(), 0.5)].into(), ..Constants::default() };
        let read = |text: &str| region(text, 2, &constants, Path::new("case.ini"));
        assert_eq!(read("*"), Ok(Place::All));
        assert_eq!(read("bc/Wall"), Ok(Place::Boundary("wall".into())));
        let sphere = Place::Body(Body {
            form: Form::Ellipsoid { centre: [0.25, 0.0, 0.0], axes: [0.5; 3] },
            rotation: UNTURNED,
        });
        assert_eq!(read("sphere((h/2, 0), h)"), Ok(sphere.clone()));
        let wall = Place::Boundary("wall".into());
        let sum = Place::Union(Box::new(wall.clone()), Box::new(sphere.clone()));
        assert_eq!(read("wall+sphere((h/2, 0), h)"), Ok(sum.clone()));
        assert_eq!(read("in-let-2"), Ok(Place::Boundary("in-let-2".into())));
        let apart = Place::Difference(Box::new(wall.clone()), Box::new(sphere.clone()));
        for text in ["wall-sphere((h/2, 0), h)", "wall -sphere((h/2, 0), h)", "wall- sphere((h/2, 0), h)"] {
            assert_eq!(read(text), Ok(apart.clone()), "{text}");
        }
        let less = Place::Difference(Box::new(sum.clone()), Box::new(Place::All));
        assert_eq!(read("wall + sphere((h/2, 0), h) - *"), Ok(less));
        let other = Place::Difference(Box::new(Place::All), Box::new(sum));
        assert_eq!(read("* - (wall + sphere((h/2, 0), h))"), Ok(other));
        let Ok(Place::Body(turned)) = read("box((0, 0), (2, 1), rot=90)") else { panic!("a body") };
        assert!(turned.contains([-0.5, 1.5, 0.0]) && !turned.contains([1.5, 0.5, 0.0]));
        for (text, expected) in [
            ("", "is no region"),
            ("box((0, 0))", "has box with 1 arguments"),
            ("box((0, 0), (1, 1)", "not closed"),
            ("ball((0, 0), 1)", "has ball with 2"),
            ("sphere((0, 0, 0), 1)", "2 coordinates"),
            ("sphere((0, 0), -1)", "negative"),
            ("wall wall", "where + or - should be"),
            ("wall + ", "is no region"),
            ("(wall + sphere((0, 0), 1)) 3", "where + or -"),
            ("stl('x')", "a body in 3-D, but the mesh is 2-D"),
            ("stl(x)", "in quotes"),
            ("stl('')", "in quotes"),
            ("stl('x', 'y')", "has stl with 2 arguments"),
            ("tag/fluid", "no names here"),
        ] {
            let got = read(text).unwrap_err();
            assert!(got.contains(expected), "{text}: {got}");
        }
        let body = region("* - stl('a/left wing.stl', rot=(90, 0, 0))", 3, &constants, Path::new("x.ini"));
        let Ok(Place::Difference(_, file)) = body else { panic!("{body:?}") };
        let places = ["a/left wing.stl", "a/left wing.stl.stl"].map(std::path::PathBuf::from).to_vec();
        assert_eq!(*file, Place::File { places, rotation: rotation([90.0, 0.0, 0.0]) });
        assert!(read(&"(".repeat(100_000)).is_err());
        assert!(read(&format!("*{}", "+*".repeat(1_000_000))).unwrap_err().contains("1000 parts"));
        assert!(read(&format!("{}*{}", "(".repeat(40), ")".repeat(40))).unwrap_err().contains("brackets"));
    }
}
