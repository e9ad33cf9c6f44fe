//! Progress of a run: a bar on a terminal, a line now and then elsewhere.

use crate::run::{Status, Watcher};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Once;
use std::time::{Duration, Instant};

/// Parts of the bar: time runs from 0 to this.
const TICKS: u64 = 10_000;

/// How to show the progress of a run.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// A bar on a terminal, lines elsewhere.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// A line every few seconds.
    Lines,
    /// The same as JSON, for programs.
    Json,
    /// Nothing.
    None,
}

/// Shows the progress of a run.
pub enum Progress {
    /// A bar.
    Bar(ProgressBar),
    /// Lines.
    Lines,
    /// Lines of JSON.
    Json,
    /// Nothing: another rank speaks.
    Silent,
}

impl Progress {
    /// Nothing on ranks that do not `speak`.
    pub fn new(style: Style, speak: bool) -> Progress {
        match style {
            _ if !speak => return Progress::Silent,
            Style::None => return Progress::Silent,
            Style::Json => return Progress::Json,
            Style::Lines => return Progress::Lines,
            Style::Auto if !std::io::stderr().is_terminal() => return Progress::Lines,
            Style::Auto | Style::Bar => {}
        }
        let bar = ProgressBar::new(TICKS);
        let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress::Bar(bar)
    }
}

/// A bar for work that is counted, on a terminal, once it has taken a second.
pub struct Work {
    bar: ProgressBar,
    started: Instant,
    shown: Once,
}

impl Work {
    /// Starts counting time.
    pub fn new() -> Work {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{msg} {bar:30} {percent:>3}%  {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Work { bar, started: Instant::now(), shown: Once::new() }
    }

    /// `done` of `total` parts of the work called `what` are done.
    pub fn report(&self, what: &str, done: u64, total: u64) {
        if self.started.elapsed() > Duration::from_secs(1) {
            self.shown.call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
            self.bar.set_message(what.to_string());
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The numbers of a status.
fn text(status: &Status) -> String {
    let left = match status.left {
        Some(left) if status.now.t < status.span.1 => format!("  {} left", duration(left)),
        _ => String::new(),
    };
    format!(
        "t = {:.6} of {}  step {}  dt {:.3e} ({})  {} DOF/s{left}",
        status.now.t,
        status.span.1,
        status.now.step,
        status.now.dt,
        status.limit,
        si(status.dof_per_second)
    )
}

/// The same for programs: an object a line. Times of the simulation are in its units, those of the wall clock in seconds.
fn json(status: &Status, event: &str) -> String {
    serde_json::json!({
        "event": event,
        "t": status.now.t,
        "tend": status.span.1,
        "step": status.now.step,
        "rejected": status.rejected,
        "dt": status.now.dt,
        "limit": status.limit,
        "dof-per-second": status.dof_per_second,
        "elapsed": status.elapsed.as_secs_f64(),
        "left": status.left.map(|left| left.as_secs_f64()),
    })
    .to_string()
}

/// A duration a person reads at a glance.
pub fn duration(d: Duration) -> String {
    let s = d.as_secs();
    match s {
        0 => format!("{:.2} s", d.as_secs_f64()),
        1..=59 => format!("{:.1} s", d.as_secs_f64()),
        60..=3599 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

/// A number with a prefix: 12.3 M.
pub fn si(x: f64) -> String {
    for (factor, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if x >= factor {
            return format!("{:.1} {prefix}", x / factor);
        }
    }
    format!("{x:.0} ")
}

impl Watcher for Progress {
    fn interval(&self) -> Duration {
        match self {
            Progress::Bar(_) => Duration::from_millis(100),
            Progress::Lines | Progress::Json => Duration::from_secs(5),
            Progress::Silent => Duration::MAX,
        }
    }

    fn report(&mut self, status: &Status) {
        match self {
            Progress::Bar(bar) => {
                let (start, end) = status.span;
                bar.set_position(((status.now.t - start) / (end - start) * TICKS as f64) as u64);
                bar.set_message(text(status));
            }
            Progress::Lines => say!("{}", text(status)),
            Progress::Json => say!("{}", json(status, "progress")),
            Progress::Silent => {}
        }
    }

    fn finish(&mut self, status: &Status) {
        let rejected = match status.rejected {
            0 => String::new(),
            n => format!(" and {n} rejected ones"),
        };
        let done = if status.now.t < status.span.1 { "stopped" } else { "done" };
        let last = format!(
            "{done}: t = {}, {} steps{rejected} in {}, {} DOF/s",
            status.now.t,
            status.now.step,
            duration(status.elapsed),
            si(status.dof_per_second)
        );
        match self {
            Progress::Bar(bar) => {
                bar.finish_and_clear();
                say!("{last}");
            }
            Progress::Lines => say!("{last}"),
            Progress::Json => say!("{}", json(status, "end")),
            Progress::Silent => {}
        }
    }
}
