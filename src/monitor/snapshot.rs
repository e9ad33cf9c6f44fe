//! The solution at one moment, taken out of the engine to be written while the run goes on.

use super::writer::Origin;
use super::{Moment, MonitorError};
use crate::backend::Precision;
use crate::engine::Engine;
use crate::engine::fields::{Space, part_of};
use crate::files;
use crate::output::collect::{self, Gathered};
use crate::output::solution::{self, SolutionHeader};
use crate::output::{OutputError, atomic, stream};
use std::collections::BTreeMap;
use std::path::Path;

/// The solution at one moment.
pub struct Snapshot {
    space: Space,
    solution: Vec<Vec<f64>>,
    gradients: Option<Vec<Vec<f64>>>,
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
        Snapshot::take_part(engine, now, origin, None, false)
    }

    /// The same of some elements, see [`Engine::elements_in`], from which no run can go on; with the gradients of the
    /// primitive variables, if asked for. Collective.
    ///
    /// # Errors
    /// As [`Snapshot::take`].
    pub fn take_part(
        engine: &mut Engine,
        now: &Moment,
        origin: &Origin,
        elements: Option<&[Vec<u32>]>,
        gradients: bool,
    ) -> Result<Snapshot, MonitorError> {
        let solution = engine.solution()?;
        if let Some(bad) = engine.bad_value(&solution) {
            return Err(MonitorError::not_finite(now, bad));
        }
        let gradients = if gradients { Some(collect::gradients(engine, now.t)?) } else { None };
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
        let (comm, space) = (engine.communicator(), engine.space());
        let (rank, none) = (comm.rank(), BTreeMap::new());
        let (space, solution, gradients, kept) = match elements {
            None => (space, solution, gradients, engine.kept_fields()),
            Some(elements) => {
                let part = |values: &Vec<Vec<f64>>| part_of(values, &space, elements);
                (space.part(elements), part(&solution), gradients.as_ref().map(part), &none)
            }
        };
        let gathered = collect::collect_with(comm, &space, &solution, gradients.as_deref(), kept);
        Ok(Snapshot { space, solution, gradients, gathered, header, rank })
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
        if let Some(blocks) = collect::assemble(&self.space, &self.solution, &self.gathered) {
            atomic::create_folder_of(path)?;
            solution::write_rows(path, &self.header, &blocks)?;
            files::release(path);
        }
        Ok(())
    }

    /// Writes this rank's piece for ParaView, and the folder it is in.
    ///
    /// # Errors
    /// See [`stream::write_solution`].
    pub fn write_vtk(&self, path: &Path, precision: Precision) -> Result<(), OutputError> {
        atomic::create_folder_of(path)?;
        let gradients = self.gradients.as_deref();
        stream::write_solution(path, &self.space, &self.solution, gradients, self.rank, precision)?;
        files::release(path);
        Ok(())
    }
}
