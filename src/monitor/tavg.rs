//! Averages over time, written like solutions (docs/src/monitors.md).
//!
//! Expressions are integrated in time by the trapezoidal rule over the moments looked at: every so many steps, and outputs. A
//! *window* is the span between two outputs. A file holds the averages of its window, or (continuous) those since the start,
//! functions of these averages, and how the means of the windows up to there deviate from each other: with the mean `m` and
//! length `w` of each window, and `M = sum(w m) / sum(w)`, the deviation is `sqrt(sum(w (m - M)^2) / sum(w))`, kept up to
//! date by West's method (Comm. ACM 22, 1979). It is zero in the first file.

mod file;

use super::writer::Origin;
use super::{Expected, Moment, Monitor, MonitorError, Outlook, outlook};
use crate::backend::Precision;
use crate::backend::functions::{Functions, Gather};
use crate::engine::integrals::{Known, PointValues};
use crate::engine::region::Region;
use crate::engine::{Engine, KeptFields};
use crate::output::name::NameTemplate;
use crate::output::solution::AVERAGES_EXTENSION;
use crate::output::vtk::{Series, with_suffix};
use crate::parallel::agree;
use crate::physics::expr::Expr;
use std::path::{Path, PathBuf};

/// What a file says about the deviations of window means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviations {
    /// Nothing.
    None,
    /// The largest and the mean over all solution points of each, as numbers beside the averages.
    Summary,
    /// These, and the deviations at all points as further variables, `std-` before the name.
    All,
}

/// What to average, and where to write it.
#[derive(Clone, Debug)]
pub struct AverageSettings {
    /// Name of the state that solutions carry, such as `plugins/tavg-a`.
    pub state: String,
    /// Steps between the moments looked at.
    pub nsteps: u64,
    /// Time between outputs.
    pub dt_out: f64,
    /// Time of the start; none for the start of the run.
    pub tstart: Option<f64>,
    /// Averages since the start in place of those since the output before.
    pub continuous: bool,
    /// What is said about deviations.
    pub deviations: Deviations,
    /// Precision of the files.
    pub precision: Precision,
    /// Names and expressions, at least one, of the variables that [`super::integrate::variables`] lists.
    pub averages: Vec<(String, Expr)>,
    /// Names and expressions of the averages, in their order.
    pub functions: Vec<(String, Expr)>,
    /// Whether any of the averages needs gradients.
    pub gradients: bool,
    /// Folder of the files, which is made if it does not exist.
    pub folder: PathBuf,
    /// Their names.
    pub name: NameTemplate,
    /// VTK files, too.
    pub vtk: bool,
    /// The part of the mesh that is written.
    pub region: Region,
    /// Texts that make a file describe itself.
    pub origin: Origin,
}

/// Averages over time.
#[derive(Debug)]
pub struct Tavg {
    settings: AverageSettings,
    series: Series,
    /// Number of the next file.
    n: u64,
    /// Last step seen.
    step: u64,
    /// There once averaging has begun.
    sums: Option<Sums>,
    /// The expressions, where the device evaluates them and keeps what was looked at last and the sums of the window.
    known: Option<Known>,
    /// The elements that are written, found at the start; none where these are all.
    elements: Option<Vec<Vec<u32>>>,
    last: Option<PathBuf>,
}

/// Averages under way.
#[derive(Debug)]
struct Sums {
    /// When averaging began, and outputs since.
    start: f64,
    passed: u64,
    /// Start of the window.
    window: f64,
    /// Last moment looked at.
    at: f64,
    /// Summed length of the windows that the deviations are of.
    weight: f64,
    /// Solution points an element of each block.
    points: Vec<usize>,
    /// The first two groups are out of date where the device has them. Fields in the groups of [`Groups`], block by block `[element][field][point]`.
    fields: Vec<Vec<f64>>,
}

/// Looks at the solution after which the sums of a device in single precision are added to those of the host: rounding leaves
/// 1e-6 of them until then, and would leave the more the longer the window is.
const LOOKS: u64 = 32;

/// Positions of the first of each group of fields: the values looked at last, their integrals over the window, in two parts
/// (what was added up lately, what before), those from the start to the window (continuous only), and mean and spread
/// (`sum(w (m - M)^2)`) of the window means, functions too.
#[derive(Clone, Copy, Debug)]
struct Groups {
    averages: usize,
    /// With the functions.
    all: usize,
    sum: usize,
    before: usize,
    total: Option<usize>,
    mean: Option<usize>,
    len: usize,
}

impl AverageSettings {
    fn groups(&self) -> Groups {
        let (averages, all) = (self.averages.len(), self.averages.len() + self.functions.len());
        let total = self.continuous.then_some(3 * averages);
        let next = averages * if self.continuous { 4 } else { 3 };
        let mean = (self.deviations != Deviations::None).then_some(next);
        let len = next + if mean.is_some() { 2 * all } else { 0 };
        Groups { averages, all, sum: averages, before: 2 * averages, total, mean, len }
    }

    /// Names of averages and functions.
    fn names(&self) -> Vec<String> {
        self.averages.iter().chain(&self.functions).map(|(name, _)| name.clone()).collect()
    }

    /// Names of the fields that are kept.
    fn field_names(&self) -> Vec<String> {
        let group = |what: &'static str, count: usize| {
            let names = self.names();
            (0..count).map(move |i| format!("{what}-{}", names[i]))
        };
        let (few, all) = (self.averages.len(), self.averages.len() + self.functions.len());
        let mut names: Vec<String> =
            group("last", few).chain(group("sum", few)).chain(group("before", few)).collect();
        if self.continuous {
            names.extend(group("total", few));
        }
        if self.deviations != Deviations::None {
            names.extend(group("mean", all).chain(group("spread", all)));
        }
        names
    }
}

impl Tavg {
    /// Averages that are yet to begin.
    pub fn new(settings: AverageSettings) -> Tavg {
        let series = Series::new(series_file(&settings.folder, &settings.name));
        Tavg { settings, series, n: 0, step: 0, sums: None, known: None, elements: None, last: None }
    }

    /// The expressions now, block by block `[element][average][point]`. Collective.
    fn values(&self, engine: &mut Engine, t: f64) -> Result<Vec<Vec<f64>>, MonitorError> {
        let list = &self.settings.averages;
        let function = |point: PointValues, out: &mut [f64]| {
            let variables = point.variables(t);
            out.iter_mut().zip(list).for_each(|(out, (_, expr))| *out = expr.eval_f64(&variables));
        };
        Ok(engine.evaluate(t, self.settings.gradients, list.len(), function)?)
    }

    /// Finds the elements that are written. Collective.
    fn find(&mut self, engine: &Engine) -> Result<(), MonitorError> {
        if self.settings.region != Region::All {
            self.elements = Some(super::region_elements(engine, &self.settings.region)?);
        }
        Ok(())
    }

    /// Begins if it is time to. Collective.
    fn begin(&mut self, engine: &mut Engine, t: f64) -> Result<(), MonitorError> {
        if self.settings.tstart.is_some_and(|tstart| t < tstart) {
            return Ok(());
        }
        let groups = self.settings.groups();
        let blocks = &engine.discretisation().blocks;
        let points: Vec<usize> = blocks.iter().map(|b| b.points_per_element()).collect();
        let fields =
            blocks.iter().map(|b| vec![0.0; b.len() * groups.len * b.points_per_element()]).collect();
        self.sums = Some(Sums { start: t, passed: 0, window: t, at: t, weight: 0.0, points, fields });
        self.tell(engine)?;
        self.add(engine, t)
    }

    /// Tells the device of the expressions, and gives it what it keeps. Collective.
    fn tell(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        let list = self.settings.averages.iter().map(|(_, expr)| expr.clone()).collect();
        let (primitives, dims) = (engine.variables().primitive().len(), engine.discretisation().dims);
        let known = engine.add_functions(Functions { list, gather: Gather::Integral, primitives, dims })?;
        self.known = if engine.begin_averages(&known)? { Some(known) } else { None };
        self.push(engine)
    }

    /// Adds the time from the last moment to `t`. Collective.
    fn add(&mut self, engine: &mut Engine, t: f64) -> Result<(), MonitorError> {
        let half = self.sums.as_ref().map_or(0.0, |sums| 0.5 * (t - sums.at));
        if let (Some(known), Some(sums)) = (&self.known, &mut self.sums)
            && engine.average(known, t, half)?
        {
            sums.at = t;
            return self.settle(engine);
        }
        self.pull(engine)?;
        let values = self.values(engine, t)?;
        let groups = self.settings.groups();
        if let Some(sums) = &mut self.sums {
            sums.add(groups, t, &values);
        }
        self.push(engine)
    }

    /// Takes the sums from a device in single precision, now and then: by the steps, so that runs that go on do the same.
    fn settle(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        let every = LOOKS.saturating_mul(self.settings.nsteps);
        if engine.precision() == Precision::Double || !self.step.is_multiple_of(every) {
            return Ok(());
        }
        self.pull(engine)?;
        let groups = self.settings.groups();
        if let Some(sums) = &mut self.sums {
            for (fields, points) in sums.fields.iter_mut().zip(&sums.points) {
                for fields in fields.chunks_exact_mut(groups.len * points) {
                    let (lately, before) =
                        fields[groups.sum * points..].split_at_mut(groups.averages * points);
                    let before = before[..lately.len()].iter_mut().zip(lately);
                    before.for_each(|(before, lately)| *before += std::mem::take(lately));
                }
            }
        }
        self.push(engine)
    }

    /// Brings what the device keeps to the fields.
    fn pull(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        if let (Some(known), Some(sums)) = (&self.known, &mut self.sums) {
            let blocks = engine.averages(known)?;
            sums.exchange(self.settings.groups(), blocks, |field, value| *field = *value);
        }
        Ok(())
    }

    /// Brings the fields to the device that it keeps.
    fn push(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        if let (Some(known), Some(sums)) = (&self.known, &mut self.sums) {
            let groups = self.settings.groups();
            let size = |(fields, points): (&Vec<f64>, &usize)| {
                vec![0.0; fields.len() / (groups.len * points) * 2 * groups.averages * points]
            };
            let blocks = sums.fields.iter().zip(&sums.points).map(size).collect();
            let blocks = sums.exchange(groups, blocks, |field, value| *value = *field);
            engine.set_averages(known, &blocks)?;
        }
        Ok(())
    }

    /// Looks at the solution and, where it is time to, ends the window. Collective. `again`: a file that is there already
    /// is not written once more.
    fn look(&mut self, engine: &mut Engine, now: &Moment, again: bool) -> Result<(), MonitorError> {
        self.step = now.step;
        if self.sums.is_none() {
            return self.begin(engine, now.t);
        }
        let ends = self.next_time().is_some_and(|next| now.reached(next));
        if !ends && !now.step.is_multiple_of(self.settings.nsteps) {
            return Ok(());
        }
        self.add(engine, now.t)?;
        if ends { self.end_window(engine, now, again) } else { Ok(()) }
    }

    /// Writes the averages and begins the next window. Collective.
    fn end_window(&mut self, engine: &mut Engine, now: &Moment, again: bool) -> Result<(), MonitorError> {
        self.pull(engine)?;
        let Some(mut sums) = self.sums.take() else { return Ok(()) };
        let output = sums.end_window(&self.settings, now.t);
        let file = file::Output {
            span: (if self.settings.continuous { sums.start } else { sums.window }, now.t),
            windows: sums.passed + 1,
            values: output,
        };
        (sums.passed, sums.window) = (sums.passed + 1, now.t);
        self.sums = Some(sums);
        self.push(engine)?;
        self.write(engine, now, file, again)?;
        self.n += 1;
        Ok(())
    }

    /// What it needs to go on.
    fn numbers(&self) -> Vec<f64> {
        let mut numbers = vec![self.step as f64, self.n as f64];
        if let Some(s) = &self.sums {
            numbers.extend([s.start, s.passed as f64, s.window, s.at, s.weight]);
        }
        numbers
    }

    /// Goes on from [`Tavg::numbers`] and the fields that belong to them; false where they do not fit.
    fn restore(&mut self, engine: &Engine, numbers: &[f64]) -> bool {
        let count = |x: f64| (x >= 0.0 && x < 2f64.powi(53) && x.fract() == 0.0).then_some(x as u64);
        if !numbers.iter().all(|x| x.is_finite()) {
            return false;
        }
        let (sums, [step, n]) = match *numbers {
            [step, n] => (None, [step, n]),
            [step, n, start, passed, window, at, weight] => {
                let Some(kept) = engine.kept_fields().get(&self.settings.state) else { return false };
                let Some(passed) = count(passed) else { return false };
                let (blocks, names) = (&engine.discretisation().blocks, self.settings.field_names());
                let sizes = blocks.iter().map(|b| b.len() * b.points_per_element() * names.len());
                if kept.names != names || !kept.blocks.iter().map(Vec::len).eq(sizes) {
                    return false;
                }
                let fields = kept.blocks.clone();
                let points = blocks.iter().map(|b| b.points_per_element()).collect();
                (Some(Sums { start, passed, window, at, weight, points, fields }), [step, n])
            }
            _ => return false,
        };
        let (Some(step), Some(n)) = (count(step), count(n)) else { return false };
        (self.sums, self.step, self.n) = (sums, step, n);
        true
    }
}

impl Sums {
    /// Calls `each(field, value)` for the fields of the first two groups, and values `[element][field][point]` in `blocks`.
    fn exchange(
        &mut self,
        groups: Groups,
        mut blocks: Vec<Vec<f64>>,
        each: impl Fn(&mut f64, &mut f64),
    ) -> Vec<Vec<f64>> {
        for ((fields, points), values) in self.fields.iter_mut().zip(&self.points).zip(&mut blocks) {
            let elements = fields.chunks_exact_mut(groups.len * points);
            for (fields, values) in elements.zip(values.chunks_exact_mut(2 * groups.averages * points)) {
                fields.iter_mut().zip(values).for_each(|(field, value)| each(field, value));
            }
        }
        blocks
    }

    /// Adds the time from the last moment to `t`, at which the expressions have the values `values`.
    fn add(&mut self, groups: Groups, t: f64, values: &[Vec<f64>]) {
        let half = 0.5 * (t - self.at);
        for ((fields, points), values) in self.fields.iter_mut().zip(&self.points).zip(values) {
            let elements = fields.chunks_exact_mut(groups.len * points);
            for (fields, values) in elements.zip(values.chunks_exact(groups.averages * points)) {
                let (last, rest) = fields.split_at_mut(groups.sum * points);
                for ((last, sum), value) in last.iter_mut().zip(rest).zip(values) {
                    *sum += half * (*last + value);
                    *last = *value;
                }
            }
        }
        self.at = t;
    }

    /// What a file at time `t` holds, block by block `[element][averages, functions, their deviations][point]`; then the sums
    /// of the next window are empty.
    fn end_window(&mut self, settings: &AverageSettings, t: f64) -> Vec<Vec<f64>> {
        let groups = settings.groups();
        let (length, since_start) = (t - self.window, t - self.start);
        self.weight += length;
        let outputs = groups.all * if groups.mean.is_some() { 2 } else { 1 };
        let functions = |values: &mut [f64]| {
            let (averages, functions) = values.split_at_mut(groups.averages);
            let list = functions.iter_mut().zip(&settings.functions);
            list.for_each(|(value, (_, expr))| *value = expr.eval_f64(averages));
        };
        let (mut window, mut output) = (vec![0.0; groups.all], vec![0.0; groups.all]);
        let mut files = vec![];
        for (fields, &points) in self.fields.iter_mut().zip(&self.points) {
            let elements = fields.len() / (groups.len * points);
            let mut file = vec![0.0; elements * outputs * points];
            let elements = fields.chunks_exact_mut(groups.len * points);
            for (fields, file) in elements.zip(file.chunks_exact_mut(outputs * points)) {
                for p in 0..points {
                    for i in 0..groups.averages {
                        let lately = std::mem::take(&mut fields[(groups.sum + i) * points + p]);
                        let part = lately + std::mem::take(&mut fields[(groups.before + i) * points + p]);
                        window[i] = part / length;
                        output[i] = window[i];
                        if let Some(total) = groups.total {
                            let total = &mut fields[(total + i) * points + p];
                            *total += part;
                            output[i] = *total / since_start;
                        }
                    }
                    functions(&mut window);
                    functions(&mut output);
                    output.iter().enumerate().for_each(|(i, value)| file[i * points + p] = *value);
                    let Some(mean) = groups.mean else { continue };
                    for (i, value) in window.iter().enumerate() {
                        let (at, spread) = ((mean + i) * points + p, (mean + groups.all + i) * points + p);
                        let away = value - fields[at];
                        // Exactly the first window's own where it is the only one.
                        fields[at] += away * (length / self.weight);
                        fields[spread] += length * away * (value - fields[at]);
                        // Rounding may leave a spread below nothing.
                        file[(groups.all + i) * points + p] = (fields[spread] / self.weight).max(0.0).sqrt();
                    }
                }
            }
            files.push(file);
        }
        files
    }
}

/// The file that lists all VTK files.
fn series_file(folder: &Path, name: &NameTemplate) -> PathBuf {
    folder.join(format!("{}.pvd", name.series_name()))
}

impl Monitor for Tavg {
    fn describe(&self) -> String {
        let AverageSettings { nsteps, dt_out, continuous, folder, name, vtk, .. } = &self.settings;
        let what = if *continuous { "since the start" } else { "since the output before" };
        let vtk = if *vtk { " and VTK files" } else { "" };
        format!(
            "averages {} over time every {nsteps} steps, {what}, and writes files{vtk} called {} to {} every {dt_out}",
            self.settings.names().join(", "),
            name.as_str(),
            folder.display()
        )
    }

    fn next_time(&self) -> Option<f64> {
        match &self.sums {
            // From the start, not from the last output: sums of dt_out would drift.
            Some(sums) => Some(sums.start + (sums.passed + 1) as f64 * self.settings.dt_out),
            None => self.settings.tstart,
        }
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.find(engine)?;
        self.step = now.step;
        self.begin(engine, now.t)
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.find(engine)?;
        let series = match engine.communicator().rank() {
            0 => Series::resume(series_file(&self.settings.folder, &self.settings.name), now.t).map(Some),
            _ => Ok(None),
        };
        if let Some(series) = agree(&**engine.communicator(), series)? {
            self.series = series;
        }
        let Some(numbers) = engine.kept().get(&self.settings.state).cloned() else {
            return self.start(engine, now);
        };
        if !self.restore(engine, &numbers) {
            return Err(MonitorError::State { name: self.settings.state.clone() });
        }
        if self.sums.is_some() {
            self.tell(engine)?;
        }
        // The solution may have been written before this monitor saw it.
        if self.step < now.step { self.look(engine, now, true) } else { Ok(()) }
    }

    fn save(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        self.pull(engine)?;
        engine.keep(self.settings.state.clone(), self.numbers());
        if let Some(sums) = &self.sums {
            let fields = KeptFields { names: self.settings.field_names(), blocks: sums.fields.clone() };
            engine.keep_fields(self.settings.state.clone(), fields);
        }
        Ok(())
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.look(engine, now, false)
    }

    fn region(&self) -> Option<Region> {
        Some(self.settings.region.clone()).filter(|region| *region != Region::All)
    }

    fn files(&self, span: (f64, f64)) -> Vec<PathBuf> {
        let AverageSettings { tstart, dt_out, folder, name, vtk, .. } = &self.settings;
        let start = tstart.map_or(span.0, |tstart| tstart.max(span.0));
        // The first window ends an interval later.
        let outputs = (0..).zip(outlook::times((start, span.1), *dt_out).skip(1));
        let averages = outputs.map(|(n, t)| with_suffix(&folder.join(name.format(t, n)), AVERAGES_EXTENSION));
        averages.chain(vtk.then(|| series_file(folder, name))).collect()
    }

    fn expected(&self, run: &Outlook) -> Expected {
        let settings = &self.settings;
        let start = settings.tstart.map_or(run.span.0, |tstart| tstart.max(run.span.0));
        let outputs = ((run.span.1 - start) / settings.dt_out + 1e-9).floor().max(0.0) as u64;
        let deviations = settings.deviations == Deviations::All;
        let names = settings.names().len() as u64 * if deviations { 2 } else { 1 };
        // As many as a solution's for each variable.
        let file =
            run.size.solution_bytes(settings.precision).saturating_mul(names) / run.size.variables.max(1);
        let vtk = if settings.vtk { run.size.vtk_bytes(names, settings.precision) } else { 0 };
        let list = u64::from(settings.vtk && outputs > 0);
        Expected {
            files: outputs.saturating_mul(1 + u64::from(settings.vtk)).saturating_add(list),
            bytes: outputs.saturating_mul(file + vtk),
        }
    }

    fn written(&self) -> Option<PathBuf> {
        if self.settings.vtk && !self.series.outputs().is_empty() {
            return Some(series_file(&self.settings.folder, &self.settings.name));
        }
        self.last.clone()
    }
}

#[cfg(test)]
mod tests;
