//! Two ranks of one process: each has a part of the mesh, and they exchange the states on the faces between them.
//!
//!     cargo run --release --example ranks
//!
//! Under mpirun the communicator is that of `solver::parallel::world()` instead, and all else stays the same. The result
//! does not depend on the number of ranks, not even in its last bit.

use solver::parallel::threads;
use solver::prelude::*;
use std::collections::BTreeMap;
use std::error::Error;
use std::f64::consts::PI;
use std::sync::Arc;

/// A wave on triangles, carried and spread; `part_of` is the rank of each element. Returns the final values of this
/// rank's elements by their number in the whole mesh, and the error of the whole solution.
fn wave(
    mesh: &Mesh,
    part_of: &[u32],
    ranks: Arc<dyn Communicator>,
) -> Result<(BTreeMap<u32, Vec<f64>>, f64), RunError> {
    let system = SystemSpec {
        name: "advection-diffusion".into(),
        constants: [("ax", 1.0), ("ay", 0.5), ("nu", 0.01)].map(|(k, v)| (k.into(), v)).into(),
        ..SystemSpec::default()
    };
    let exact = |[x, y, _]: [f64; 3], t: f64| {
        (2.0 * PI * (x - t)).sin() * (2.0 * PI * (y - 0.5 * t)).sin() * (-0.08 * PI * PI * t).exp()
    };
    let part = cut(mesh, part_of, ranks.rank());
    let beyond: Vec<u32> = part.ghosts.iter().map(|ghost| ghost.rank).collect();
    println!(
        "  rank {} of {}: {} elements, {} of others beyond its faces",
        ranks.rank(),
        ranks.size(),
        part.len(),
        beyond.len()
    );
    let mut engine = Engine::new(&Settings::new(system, 3), part, ranks)?;
    engine.set_initial(|x, out| out[0] = exact(x, 0.0))?;
    let end = run(&mut engine, Span::new(0.0, 0.2, 2e-3), &mut [], &mut Silent)?;
    let error = engine.error(11, |x, out| out[0] = exact(x, end.t))?[0];

    let solution = engine.solution()?;
    let mut values = BTreeMap::new();
    for (block, all) in engine.discretisation().blocks.iter().zip(&solution) {
        let elements = all.chunks_exact(block.points_per_element());
        values.extend(block.ids.iter().copied().zip(elements.map(<[f64]>::to_vec)));
    }
    Ok((values, error))
}

/// One rank, then two.
pub fn main() -> Result<(), Box<dyn Error>> {
    let mesh = BoxMesh::new(Cells::Tri, [8, 8, 1]).periodic([true, true, false]).build();
    println!("one rank:");
    let (serial, error) = wave(&mesh, &vec![0; mesh.len()], Arc::new(Serial))?;
    println!("  L2 error {error:.3e}");

    println!("two ranks:");
    let halves = partition(&mesh, 2, None)?.part_of;
    let results = threads::run(2, |rank| wave(&mesh, &halves, rank));
    let mut parallel = BTreeMap::new();
    for result in results {
        let (values, same_error) = result?;
        assert_eq!(error.to_bits(), same_error.to_bits(), "sums over the mesh are exact");
        parallel.extend(values);
    }
    assert!(serial == parallel, "two ranks computed something else than one");
    println!("  the same {} values, bit for bit", parallel.values().map(Vec::len).sum::<usize>());
    Ok(())
}
