//! Measurements in processes of their own, so that each starts with untouched memory.

use super::{Bench, Found, Subject, Table};
use crate::backend::Precision;
use crate::cli::note;
use anyhow::{Context, Result};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::str::FromStr;

/// Ranks, and threads of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub ranks: usize,
    pub threads: usize,
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Layout, String> {
        let number = |text: &str| text.trim().parse().ok().filter(|n| *n > 0);
        text.split_once('x')
            .and_then(|(ranks, threads)| Some(Layout { ranks: number(ranks)?, threads: number(threads)? }))
            .ok_or_else(|| format!("'{text}' is not RANKSxTHREADS, such as 2x1"))
    }
}

/// One thread; all cores as threads; all cores as ranks.
fn usual(cores: usize, mpi: bool) -> Vec<Layout> {
    let mut all = vec![Layout { ranks: 1, threads: 1 }];
    if cores > 1 {
        all.push(Layout { ranks: 1, threads: cores });
        if mpi {
            all.push(Layout { ranks: cores, threads: 1 });
        }
    }
    all
}

impl Bench {
    fn layouts(&self) -> Vec<Layout> {
        if !self.on.is_empty() {
            return self.on.clone();
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match (self.threads, self.backend.as_deref()) {
            (Some(threads), _) => vec![Layout { ranks: 1, threads }],
            (None, None | Some("cpu" | "openmp")) => usual(cores, cfg!(feature = "mpi")),
            // The device does not depend on the processor's threads.
            (None, _) => vec![Layout { ranks: 1, threads: 1 }],
        }
    }

    /// Measures each subject on each layout.
    pub(super) fn in_children(&self, subjects: &[(Subject, Option<Precision>)]) -> Result<Found> {
        let (mut found, mut table) = (Found::new(), Table::new(!self.json_only()));
        for &(subject, precision) in subjects {
            for layout in self.layouts() {
                let output = self
                    .command(subject, precision, layout)?
                    .stdin(Stdio::null())
                    .stderr(Stdio::inherit())
                    .output()
                    .with_context(|| format!("cannot start a measurement on {} ranks", layout.ranks));
                let output = match output {
                    Ok(output) => output,
                    Err(error) => {
                        note(format!("{error:#}"));
                        found.whole = false;
                        continue;
                    }
                };
                let records: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
                records.iter().try_for_each(|record| table.row(record))?;
                if records.is_empty() || !output.status.success() {
                    let (name, Layout { ranks, threads }) = (self.name(subject), layout);
                    note(format!("{name} on {ranks} ranks with {threads} threads: no measurement"));
                    found.whole = false;
                }
                found.records.extend(records);
            }
        }
        Ok(found)
    }

    fn command(&self, subject: Subject, precision: Option<Precision>, layout: Layout) -> Result<Command> {
        let program = std::env::current_exe().context("this program does not know where it is")?;
        let mut command = if layout.ranks == 1 {
            Command::new(program)
        } else {
            let mut command = Command::new(std::env::var_os("MPIRUN").unwrap_or_else(|| "mpirun".into()));
            command.args(["-n", &layout.ranks.to_string()]).arg(program);
            command
        };
        command.args(["bench", "--in-process", "--json", "--threads", &layout.threads.to_string()]);
        command.args([
            "--repetitions",
            &self.repetitions.to_string(),
            "--seconds",
            &self.seconds.to_string(),
        ]);
        if let Some(steps) = self.steps {
            command.args(["--steps", &steps.to_string()]);
        }
        if self.small {
            command.arg("--small");
        }
        for (option, value) in [("--backend", &self.backend), ("--device", &self.device)] {
            if let Some(value) = value {
                command.args([option, value]);
            }
        }
        if let Some(precision) = precision {
            command.args(["--precision", if precision == Precision::Single { "f32" } else { "f64" }]);
        }
        match subject {
            Subject::Workload(workload) => command.args(["--workload", workload.name]),
            Subject::Case => command.arg("--").args(&self.files),
        };
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_ranks_and_threads() {
        assert_eq!("2x3".parse(), Ok(Layout { ranks: 2, threads: 3 }));
        for wrong in ["", "2", "x", "0x1", "1x0", "-1x2", "2x3x4"] {
            assert!(wrong.parse::<Layout>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_cores_are_used_as_threads_and_as_ranks() {
        let list = |cores, mpi| usual(cores, mpi).iter().map(|l| (l.ranks, l.threads)).collect::<Vec<_>>();
        assert_eq!(list(1, true), [(1, 1)]);
        assert_eq!(list(8, true), [(1, 1), (1, 8), (8, 1)]);
        assert_eq!(list(8, false), [(1, 1), (1, 8)]);
    }
}
