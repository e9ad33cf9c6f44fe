//! The typed plugin sections.

use super::config::TimeConfig;
use super::keys::{self, placeholder};
use super::values::Values;
use crate::physics::expr::lex::number;
use std::ffi::OsStr;
use std::path::PathBuf;

/// Plugins in the order of the file, those switched off left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plugins {
    /// `[soln-plugin-writer]`.
    pub writers: Vec<WriterConfig>,
    /// `[soln-plugin-nancheck]`.
    pub nanchecks: Vec<NancheckConfig>,
    /// `[soln-plugin-residual]`.
    pub residuals: Vec<ResidualConfig>,
}

/// Writes the solution at regular times.
#[derive(Clone, Debug, PartialEq)]
pub struct WriterConfig {
    /// What follows `soln-plugin-writer-` in the section's name, if anything.
    pub suffix: Option<String>,
    /// Time between files, positive.
    pub dt_out: f64,
    /// File name with `{t}` and `{n}` placeholders, as written.
    pub basename: String,
    /// Directory of the files.
    pub basedir: PathBuf,
    /// Whether VTK files are wanted.
    pub vtk: bool,
}

/// Stops the run when the solution is no longer finite.
#[derive(Clone, Debug, PartialEq)]
pub struct NancheckConfig {
    /// Steps between checks, at least 1.
    pub nsteps: u64,
}

/// Writes the size of du/dt.
#[derive(Clone, Debug, PartialEq)]
pub struct ResidualConfig {
    /// What follows `soln-plugin-residual-` in the section's name, if anything.
    pub suffix: Option<String>,
    /// Steps between rows, at least 1.
    pub nsteps: u64,
    /// File to append to, with an extension.
    pub file: PathBuf,
    /// Whether an empty file gets a line with the column names.
    pub header: bool,
    /// Norm over all solution points.
    pub norm: Norm,
}

/// A norm over points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Norm {
    /// The p-norm, p at least 1.
    P(f64),
    /// The greatest absolute value.
    Max,
}

impl Plugins {
    /// Reads the plugin sections; `time` is missing when its section has mistakes.
    pub(super) fn read(values: &mut Values<'_>, time: Option<&TimeConfig>) -> Plugins {
        let mut plugins = Plugins::default();
        for section in values.ini.sections() {
            let name = section.name.as_str();
            let Some(spec) = keys::find(name) else { continue };
            let suffix = placeholder(spec.pattern, name).filter(|s| !s.is_empty()).map(String::from);
            let enabled = |values: &mut Values<'_>| values.flag(name, "enabled") != Some(false);
            match spec.pattern {
                "soln-plugin-writer[-SUFFIX]" if enabled(values) => {
                    plugins.writers.extend(writer(values, name, suffix, time));
                }
                "soln-plugin-nancheck[-SUFFIX]" if enabled(values) => {
                    let nsteps = values.integer(name, "nsteps", 1, u64::MAX);
                    plugins.nanchecks.extend(nsteps.map(|nsteps| NancheckConfig { nsteps }));
                }
                "soln-plugin-residual[-SUFFIX]" if enabled(values) => {
                    plugins.residuals.extend(residual(values, name, suffix));
                }
                _ => {}
            }
        }
        plugins
    }
}

fn writer(
    values: &mut Values<'_>,
    section: &str,
    suffix: Option<String>,
    time: Option<&TimeConfig>,
) -> Option<WriterConfig> {
    let dt_out = values.number(section, "dt-out", "greater than 0", |x| x > 0.0);
    let basename = values.text(section, "basename");
    let basedir = values.path(section, "basedir");
    let vtk = values.flag(section, "vtk");
    if let (Some(dt_out), Some(time)) = (dt_out, time)
        && !time.advances(dt_out)
    {
        values.refuse(
            section,
            "dt-out",
            &dt_out.to_string(),
            "large enough to change the time when it is added",
        );
    }
    if let Some(name) = basename.as_ref().filter(|b| b.value.is_empty()) {
        values.refuse(section, "basename", &name.value, "a file name");
    }
    Some(WriterConfig { suffix, dt_out: dt_out?, basename: basename?.value, basedir: basedir?, vtk: vtk? })
}

fn residual(values: &mut Values<'_>, section: &str, suffix: Option<String>) -> Option<ResidualConfig> {
    let nsteps = values.integer(section, "nsteps", 1, u64::MAX);
    let file = values.path(section, "file");
    let header = values.flag(section, "header");
    let text = values.text(section, "norm");
    let norm = text.as_ref().and_then(|text| match text.value.as_str() {
        "inf" => Some(Norm::Max),
        p => number(p).filter(|p| *p >= 1.0).map(Norm::P),
    });
    if let (Some(text), None) = (&text, norm) {
        values.refuse(section, "norm", &text.value, "a number of at least 1, or inf");
    }
    Some(ResidualConfig { suffix, nsteps: nsteps?, file: with_csv(file?), header: header?, norm: norm? })
}

/// Adds `.csv` to a name without it.
fn with_csv(mut file: PathBuf) -> PathBuf {
    if file.extension() != Some(OsStr::new("csv")) {
        file.as_mut_os_string().push(".csv");
    }
    file
}
