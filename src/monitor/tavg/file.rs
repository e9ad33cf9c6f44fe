//! Files of averages.

use super::{Deviations, MonitorError, Tavg};
use crate::engine::Engine;
use crate::engine::fields::{Space, part_of};
use crate::monitor::Moment;
use crate::output::collect::Picked;
use crate::output::solution::{self, AVERAGES_EXTENSION, SolutionHeader};
use crate::output::vtk::{Field, piece_name, with_suffix, write_index};
use crate::output::{OutputError, atomic, collect, stream};
use crate::parallel::sum::{ExactSum, total};
use crate::parallel::{Communicator, Reduce, agree};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What goes into a file.
pub(super) struct Output {
    /// The time averaged over.
    pub span: (f64, f64),
    /// Windows that the deviations are of.
    pub windows: u64,
    /// Block by block `[element][averages, functions, their deviations][point]`.
    pub values: Vec<Vec<f64>>,
}

impl Tavg {
    /// Writes one output. Collective. `again`: a file that is there already is not written once more.
    pub(super) fn write(
        &mut self,
        engine: &mut Engine,
        now: &Moment,
        output: Output,
        again: bool,
    ) -> Result<(), MonitorError> {
        let comm = Arc::clone(engine.communicator());
        let base = self.settings.folder.join(self.settings.name.format(now.t, self.n));
        let path = with_suffix(&base, AVERAGES_EXTENSION);
        let made = if comm.rank() == 0 {
            atomic::create_folder_of(&base).map(|()| u64::from(again && path.exists()))
        } else {
            Ok(0)
        };
        let mut there = [agree(&*comm, made)?];
        comm.sum_u64(&mut there);
        self.last = Some(path.clone());
        if there[0] > 0 {
            return Ok(());
        }

        let (mut space, mut output) = (engine.space(), output);
        if let Some(elements) = &self.elements {
            output.values = part_of(&output.values, &space, elements);
            space = space.part(elements);
        }
        let mut names = self.settings.names();
        let state = self.state(&*comm, &space, &output, &names);
        let mut values = output.values;
        match self.settings.deviations {
            Deviations::All => names.extend(self.settings.names().iter().map(|name| format!("std-{name}"))),
            Deviations::Summary => first_half(&space, &mut values, names.len()),
            Deviations::None => {}
        }
        let gathered = collect::collect_part(&comm, &space, &values);
        let written = match collect::assemble(&space, &values, &gathered) {
            Some(blocks) => {
                let header = self.header(engine, now, names.clone(), state);
                solution::write_averages(&path, &header, &blocks)
            }
            None => Ok(()),
        };
        agree(&*comm, written)?;
        if self.settings.vtk { self.write_vtk(&comm, &space, now.t, base, (&values, &names)) } else { Ok(()) }
    }

    /// Writes the VTK files of `values` at the solution points of a space. Collective.
    fn write_vtk(
        &mut self,
        comm: &Arc<dyn Communicator>,
        space: &Space,
        t: f64,
        base: PathBuf,
        (values, names): (&[Vec<f64>], &[String]),
    ) -> Result<(), MonitorError> {
        let precision = self.settings.precision;
        let (rank, ranks) = (comm.rank(), comm.size());
        let output = with_suffix(&base, if ranks > 1 { ".pvtu" } else { ".vtu" });
        let picked = collect::picked_each(names);
        let piece = if ranks > 1 { piece_name(&base, rank, ranks) } else { output.clone() };
        agree(&**comm, stream::write_values(&piece, space, (values, &picked), rank, precision))?;
        let mut list = || -> Result<(), OutputError> {
            if ranks > 1 {
                let pieces: Vec<PathBuf> = (0..ranks).map(|r| piece_name(&base, r, ranks)).collect();
                let fields: Vec<Field> = picked.iter().map(Picked::empty).collect();
                write_index(&output, &pieces, (&fields, &["Part"]), precision)?;
            }
            self.series.push(t, &output)
        };
        let listed = if rank == 0 { list() } else { Ok(()) };
        Ok(agree(&**comm, listed)?)
    }

    /// Numbers beside the averages: `span`, `windows`, and `deviation/NAME`, its largest and mean. Collective.
    fn state(
        &self,
        comm: &dyn Communicator,
        space: &Space,
        output: &Output,
        names: &[String],
    ) -> BTreeMap<String, Vec<f64>> {
        let mut state = BTreeMap::from([
            ("span".to_string(), vec![output.span.0, output.span.1]),
            ("windows".to_string(), vec![output.windows as f64]),
        ]);
        if self.settings.deviations == Deviations::None {
            return state;
        }
        let mut largest = vec![0.0_f64; names.len()];
        // The last one counts the points.
        let mut sums = vec![ExactSum::default(); names.len() + 1];
        for (block, values) in space.discretisation.blocks.iter().zip(&output.values) {
            let points = block.points_per_element();
            for (i, row) in values.chunks_exact(points).enumerate() {
                let Some(i) = (i % (2 * names.len())).checked_sub(names.len()) else { continue };
                for &x in row {
                    sums[i].add(x);
                    if i == 0 {
                        sums[names.len()].add(1.0);
                    }
                    largest[i] = if x.is_nan() || x > largest[i] { x } else { largest[i] };
                }
            }
        }
        let sums = total(comm, &sums);
        comm.reduce_f64(Reduce::Max, &mut largest);
        for (i, name) in names.iter().enumerate() {
            state.insert(format!("deviation/{name}"), vec![largest[i], sums[i] / sums[names.len()]]);
        }
        state
    }

    fn header(
        &self,
        engine: &Engine,
        now: &Moment,
        variables: Vec<String>,
        state: BTreeMap<String, Vec<f64>>,
    ) -> SolutionHeader {
        let origin = self.settings.origin.clone();
        SolutionHeader {
            mesh_uuid: engine.mesh().uuid.clone(),
            config: origin.config,
            config_source: origin.config_source,
            t: now.t,
            dt: now.dt,
            step: now.step,
            system: origin.system,
            order: engine.discretisation().order,
            dims: engine.discretisation().dims,
            precision: self.settings.precision,
            variables,
            state,
            kept: BTreeMap::new(),
        }
    }
}

/// Leaves of `[element][2 count][point]` the first `count` of each element.
fn first_half(space: &Space, values: &mut [Vec<f64>], count: usize) {
    for (block, values) in space.discretisation.blocks.iter().zip(values) {
        let half = count * block.points_per_element();
        *values = values.chunks_exact(2 * half).flat_map(|element| &element[..half]).copied().collect();
    }
}
