//! One measurement with all that is needed to compare it with another one, later or elsewhere.

use super::bandwidth::{self, Bandwidth};
use super::memory::{self, Resident};
use super::{Effort, Timing, measure};
use crate::backend::Precision;
use crate::backend::discretisation::Metrics;
use crate::engine::{BackendChoice, Engine, EngineError};
use crate::parallel::timed::Timed;
use crate::parallel::{AgreedError, Communicator};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// A measurement; figures are of all ranks together.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was run: a workload's name, or files.
    pub workload: String,
    /// Polynomial order.
    pub order: usize,
    /// Shapes of the elements.
    pub shapes: Vec<&'static str>,
    /// Elements.
    pub elements: u64,
    /// Share of the elements with one metric for all points.
    pub straight: f64,
    /// Name of the backend.
    pub backend: &'static str,
    /// What the first rank ran on.
    pub device: String,
    /// Working precision.
    pub precision: Precision,
    /// Ranks, and threads of each.
    pub layout: (usize, usize),
    /// The steps.
    pub timing: Timing,
    /// Bytes of a right-hand side by the kernel plan, see [`Engine::traffic`].
    pub plan_bytes: f64,
    /// What the machine gave right after.
    pub bandwidth: Bandwidth,
    /// Bytes that the backends hold.
    pub backend_bytes: u64,
    /// Memory of the processes during the steps, and the most from their start to there, the making of the mesh included.
    pub resident: Option<Resident>,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A rank's device failed between the steps.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The machine's bandwidth; the same on all ranks.
    #[error(transparent)]
    Bandwidth(#[from] AgreedError),
}

/// Measures steps of size `dt` of `engine` from time `t` on, and then the bandwidth of what it ran on. `ranks` is the
/// communicator that the engine was made with, `backend` the choice. Collective.
///
/// # Errors
/// See [`RecordError`].
pub fn take(
    workload: &str,
    mut engine: Engine,
    ranks: &Timed,
    backend: &BackendChoice,
    (t, dt): (f64, f64),
    effort: Effort,
) -> Result<Record, RecordError> {
    let timing = measure(&mut engine, ranks, (t, dt), effort)?;
    let resident = memory::resident();
    let disc = engine.discretisation();
    let affine = |m: &Metrics| matches!(m, Metrics::Affine { .. });
    let straight: usize = disc.blocks.iter().filter(|b| affine(&b.metrics)).map(|b| b.len()).sum();
    let own: usize = disc.blocks.iter().map(|b| b.len()).sum();
    let traffic = engine.traffic(engine.variables().is_viscous()).total();
    let mut sums = [
        own as u64,
        straight as u64,
        traffic as u64,
        engine.memory(),
        resident.map_or(0, |r| r.now),
        resident.map_or(0, |r| r.peak),
        u64::from(resident.is_some()),
    ];
    ranks.sum_u64(&mut sums);
    let mut shapes: Vec<&str> = disc.blocks.iter().map(|b| b.operators.shape.name()).collect();
    shapes.dedup();
    let (order, precision, device) = (disc.order, engine.precision(), engine.description());
    // Before the arrays of the bandwidth.
    drop(engine);
    let (backend, bandwidth) = yardstick(backend, ranks)?;
    Ok(Record {
        workload: workload.into(),
        order,
        shapes,
        elements: sums[0],
        straight: sums[1] as f64 / (sums[0] as f64).max(1.0),
        backend,
        device,
        precision,
        layout: (ranks.size(), rayon::current_num_threads()),
        timing,
        plan_bytes: sums[2] as f64,
        bandwidth,
        backend_bytes: sums[3],
        resident: (sums[6] == ranks.size() as u64).then_some(Resident { now: sums[4], peak: sums[5] }),
    })
}

/// Name of the backend, and the bandwidth of what it runs on.
fn yardstick(
    backend: &BackendChoice,
    ranks: &dyn Communicator,
) -> Result<(&'static str, Bandwidth), AgreedError> {
    match backend {
        BackendChoice::Cpu(_) => Ok(("cpu", bandwidth::processors(ranks))),
        #[cfg(feature = "gpu")]
        BackendChoice::Gpu(choice) => Ok(("gpu", bandwidth::device(choice.as_deref(), ranks)?)),
        #[cfg(not(feature = "gpu"))]
        BackendChoice::Gpu(_) => Ok(("gpu", bandwidth::processors(ranks))),
        BackendChoice::Reference => Ok(("reference", bandwidth::processors(ranks))),
    }
}

impl Record {
    /// The record for programs: names of figures end with their unit, `dof` being an unknown (one variable at one point).
    pub fn to_json(&self) -> Value {
        let timing = &self.timing;
        let unknowns = timing.unknowns as f64;
        let [median, least, most] = timing.rates();
        let plan = self.plan_bytes / unknowns;
        let resident = |of: fn(Resident) -> u64| self.resident.map(|r| of(r) as f64 / unknowns);
        let mut record = json!({
            "workload": self.workload,
            "order": self.order,
            "shapes": self.shapes.join("+"),
            "elements": self.elements,
            "straight-fraction": self.straight,
            "dofs": timing.unknowns,
            "backend": self.backend,
            "device": self.device,
            "precision": if self.precision == Precision::Single { "f32" } else { "f64" },
            "ranks": self.layout.0,
            "threads-a-rank": self.layout.1,
            "right-hand-sides-a-step": timing.stages,
            "steps-a-repetition": timing.steps,
            "repetitions": timing.step_seconds.len(),
            "dofs-per-second": median,
            "dofs-per-second-least": least,
            "dofs-per-second-most": most,
            "plan-bytes-per-dof": plan,
            "plan-bytes-per-second": plan * median,
            "copy-bytes-per-second": self.bandwidth.copy,
            "triad-bytes-per-second": self.bandwidth.triad,
            "fraction-of-copy": plan * median / self.bandwidth.copy,
            "fraction-of-triad": self.bandwidth.triad.map(|triad| plan * median / triad),
            "halo-wait-fraction": timing.waiting,
            "halo-messages-per-step": timing.messages,
            "halo-bytes-per-step": timing.message_bytes,
            "backend-bytes-per-dof": self.backend_bytes as f64 / unknowns,
            "resident-bytes-per-dof": resident(|r| r.now),
            "peak-resident-bytes-per-dof": resident(|r| r.peak),
        });
        if let (Value::Object(record), Value::Object(machine)) = (&mut record, machine()) {
            record.extend(machine);
        }
        record
    }
}

/// Where and when this is, and what program.
fn machine() -> Value {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let features = [
        ("gpu", cfg!(feature = "gpu")),
        ("mpi", cfg!(feature = "mpi")),
        ("avx2", cfg!(feature = "avx2")),
        ("avx512", cfg!(feature = "avx512")),
    ];
    let features: Vec<&str> = features.iter().filter(|f| f.1).map(|f| f.0).collect();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    json!({
        "processor": processor.map(|p| p.1.trim()),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "version": env!("CARGO_PKG_VERSION"),
        "features": features,
        "date": date(seconds),
    })
}

/// Date and time of day (UTC, ISO 8601) so many seconds after the beginning of 1970. Days to dates: E. G. Richards, in
/// "Explanatory Supplement to the Astronomical Almanac", 3rd ed., 2013, 15.11.3.
fn date(seconds: u64) -> String {
    let (day, time) = (seconds / 86_400 + 2_440_588, seconds % 86_400);
    let f = day + 1401 + (4 * day + 274_277) / 146_097 * 3 / 4 - 38;
    let e = 4 * f + 3;
    let h = 5 * (e % 1461 / 4) + 2;
    let (day, month) = (h % 153 / 5 + 1, (h / 153 + 2) % 12 + 1);
    let year = e / 1461 + (14 - month) / 12 - 4716;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload;
    use crate::parallel::serial::Serial;
    use std::sync::Arc;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(date(seconds), text);
        }
    }

    #[test]
    fn a_record_says_what_was_measured() {
        let workload = workload::find("euler-quad-p3-curved").unwrap();
        let timed = Timed::new(Arc::new(Serial));
        let ranks: Arc<dyn Communicator> = timed.clone();
        let backend = BackendChoice::Cpu(None);
        let engine = workload.engine([8; 3], backend.clone(), Precision::Single, &ranks).unwrap();
        let effort = Effort { steps: Some(1), repetitions: 3, seconds: 0.0 };
        let record =
            take(workload.name, engine, &timed, &backend, (0.0, workload::DT), effort).unwrap().to_json();
        for (key, wanted) in [("dofs", 64 * 16 * 4), ("elements", 64), ("repetitions", 3), ("ranks", 1)] {
            assert_eq!(record[key], wanted, "{key}");
        }
        assert_eq!(record["precision"], "f32");
        assert_eq!(record["shapes"], "quad");
        assert_eq!(record["straight-fraction"], 0.0);
        assert_eq!(record["halo-bytes-per-step"], 0.0);
        let number = |key: &str| record[key].as_f64().unwrap();
        assert!(number("dofs-per-second-least") <= number("dofs-per-second"));
        assert!(number("dofs-per-second") <= number("dofs-per-second-most"));
        let fraction =
            number("plan-bytes-per-dof") * number("dofs-per-second") / number("copy-bytes-per-second");
        assert!((number("fraction-of-copy") / fraction - 1.0).abs() < 1e-12);
        assert!(number("backend-bytes-per-dof") > 4.0);
    }
}
