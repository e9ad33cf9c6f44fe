//! Solutions and averages for `solver export`, one after the other.

use super::is_averages;
use crate::cli::solution::{self, Averages};
use crate::engine::Engine;
use crate::output::solution::{SolutionHeader, Stored};
use crate::parallel::{AgreedError, Communicator, agree};
use crate::run::restart::restore;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a file holds, or this rank's part of it.
pub struct Loaded {
    /// Holds the solution, if it is one.
    pub engine: Engine,
    pub header: SolutionHeader,
    /// Averages, block by block `[element][average][point]`.
    pub averages: Option<Vec<Vec<f64>>>,
}

/// Loads one file after the other; those of one case share an engine.
pub struct Loader<'a> {
    mesh: Option<&'a PathBuf>,
    comm: Arc<dyn Communicator>,
    loaded: Option<Loaded>,
}

impl Loader<'_> {
    /// The ranks of `comm` share the elements; the threads have been started before.
    pub fn new<'m>(mesh: Option<&'m PathBuf>, comm: &Arc<dyn Communicator>) -> Loader<'m> {
        Loader { mesh, comm: Arc::clone(comm), loaded: None }
    }

    /// Loads a file. Collective.
    pub fn load(&mut self, path: &Path) -> Result<&mut Loaded, AgreedError> {
        let before = self.loaded.take();
        let loaded = if is_averages(path) {
            let Averages { engine, header, values } = solution::load_averages(self.mesh, path, &self.comm)?;
            Loaded { engine, header, averages: Some(values) }
        } else {
            let stored = agree(&*self.comm, Stored::open(path))?;
            let header = stored.header().clone();
            let same = |b: &Loaded| {
                let of_case = |h: &SolutionHeader| (h.order, h.mesh_uuid.clone(), h.config.clone());
                b.averages.is_none() && of_case(&b.header) == of_case(&header)
            };
            match before.filter(same) {
                Some(mut before) => {
                    agree(&*self.comm, restore(&mut before.engine, &stored))?;
                    Loaded { header, ..before }
                }
                None => {
                    let engine = solution::load(self.mesh, path, &self.comm)?.engine;
                    Loaded { engine, header, averages: None }
                }
            }
        };
        Ok(self.loaded.insert(loaded))
    }
}
