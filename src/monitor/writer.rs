//! Writes the solution at regular times: HDF5 for restarts, VTK for ParaView.
//!
//! The solution is copied, and a thread writes it while the run goes on ([`Background`]). The files that tie the pieces of several
//! ranks together appear when all pieces are there, which is known at the next output, or at the end.

use super::action::PostAction;
use super::background::Background;
use super::snapshot::Snapshot;
use super::{Expected, Moment, Monitor, MonitorError, Outlook, outlook};
use crate::backend::Precision;
use crate::engine::Engine;
use crate::engine::region::Region;
use crate::output::collect::{self, Picked};
use crate::output::name::NameTemplate;
use crate::output::vtk::{Field, Series, piece_name, with_suffix, write_index};
use crate::output::{Cause, OutputError, solution};
use crate::parallel::agree;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that make a solution file describe itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Name of the system.
    pub system: String,
    /// The case file with the values in force.
    pub config: String,
    /// The case file as it was read.
    pub config_source: String,
    /// The mesh file.
    pub mesh_file: PathBuf,
}

/// Writes at the start of a fresh run and then every `dt_out` exactly, beside the computation.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    name: NameTemplate,
    dt_out: f64,
    vtk: Option<Precision>,
    origin: Origin,
    action: Option<PostAction>,
    gradients: bool,
    region: Region,
    /// The elements in it, found at the start; none where it is the whole mesh.
    elements: Option<Vec<Vec<u32>>>,
    /// Under which name the engine keeps its state.
    state: String,
    /// Times and files so far; the job in the background adds to them.
    series: Arc<Mutex<Series>>,
    background: Background,
    /// What the output before needs when all ranks have written their pieces.
    unlisted: Option<Listing>,
    /// Number of the next file.
    n: u64,
    /// Time the intervals are counted from, and how many have passed.
    start: f64,
    passed: u64,
    /// The last output that is complete, and the one under way: time and solution file.
    last: Option<(f64, PathBuf)>,
    under_way: Option<(f64, PathBuf)>,
}

/// The pieces of one output, yet to be tied together.
#[derive(Clone, Debug)]
struct Listing {
    t: f64,
    /// Without extension.
    base: PathBuf,
    ranks: usize,
    /// Without values.
    fields: Vec<Field>,
    precision: Precision,
}

impl Listing {
    /// Writes the files that name the pieces and the times.
    fn write(&self, series: &Mutex<Series>) -> Result<(), OutputError> {
        let Listing { t, base, ranks, fields, precision } = self;
        let output = with_suffix(base, if *ranks > 1 { ".pvtu" } else { ".vtu" });
        if *ranks > 1 {
            let pieces: Vec<PathBuf> = (0..*ranks).map(|r| piece_name(base, r, *ranks)).collect();
            write_index(&output, &pieces, (fields, &["Part"]), *precision)?;
        }
        let mut series = series.lock().unwrap_or_else(PoisonError::into_inner);
        series.push(*t, &output)
    }
}

impl Writer {
    /// A writer into `folder` (which is made if it does not exist) under `name`; VTK files too, in the precision `vtk`, if any. `state`: under which
    /// name its state is kept with solutions.
    pub fn new(
        folder: &Path,
        name: NameTemplate,
        dt_out: f64,
        vtk: Option<Precision>,
        origin: Origin,
        state: String,
    ) -> Writer {
        let series = Series::new(folder.join(format!("{}.pvd", name.series_name())));
        Writer {
            folder: folder.into(),
            name,
            dt_out,
            vtk,
            origin,
            action: None,
            gradients: false,
            region: Region::All,
            elements: None,
            state,
            series: Arc::new(Mutex::new(series)),
            background: Background::default(),
            unlisted: None,
            n: 0,
            start: 0.0,
            passed: 0,
            last: None,
            under_way: None,
        }
    }

    /// With a program that is started when a solution file is complete.
    pub fn with_action(mut self, action: Option<PostAction>) -> Writer {
        self.action = action;
        self
    }

    /// With the gradients of the primitive variables, if asked for.
    pub fn with_gradients(mut self, gradients: bool) -> Writer {
        self.gradients = gradients;
        self
    }

    /// Of a part of the mesh alone, from which no run can go on.
    pub fn with_region(mut self, region: Region) -> Writer {
        self.region = region;
        self
    }

    /// Finds the elements of the region. Collective.
    fn find(&mut self, engine: &Engine) -> Result<(), MonitorError> {
        if self.region != Region::All {
            self.elements = Some(super::region_elements(engine, &self.region)?);
        }
        Ok(())
    }

    /// Waits for the output before. Collective.
    fn settle(&mut self, engine: &Engine) -> Result<(), MonitorError> {
        self.background.settle(&**engine.communicator())?;
        if let Some((t, path)) = self.under_way.take() {
            log::info!(
                "written: {} (t = {t}) in {:.3} s",
                path.display(),
                self.background.took().as_secs_f64()
            );
            self.last = Some((t, path));
        }
        Ok(())
    }

    /// Starts one output. Collective.
    fn write(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.settle(engine)?;
        let (rank, ranks) = (engine.communicator().rank(), engine.communicator().size());
        let base = self.folder.join(self.name.format(now.t, self.n));
        let path = with_suffix(&base, solution::EXTENSION);
        let snapshot =
            Snapshot::take_part(engine, now, &self.origin, self.elements.as_deref(), self.gradients)?;
        let t = snapshot.time();
        let listing =
            self.vtk.map(|precision| Listing { t, base, ranks, fields: self.fields(engine), precision });
        let before = self.unlisted.take();
        self.unlisted = listing.clone().filter(|_| ranks > 1);
        let (solution, series) = (path.clone(), Arc::clone(&self.series));
        let action = self.action.clone().filter(|_| rank == 0);
        self.background.start(move || {
            snapshot.write_solution(&solution)?;
            if let Some(before) = before.filter(|_| rank == 0) {
                before.write(&series)?;
            }
            match listing {
                None => {}
                Some(listing) if ranks == 1 => {
                    snapshot.write_vtk(&with_suffix(&listing.base, ".vtu"), listing.precision)?;
                    listing.write(&series)?;
                }
                // The others may not be as far.
                Some(l) => snapshot.write_vtk(&piece_name(&l.base, rank, ranks), l.precision)?,
            }
            if let Some(action) = action {
                action.start(&solution, t);
            }
            Ok(())
        });
        self.n += 1;
        self.under_way = Some((now.t, path));
        Ok(())
    }

    /// The fields of VTK files, without values.
    fn fields(&self, engine: &Engine) -> Vec<Field> {
        let gradients = self.gradients.then_some(engine.discretisation().dims);
        collect::picked(&**engine.variables(), gradients).iter().map(Picked::empty).collect()
    }

    fn is_due(&self, now: &Moment) -> bool {
        self.next_time().is_some_and(|next| now.reached(next))
    }

    /// The file that lists the outputs.
    fn series_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pvd", self.name.series_name()))
    }
}

impl Monitor for Writer {
    fn describe(&self) -> String {
        let mut vtk = String::from(if self.vtk.is_some() { " and VTK files" } else { "" });
        vtk += if self.gradients { " with gradients" } else { "" };
        let (folder, name, dt_out) = (self.folder.display(), self.name.as_str(), self.dt_out);
        format!("writes solution files{vtk} called {name} to {folder} every {dt_out}")
    }

    fn next_time(&self) -> Option<f64> {
        // From the start, not from the last output: sums of dt_out would drift.
        Some(self.start + (self.passed + 1) as f64 * self.dt_out)
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.start = now.t;
        self.find(engine)?;
        self.write(engine, now)
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.start = now.t;
        self.find(engine)?;
        if let Some(&[start, passed, dt_out, n]) = engine.kept().get(&self.state).map(Vec::as_slice)
            && dt_out == self.dt_out
        {
            // The file that the run goes on from may be the next one that was due.
            let next = start + (passed + 1.0) * dt_out;
            let (passed, n) = if now.reached(next) { (passed + 1.0, n + 1.0) } else { (passed, n) };
            if now.reached(start + passed * dt_out) && !now.reached(start + (passed + 1.0) * dt_out) {
                (self.start, self.passed, self.n) = (start, passed as u64, n as u64);
            }
        }
        // Numbers go on after those that are there, so that nothing is overwritten.
        let read =
            |cause: std::io::Error| OutputError::Read { path: self.folder.clone(), cause: Cause::Io(cause) };
        let last = match self.name.last_number(&self.folder, solution::EXTENSION) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            last => last.map_err(read),
        };
        if let Some(last) = agree(&**engine.communicator(), last)? {
            self.n = self.n.max(last + 1);
        }
        if self.vtk.is_some() {
            let series = Series::resume(self.series_file(), now.t);
            self.series = Arc::new(Mutex::new(agree(&**engine.communicator(), series)?));
        }
        Ok(())
    }

    fn save(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        let state = vec![self.start, self.passed as f64, self.dt_out, self.n as f64];
        engine.keep(self.state.clone(), state);
        Ok(())
    }

    fn saves_others(&self) -> bool {
        true
    }

    fn writes_solution(&self, now: &Moment) -> bool {
        self.region == Region::All && self.is_due(now)
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if self.is_due(now) {
            self.passed += 1;
            self.write(engine, now)?;
        }
        Ok(())
    }

    fn finish(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        self.settle(engine)?;
        let listed = match self.unlisted.take() {
            Some(listing) if engine.communicator().rank() == 0 => listing.write(&self.series),
            _ => Ok(()),
        };
        Ok(agree(&**engine.communicator(), listed)?)
    }

    fn last_solution(&self) -> Option<(f64, PathBuf)> {
        self.last.clone().filter(|_| self.region == Region::All)
    }

    fn region(&self) -> Option<Region> {
        Some(self.region.clone()).filter(|region| *region != Region::All)
    }

    fn writes_end(&self, span: (f64, f64)) -> Option<bool> {
        let outputs = (span.1 - span.0) / self.dt_out;
        (self.region == Region::All).then(|| (outputs - outputs.round()).abs() <= 1e-9 * outputs.max(1.0))
    }

    fn files(&self, span: (f64, f64)) -> Vec<PathBuf> {
        let base = |(n, t)| self.folder.join(self.name.format(t, n));
        let outputs = (0..).zip(outlook::times(span, self.dt_out));
        let solutions = outputs.map(|output| with_suffix(&base(output), solution::EXTENSION));
        solutions.chain(self.vtk.map(|_| self.series_file())).collect()
    }

    fn expected(&self, run: &Outlook) -> Expected {
        // The last one is written when it falls on the end to rounding.
        let passed = ((run.span.1 - run.span.0) / self.dt_out + 1e-9).floor().max(0.0) as u64;
        let outputs = passed.saturating_add(1);
        let (size, dims) = (run.size, run.size.dims as u64);
        // One number a variable and direction; VTK files have vectors of three but in one dimension.
        let (slopes, shown) = match (self.gradients, dims) {
            (false, _) => (0, 0),
            (true, 1) => (1, size.variables),
            (true, _) => (dims, 3 * size.variables),
        };
        let single = run.precision == Precision::Single;
        let slopes = slopes * size.unknowns() * if single { 4 } else { 8 };
        let vtk = self.vtk.map_or(0, |precision| size.vtk_bytes(run.components + shown, precision));
        let with_vtk = u64::from(self.vtk.is_some());
        Expected {
            files: outputs.saturating_mul(1 + with_vtk).saturating_add(with_vtk),
            bytes: outputs.saturating_mul(size.solution_bytes(run.precision) + slopes + vtk),
        }
    }

    fn written(&self) -> Option<PathBuf> {
        if self.vtk.is_some() && self.last.is_some() {
            return Some(self.series_file());
        }
        self.last.as_ref().map(|(_, path)| path.clone())
    }
}
