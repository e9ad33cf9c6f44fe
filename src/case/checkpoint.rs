//! `[checkpoint]`: solutions to go on from.

use super::Case;
use super::error::ProblemKind;
use super::values::Values;
use crate::output::name::NameTemplate;
use crate::physics::expr::lex::number;
use crate::run::Checkpoints;
use std::path::PathBuf;
use std::time::Duration;

const SECTION: &str = "checkpoint";
/// Longer times are mistakes.
const LONGEST: f64 = 1e9;

/// The section, or its defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointConfig {
    /// Wall-clock time between checkpoints.
    pub interval: Option<Duration>,
    /// Wall-clock time of the job.
    pub time_limit: Option<Duration>,
    /// How many are kept.
    pub keep: usize,
    /// Their folder.
    pub folder: PathBuf,
    /// Their names.
    pub name: NameTemplate,
}

impl CheckpointConfig {
    /// Reads the section; all of it has defaults, and checkpoints are written on signals without it, too.
    pub(super) fn read(values: &mut Values<'_>) -> Option<CheckpointConfig> {
        let interval = time(values, "interval");
        let time_limit = time(values, "time-limit");
        let keep = values.integer(SECTION, "keep", 1, 1000);
        let folder = values.path(SECTION, "basedir");
        let text = values.text(SECTION, "basename")?.value;
        let name = match NameTemplate::parse(&text) {
            Ok(name) if !name.is_constant() => name,
            Ok(_) => {
                let text =
                    "every checkpoint would have the same name; put {n:08d} (step) or {t:.4f} (time) into it";
                values.report(SECTION, "basename", ProblemKind::Other(text.into()));
                return None;
            }
            Err(error) => {
                values.report(SECTION, "basename", ProblemKind::Other(error.to_string()));
                return None;
            }
        };
        let keep = keep? as usize;
        Some(CheckpointConfig { interval: interval?, time_limit: time_limit?, keep, folder: folder?, name })
    }
}

impl Case {
    /// The checkpoints of a run of this case.
    pub fn checkpoints(&self) -> Checkpoints {
        let CheckpointConfig { interval, time_limit, keep, folder, name } = self.checkpoint.clone();
        Checkpoints { folder, name, interval, keep, time_limit, origin: self.origin() }
    }
}

/// A wall-clock time that may be missing.
fn time(values: &mut Values<'_>, key: &str) -> Option<Option<Duration>> {
    if values.ini.get(SECTION, key).is_none() {
        return Some(None);
    }
    let text = values.text(SECTION, key)?.value;
    match duration(&text) {
        Some(time) => Some(Some(time)),
        None => {
            let expected = "minutes, minutes:seconds or [days-]hours:minutes:seconds, more than 0";
            values.refuse(SECTION, key, &text, expected);
            None
        }
    }
}

/// A wall-clock time in the notation of batch systems: minutes (with decimals if wanted), minutes:seconds,
/// hours:minutes:seconds, days-hours:minutes:seconds; more than 0.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) if !days.is_empty() => (number(days)?, rest),
        _ => (0.0, text),
    };
    let parts: Vec<f64> = rest.split(':').map(|part| number(part.trim())).collect::<Option<_>>()?;
    let seconds = match (&parts[..], text.contains('-')) {
        ([minutes], false) => minutes * 60.0,
        ([minutes, seconds], false) => minutes * 60.0 + seconds,
        ([hours, minutes, seconds], _) => hours * 3600.0 + minutes * 60.0 + seconds,
        ([hours, minutes], true) => hours * 3600.0 + minutes * 60.0,
        ([hours], true) => hours * 3600.0,
        _ => return None,
    } + days * 86400.0;
    let sound = parts.iter().chain([&days]).all(|x| *x >= 0.0) && seconds > 0.0 && seconds <= LONGEST;
    sound.then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_batch_systems_write_them() {
        for (text, seconds) in [
            ("30", 1800.0),
            ("0.05", 3.0),
            ("1:30", 90.0),
            ("2:00:01", 7201.0),
            ("1-2:03:04", 93784.0),
            ("1-12", 129600.0),
            (" 5 ", 300.0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "0", "-5", "1:2:3:4", "a", "nan", "inf", "1e99", "1--2", "1:-2:3", ":", "0:0"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
