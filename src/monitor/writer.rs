//! Writes the solution at regular times: HDF5 for restarts, VTK for ParaView.

use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::engine::Engine;
use crate::output::name::NameTemplate;
use crate::output::solution::{self, SolutionHeader};
use crate::output::vtk::{Field, Series, VtkCells, piece_name, with_suffix, write_index, write_piece};
use crate::output::{OutputError, atomic, collect};
use crate::parallel::agree;
use std::path::{Path, PathBuf};

/// Texts that make a solution file describe itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Name of the system.
    pub system: String,
    /// The case file with the values in force.
    pub config: String,
    /// The case file as it was read.
    pub config_source: String,
}

/// Writes at the start of a fresh run and then every `dt_out` exactly.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    name: NameTemplate,
    dt_out: f64,
    vtk: bool,
    origin: Origin,
    series: Series,
    /// Number of the next file.
    n: u64,
    /// Time the intervals are counted from, and how many have passed.
    start: f64,
    passed: u64,
    last: Option<PathBuf>,
}

impl Writer {
    /// A writer into `folder` (which is made if it does not exist) under `name`; VTK files too if `vtk`.
    pub fn new(folder: &Path, name: NameTemplate, dt_out: f64, vtk: bool, origin: Origin) -> Writer {
        let series = Series::new(folder.join(format!("{}.pvd", name.series_name())));
        Writer {
            folder: folder.into(),
            name,
            dt_out,
            vtk,
            origin,
            series,
            n: 0,
            start: 0.0,
            passed: 0,
            last: None,
        }
    }

    /// Writes one output. Collective.
    fn write(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        let comm = std::sync::Arc::clone(engine.communicator());
        let (rank, ranks) = (comm.rank(), comm.size());
        let base = self.folder.join(self.name.format(now.t, self.n));
        let values = engine.solution()?;
        let made = if rank == 0 { atomic::create_folder_of(&base) } else { Ok(()) };
        agree(&*comm, made)?;

        let blocks = collect::blocks(engine, &values);
        let path = with_suffix(&base, solution::EXTENSION);
        let written = match blocks {
            Some(blocks) => solution::write(&path, &self.header(engine, now), &blocks),
            None => Ok(()),
        };
        agree(&*comm, written)?;

        if self.vtk {
            let output = with_suffix(&base, if ranks > 1 { ".pvtu" } else { ".vtu" });
            let (cells, fields) = collect::vtk(engine, &values);
            let piece = if ranks > 1 { piece_name(&base, rank, ranks) } else { output.clone() };
            agree(&*comm, write_piece(&piece, &cells, &fields, rank, engine.precision()))?;
            let listed = if rank == 0 {
                self.list(engine, now.t, &base, &output, (cells, fields), ranks)
            } else {
                Ok(())
            };
            agree(&*comm, listed)?;
        }
        self.n += 1;
        self.last = Some(path);
        Ok(())
    }

    /// Writes the files that name the pieces and the times.
    fn list(
        &mut self,
        engine: &Engine,
        t: f64,
        base: &Path,
        output: &Path,
        (_, fields): (Vec<VtkCells>, Vec<Field>),
        ranks: usize,
    ) -> Result<(), OutputError> {
        if ranks > 1 {
            let pieces: Vec<PathBuf> = (0..ranks).map(|r| piece_name(base, r, ranks)).collect();
            write_index(output, &pieces, &fields, engine.precision())?;
        }
        self.series.push(t, output)
    }

    fn header(&self, engine: &Engine, now: &Moment) -> SolutionHeader {
        SolutionHeader {
            mesh_uuid: engine.mesh().uuid.clone(),
            config: self.origin.config.clone(),
            config_source: self.origin.config_source.clone(),
            t: now.t,
            dt: now.dt,
            step: now.step,
            system: self.origin.system.clone(),
            order: engine.discretisation().order,
            dims: engine.discretisation().dims,
            precision: engine.precision(),
            variables: engine.variables().conserved().into_iter().map(String::from).collect(),
            state: engine.kept().clone(),
        }
    }
}

impl Monitor for Writer {
    fn describe(&self) -> String {
        let vtk = if self.vtk { " and VTK files" } else { "" };
        let (folder, name, dt_out) = (self.folder.display(), self.name.as_str(), self.dt_out);
        format!("writes solution files{vtk} called {name} to {folder} every {dt_out}")
    }

    fn next_time(&self) -> Option<f64> {
        // From the start, not from the last output: sums of dt_out would drift.
        Some(self.start + (self.passed + 1) as f64 * self.dt_out)
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.start = now.t;
        self.write(engine, now)
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if self.next_time().is_some_and(|next| now.t >= next) {
            self.passed += 1;
            self.write(engine, now)?;
        }
        Ok(())
    }

    fn expected(&self, run: &Outlook) -> Expected {
        // The last one is written when it falls on the end to rounding.
        let passed = ((run.span.1 - run.span.0) / self.dt_out + 1e-9).floor().max(0.0) as u64;
        let outputs = passed.saturating_add(1);
        let vtk = if self.vtk { run.size.vtk_bytes(run.components, run.precision) } else { 0 };
        Expected {
            files: outputs.saturating_mul(1 + u64::from(self.vtk)).saturating_add(self.vtk.into()),
            bytes: outputs.saturating_mul(run.size.solution_bytes(run.precision) + vtk),
        }
    }

    fn written(&self) -> Option<PathBuf> {
        if self.vtk && !self.series.outputs().is_empty() {
            return Some(self.folder.join(format!("{}.pvd", self.name.series_name())));
        }
        self.last.clone()
    }
}
