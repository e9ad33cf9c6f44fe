//! The solution at one moment, taken out of the engine to be written while the run goes on.

use super::writer::Origin;
use super::{Moment, MonitorError};
use crate::backend::Precision;
use crate::engine::Engine;
use crate::engine::fields::{Space, part_of};
use crate::output::collect::{self, Gathered};
use crate::output::solution::{self, SolutionHeader};
use crate::output::vtk::write_piece;
use crate::output::{OutputError, atomic};
use std::path::Path;

/// The solution at one moment.
pub struct Snapshot {
    space: Space,
    solution: Vec<Vec<f64>>,
    gathered: Gathered,
    header: SolutionHeader,
    rank: usize,
}

impl Snapshot {
    /// Takes the solution of `engine`, and all that it keeps. Collective.
    ///
    /// # Errors
    /// The device failed; a value that is not finite: files hold good states only, so that the last one is good.
    pub fn take(engine: &mut Engine, now: &Moment, origin: &Origin) -> Result<Snapshot, MonitorError> {
        Snapshot::take_part(engine, now, origin, None)
    }

    /// The same of some elements, see [`Engine::elements_in`]; no run can go on from that. Collective.
    ///
    /// # Errors
    /// As [`Snapshot::take`].
    pub fn take_part(
        engine: &mut Engine,
        now: &Moment,
        origin: &Origin,
        elements: Option<&[Vec<u32>]>,
    ) -> Result<Snapshot, MonitorError> {
        let solution = engine.solution()?;
        if let Some(bad) = engine.bad_value(&solution) {
            return Err(MonitorError::not_finite(now, bad));
        }
        let whole = elements.is_none();
        let header = SolutionHeader {
            mesh_uuid: engine.mesh().uuid.clone(),
            config: origin.config.clone(),
            config_source: origin.config_source.clone(),
            t: now.t,
            dt: now.dt,
            step: now.step,
            system: origin.system.clone(),
            order: engine.discretisation().order,
            dims: engine.discretisation().dims,
            precision: engine.precision(),
            variables: engine.variables().conserved().into_iter().map(String::from).collect(),
            state: engine.kept().clone(),
            kept: (engine.kept_fields().iter().filter(|_| whole))
                .map(|(name, f)| (name.clone(), f.names.clone()))
                .collect(),
        };
        let (rank, mut space) = (engine.communicator().rank(), engine.space());
        let Some(elements) = elements else {
            let gathered = collect::collect(engine, &solution);
            return Ok(Snapshot { space, solution, gathered, header, rank });
        };
        let solution = part_of(&solution, &space, elements);
        space = space.part(elements);
        let gathered = collect::collect_part(engine.communicator(), &space, &solution);
        Ok(Snapshot { space, solution, gathered, header, rank })
    }

    /// Time of the solution.
    pub fn time(&self) -> f64 {
        self.header.t
    }

    /// Writes the solution file, and the folder it is in; does nothing on ranks but 0.
    ///
    /// # Errors
    /// See [`solution::write`].
    pub fn write_solution(&self, path: &Path) -> Result<(), OutputError> {
        match collect::assemble(&self.space, &self.solution, &self.gathered) {
            Some(blocks) => {
                atomic::create_folder_of(path)?;
                solution::write(path, &self.header, &blocks)
            }
            None => Ok(()),
        }
    }

    /// Writes this rank's piece for ParaView, and the folder it is in.
    ///
    /// # Errors
    /// See [`write_piece`].
    pub fn write_vtk(&self, path: &Path, precision: Precision) -> Result<(), OutputError> {
        atomic::create_folder_of(path)?;
        let (cells, fields) = collect::vtk(&self.space, &self.solution);
        write_piece(path, &cells, &fields, self.rank, precision)
    }
}
