//! The keys of one section, as monitors ask for them.

use super::Facts;
use crate::backend::Precision;
use crate::case::config::TimeConfig;
use crate::case::error::ProblemKind;
use crate::case::expressions::{self, Expressions, Shared};
use crate::case::values::Values;
use crate::case::{keys, region};
use crate::element::Shape;
use crate::element::anti_alias::HIGHEST_DEGREE;
use crate::engine::region::{Place, Region};
use crate::monitor::record::Record;
use crate::monitor::rows::Rows;
use crate::monitor::writer::Origin;
use crate::output::growing::Growing;
use crate::output::name::NameTemplate;
use crate::physics::expr::{Constants, Expr};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

/// Adds `.csv` to a name without it.
pub fn with_csv(mut file: PathBuf) -> PathBuf {
    if file.extension() != Some(OsStr::new("csv")) {
        file.as_mut_os_string().push(".csv");
    }
    file
}

/// Reads the keys of one section.
pub struct Reader<'v, 'i> {
    pub values: &'v mut Values<'i>,
    pub section: &'v str,
    /// Missing when its section has mistakes.
    pub time: Option<&'v TimeConfig>,
    pub origin: &'v Origin,
    pub shared: &'v Arc<Shared>,
    /// Missing when the system has mistakes.
    pub facts: Option<&'v Facts>,
}

impl Reader<'_, '_> {
    /// A number of steps.
    pub fn count(&mut self, key: &str) -> Option<u64> {
        self.values.integer(self.section, key, 1, u64::MAX)
    }

    /// A span of time that is long enough to be noticed.
    pub fn interval(&mut self, key: &str) -> Option<f64> {
        let interval = self.values.number(self.section, key, "greater than 0", |x| x > 0.0)?;
        if self.time.is_some_and(|time| !time.advances(interval)) {
            return self.refuse(
                key,
                &interval.to_string(),
                "large enough to change the time when it is added",
            );
        }
        Some(interval)
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        self.values.text(self.section, key).map(|text| text.value)
    }

    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.values.path(self.section, key)
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.values.flag(self.section, key)
    }

    /// A precision of files.
    pub fn precision(&mut self, key: &str) -> Option<Precision> {
        let word = self.values.choice(self.section, key)?.value;
        Some(if word == "double" { Precision::Double } else { Precision::Single })
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.values.ini.get(self.section, key).is_some()
    }

    /// The section's expressions.
    pub fn expressions(&self) -> Expressions {
        Expressions::new(self.shared, self.section)
    }

    /// `basename`, which tells the outputs apart.
    pub fn output_name(&mut self) -> Option<NameTemplate> {
        match NameTemplate::parse(&self.text("basename")?) {
            Ok(name) if !name.is_constant() => Some(name),
            Ok(_) => {
                let text =
                    "every output would have the same name; put {t:.2f} (time) or {n:03d} (number) into it";
                self.report("basename", text)
            }
            Err(error) => self.report("basename", error.to_string()),
        }
    }

    /// The section's own keys that start with `prefix` and go on, in their order.
    pub fn named(&self, prefix: &str) -> Vec<String> {
        let entries = self.values.ini.section(self.section).map_or(&[][..], |s| s.entries());
        let keys = entries.iter().map(|e| e.key.clone());
        keys.filter(|key| key.len() > prefix.len() && key.starts_with(prefix)).collect()
    }

    /// These keys with their values as expressions of `variables`.
    pub fn parsed(&mut self, keys: Vec<String>, variables: &[String]) -> Option<Vec<(String, Expr)>> {
        let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
        let texts: Vec<&str> = keys.iter().map(String::as_str).collect();
        let expressions = expressions::all(&self.expressions(), &texts, &variables);
        let expressions = self.values.errors.take(expressions)?;
        Some(keys.into_iter().zip(expressions).collect())
    }

    /// Where rows go.
    pub fn record(&mut self) -> Option<Record> {
        let (file, header) = (self.path("file"), self.flag("header"));
        if self.values.choice(self.section, "file-format")?.value == "csv" {
            return Some(Rows::new(with_csv(file?), header?).into());
        }
        if !self.has("file-dataset") {
            let text = "missing; name the data set in the file, such as 'file-dataset = samples'";
            return self.report("file-dataset", text);
        }
        match Growing::new(file?, &self.text("file-dataset")?) {
            Ok(growing) => Some(growing.into()),
            Err(what) => self.report("file-dataset", what),
        }
    }

    /// Degrees of rules by shape, where there are any.
    pub fn degrees(&mut self) -> Option<BTreeMap<Shape, usize>> {
        let mut degrees = BTreeMap::new();
        for shape in keys::SHAPES.into_iter().filter_map(Shape::from_name) {
            let own = format!("quad-deg-{}", shape.name());
            let Some(key) = [own.as_str(), "quad-deg"].into_iter().find(|k| self.has(k)) else { continue };
            let degree = self.values.integer(self.section, key, 0, HIGHEST_DEGREE as u64)?;
            degrees.insert(shape, degree as usize);
        }
        Some(degrees)
    }

    /// What [`points`](crate::case::points) makes of a text of the section, for the space dimensions of the system.
    pub fn literal<T>(
        &mut self,
        key: &str,
        read: impl Fn(&str, usize, &Constants) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match read(&text, self.facts?.dims, &self.shared.constants) {
            Ok(value) => Some(value),
            Err(what) => self.report(key, format!("the value {what}")),
        }
    }

    /// The part of the mesh.
    pub fn region(&mut self) -> Option<Region> {
        let kind = self.values.choice(self.section, "region-type");
        let layers = self.values.integer(self.section, "region-expand", 0, u64::MAX);
        let place = match self.text("region")?.as_str() {
            "*" => Place::All,
            _ => {
                let case = PathBuf::from(&**self.values.ini.name());
                self.literal("region", |text, dims, constants| region::region(text, dims, constants, &case))?
            }
        };
        Some(Region::new(place, layers?, kind?.value == "surface"))
    }

    /// Under which name a monitor of this section keeps its state with solutions.
    pub fn state_name(&self) -> String {
        let name = self.section.strip_prefix("soln-plugin-").unwrap_or(self.section);
        // A slash would be a group of the file.
        format!("plugins/{}", name.replace('/', "|"))
    }

    /// Notes a mistake at a key.
    pub fn report<T>(&mut self, key: &str, text: impl Into<String>) -> Option<T> {
        self.values.report(self.section, key, ProblemKind::Other(text.into()));
        None
    }

    /// Notes that a value is not what it should be.
    pub fn refuse<T>(&mut self, key: &str, value: &str, expected: &str) -> Option<T> {
        self.values.refuse(self.section, key, value, expected);
        None
    }
}
