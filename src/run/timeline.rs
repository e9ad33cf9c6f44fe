//! Steps that land on output times and on the end.

use super::Span;
use crate::engine::Engine;

/// Under which name the timeline is kept with solutions: the time it counts from, the steps since, their size.
const STATE: &str = "run/timeline";

/// Lands steps on targets. Times are counted from the last step of another size, because a sum of many steps drifts.
pub(super) struct Timeline {
    span: Span,
    from: f64,
    taken: u64,
    dt: f64,
}

impl Timeline {
    pub(super) fn new(span: Span) -> Timeline {
        Timeline { span, from: span.tstart, taken: 0, dt: span.dt }
    }

    /// The timeline of a run that goes on at `t`, with what `engine` keeps of it.
    pub(super) fn resume(span: Span, t: f64, engine: &Engine) -> Timeline {
        let mut timeline = Timeline { span, from: t, taken: 0, dt: span.dt };
        if let Some(&[from, taken, dt]) = engine.kept().get(STATE).map(Vec::as_slice)
            && from <= t
            && (from + taken * dt - t).abs() <= 1e-9 * (t - from).max(dt)
        {
            (timeline.from, timeline.taken, timeline.dt) = (from, taken as u64, dt);
        }
        timeline
    }

    /// Leaves with `engine` what it takes to count on.
    pub(super) fn save(&self, engine: &mut Engine) {
        engine.keep(STATE.into(), vec![self.from, self.taken as f64, self.dt]);
    }

    /// Counts from `t` on.
    pub(super) fn restart(&mut self, t: f64) {
        (self.from, self.taken) = (t, 0);
    }

    /// The step to take at `t` towards `target` where one of size `dt` is wanted, and the time it leads to.
    pub(super) fn next(&mut self, t: f64, target: f64, dt: f64) -> (f64, f64) {
        let Span { dt_min, lookahead, .. } = self.span;
        let dt = dt.max(dt_min);
        if dt != self.dt {
            self.restart(t);
            self.dt = dt;
        }
        let remaining = target - t;
        // A sliver is left out; where steps are as short as can be, that is not to make them much longer.
        let sliver = (5.0 * dt_min).min(1e-3 * dt);
        let steps = ((remaining - sliver) / dt).ceil();
        if steps > 1.0 && steps > lookahead as f64 {
            self.taken += 1;
            return (dt, self.from + self.taken as f64 * dt);
        }
        let (dt, end) = if steps <= 1.0 {
            (remaining, target)
        } else {
            let dt = (remaining / steps).max(dt_min);
            (dt, t + dt)
        };
        self.restart(end);
        (dt, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times a run passes through.
    fn times(span: Span, target: f64) -> Vec<f64> {
        let mut timeline = Timeline::new(span);
        let mut times = vec![span.tstart];
        while times[times.len() - 1] < target {
            times.push(timeline.next(times[times.len() - 1], target, span.dt).1);
        }
        times
    }

    #[test]
    fn steps_land_on_targets_without_slivers_or_drift() {
        let times = times(Span::new(0.0, 100.0, 0.005), 100.0);
        assert_eq!(times.len(), 20_001);
        assert!(times.iter().enumerate().all(|(n, t)| *t == n as f64 * 0.005));
    }

    #[test]
    fn the_last_step_is_shortened_or_the_last_few_made_equal() {
        let span = Span::new(0.0, 1.0, 0.3);
        assert_eq!(times(span, 1.0), [0.0, 0.3, 0.6, 0.8999999999999999, 1.0]);
        assert_eq!(times(Span { lookahead: 10, ..span }, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }
}
