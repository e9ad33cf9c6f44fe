//! What holds for all monitors with rows: a run that goes on leaves the files of one that never stopped.

use super::fluidforce::ForceSettings;
use super::integrate::{Integrands, Norm, variables};
use super::rows::Rows;
use super::sampler::SampleSettings;
use super::snapshot::Snapshot;
use super::writer::Origin;
use super::*;
use crate::engine::{BoundarySpec, Settings};
use crate::mesh::generate::{BoxMesh, Cells};
use crate::mesh::local::cut;
use crate::output::solution::BlockRows;
use crate::output::{collect, solution};
use crate::parallel::{Communicator, threads};
use crate::physics::SystemSpec;
use crate::physics::expr::Expr;
use std::path::Path;
use std::sync::Arc;

const DT: f64 = 1.0 / 256.0;
const NAMES: [&str; 5] = ["residual.csv", "integrals.csv", "steps.csv", "samples.csv", "force.csv"];

fn engine(comm: Arc<dyn Communicator>) -> Engine {
    let mesh = BoxMesh::new(Cells::TriQuad, [3, 3, 1]).periodic([true, false, false]).build();
    let system = SystemSpec::new("navier-stokes").with("gamma", 1.4).with("mu", 0.01).with("Pr", 0.7);
    let mut settings = Settings::new(system, 2);
    for name in &mesh.boundaries {
        let wall = BoundarySpec { kind: "no-slp-adia-wall".into(), ..BoundarySpec::default() };
        settings.boundaries.insert(name.clone(), wall);
    }
    let part: Vec<u32> = (0..mesh.len()).map(|id| (id % comm.size()) as u32).collect();
    let mut engine = Engine::new(&settings, cut(&mesh, &part, comm.rank()), comm).unwrap();
    engine.set_initial(|x, out| out.copy_from_slice(&[1.0, 0.1 + 0.1 * x[1], 0.0, 1.0])).unwrap();
    engine
}

fn monitors(folder: &Path, boundary: &str) -> Vec<Box<dyn Monitor>> {
    let [residual, integrals, steps, samples, force] = NAMES.map(|name| folder.join(name));
    let names = variables(&["rho", "u", "v", "p"], 2);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let energy = Expr::parse("rho*(u*u + v*v)", &names, &Default::default()).unwrap();
    let list = vec![("int-k".to_string(), energy)];
    let integrands = Integrands {
        list,
        primitives: 4,
        dims: 2,
        norm: Norm::None,
        region: crate::engine::region::Region::All,
        degrees: Default::default(),
    };
    let points = vec![[0.3, 0.6, 0.0], [0.5, 0.5, 0.0]];
    let settings = SampleSettings { points, primitive: true, gradients: true };
    let on = ForceSettings { boundary: boundary.into(), origin: Some([0.0; 3]), degrees: Default::default() };
    vec![
        Box::new(Residual::new(2, residual, true, 2.0)),
        Box::new(Integrate::new(3, integrands, Rows::new(integrals, true))),
        Box::new(Dtstats::new(steps, true)),
        Box::new(Sampler::new(2, settings, Rows::new(samples, true))),
        Box::new(Fluidforce::new(4, on, Rows::new(force, true))),
    ]
}

fn moment(step: u64) -> Moment {
    Moment { t: step as f64 * DT, dt: DT, step }
}

/// Steps from `from` to `to`; rows of attempts have no wall-clock time, which is never the same.
fn go(engine: &mut Engine, monitors: &mut [Box<dyn Monitor>], from: u64, to: u64) {
    for step in from + 1..=to {
        let t = moment(step - 1).t;
        engine.step(t, DT).unwrap();
        let wall = Duration::ZERO;
        let attempt = Attempt { number: step - 1, t, dt: DT, accepted: true, error: None, wall };
        for monitor in monitors.iter_mut() {
            monitor.after_attempt(engine, &attempt).unwrap();
            monitor.after_step(engine, &moment(step)).unwrap();
        }
    }
}

#[test]
fn rows_of_a_run_that_goes_on_are_those_of_one_that_never_stopped() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let text = |i: usize| NAMES.map(|name| std::fs::read_to_string(folders[i].path().join(name)).unwrap());
    threads::run(1, |comm| {
        let mut straight = engine(Arc::clone(&comm));
        let boundary = straight.mesh().boundaries[0].clone();
        let mut all = monitors(folders[0].path(), &boundary);
        all.iter_mut().for_each(|m| m.start(&mut straight, &moment(0)).unwrap());
        go(&mut straight, &mut all, 0, 12);
    });
    // A solution is kept at step 6; the run is killed in the middle of a row after step 9, and goes on on two ranks.
    let kept = threads::run(1, |comm| {
        let mut first = engine(Arc::clone(&comm));
        let boundary = first.mesh().boundaries[0].clone();
        let mut all = monitors(folders[1].path(), &boundary);
        all.iter_mut().for_each(|m| m.start(&mut first, &moment(0)).unwrap());
        go(&mut first, &mut all, 0, 6);
        let solution = first.solution().unwrap();
        let gathered = collect::collect_alone(&first, &solution);
        let space = first.space();
        let solution = collect::assemble(&space, &solution, &gathered).unwrap();
        let solution: Vec<_> = solution.iter().map(BlockRows::to_block).collect();
        go(&mut first, &mut all, 6, 9);
        solution
    });
    for name in NAMES {
        let path = folders[1].path().join(name);
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"0.0");
        std::fs::write(&path, text).unwrap();
    }
    threads::run(2, |comm| {
        let mut second = engine(comm);
        let boundary = second.mesh().boundaries[0].clone();
        let mut all = monitors(folders[1].path(), &boundary);
        let blocks: Vec<Vec<f64>> = second
            .discretisation()
            .blocks
            .iter()
            .map(|block| {
                let from = kept[0].iter().find(|k| k.shape == block.operators.shape).unwrap();
                let size = 4 * block.points_per_element();
                let at = |id: &u32| from.ids.binary_search(id).unwrap() * size;
                block.ids.iter().flat_map(|id| from.values[at(id)..][..size].to_vec()).collect()
            })
            .collect();
        blocks.iter().enumerate().for_each(|(b, u)| second.set_solution(b, u).unwrap());
        all.iter_mut().for_each(|m| m.resume(&mut second, &moment(6)).unwrap());
        go(&mut second, &mut all, 6, 12);
    });
    for (name, (straight, resumed)) in NAMES.iter().zip(text(0).iter().zip(&text(1))) {
        assert!(straight.lines().count() > 3, "{name}: {straight}");
        assert_eq!(straight, resumed, "{name}");
    }
}

#[test]
fn ranks_leave_no_trace_in_gradients() {
    let blocks = |ranks: usize| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ssoln");
        threads::run(ranks, |comm| {
            let mut engine = engine(comm);
            let snapshot = Snapshot::take_part(&mut engine, &moment(0), &Origin::default(), None, true);
            snapshot.unwrap().write_solution(&path).unwrap();
        });
        solution::read(&path).unwrap().1
    };
    let one = blocks(1);
    assert!(one.iter().all(|b| b.gradients.as_ref().is_some_and(|g| g.values.iter().any(|x| *x != 0.0))));
    assert!(one == blocks(3));
}
