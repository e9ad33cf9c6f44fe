//! Predicts the time of a step on numbers of ranks that are not at hand, from what can be measured on one machine.
//!
//! All ranks wait for the slowest one in every exchange, so the model looks at the rank with the most to do ([`Share`]):
//!
//! ```text
//! step      = stages * (kernels + max(0, exchange - overlap * interior * kernels)) + reductions * ceil(log2 ranks) * latency
//! kernels   = unknowns of the rank / speed(unknowns of the rank)
//! exchange  = exchanges * neighbours * network(faces * bytes of a face / neighbours)
//! interior  = share of the elements that touch no other rank
//! ```
//!
//! The speed is that of a rank while all cores of its machine are busy, as a function of the rank's size, because small
//! problems stay in caches. Latencies of several neighbours are added up, though networks overlap them in part. MPI
//! libraries mostly move long messages only while a rank waits for them: `overlap` is 0 unless something is known.

use super::network::Network;
use crate::mesh::{Link, Mesh, Partitioning};

/// What does not depend on the ranks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// Space dimensions.
    pub dims: usize,
    /// Elements.
    pub elements: f64,
    /// Unknowns (variables times points) of an element.
    pub element_unknowns: f64,
    /// Faces of an element.
    pub element_faces: f64,
    /// Bytes that cross a face between two ranks, each way, in one exchange: points, variables, precision.
    pub face_bytes: f64,
    /// Exchanges a right-hand side: 1, with second derivatives 2.
    pub exchanges: f64,
    /// Right-hand sides a step.
    pub stages: f64,
    /// Reductions over all ranks a step, such as a step-size controller's.
    pub reductions: f64,
}

/// What the rank with the most to do has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Elements.
    pub elements: f64,
    /// Faces shared with other ranks.
    pub faces: f64,
    /// Other ranks that share faces.
    pub neighbours: f64,
}

/// How divisions of a large mesh turn out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Faces shared with others over `elements^((dims - 1)/dims)`: 6 for cubes of hexahedra, more for what a partitioner
    /// makes.
    pub surface: f64,
    /// Neighbours of a rank.
    pub neighbours: f64,
    /// Largest number of elements over the mean.
    pub imbalance: f64,
}

impl Share {
    /// The share of one of `ranks` ranks.
    pub fn of(problem: &Problem, ranks: f64, quality: &Quality) -> Share {
        if ranks <= 1.0 {
            return Share { elements: problem.elements, faces: 0.0, neighbours: 0.0 };
        }
        let mean = problem.elements / ranks;
        // Elements are whole.
        let elements = (mean * quality.imbalance).max(mean.ceil());
        let exponent = (problem.dims as f64 - 1.0) / problem.dims as f64;
        let faces = (quality.surface * elements.powf(exponent)).min(problem.element_faces * elements);
        let neighbours = quality.neighbours.min(ranks - 1.0).min(faces);
        Share { elements, faces, neighbours }
    }

    /// The most of each figure over the parts of a mesh.
    pub fn worst(mesh: &Mesh, division: &Partitioning) -> Share {
        let shares = shares(mesh, division);
        let most = |of: fn(&Share) -> f64| shares.iter().map(of).fold(0.0, f64::max);
        Share { elements: most(|s| s.elements), faces: most(|s| s.faces), neighbours: most(|s| s.neighbours) }
    }
}

/// What each part of a mesh has.
pub fn shares(mesh: &Mesh, division: &Partitioning) -> Vec<Share> {
    let Partitioning { parts, part_of } = division;
    let (mut sizes, mut faces) = (vec![0u64; *parts], vec![0u64; *parts]);
    let mut pairs = vec![];
    for (id, (_, links)) in mesh.elements().enumerate() {
        let own = part_of[id];
        sizes[own as usize] += 1;
        for link in links {
            let Link::Interior { element, .. } = *link else { continue };
            let other = part_of[element as usize];
            if other != own {
                faces[own as usize] += 1;
                pairs.push((own, other));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    (0..*parts)
        .map(|part| {
            let neighbours = pairs.iter().filter(|p| p.0 as usize == part).count();
            Share { elements: sizes[part] as f64, faces: faces[part] as f64, neighbours: neighbours as f64 }
        })
        .collect()
}

impl Quality {
    /// That of a division of a mesh.
    pub fn of(mesh: &Mesh, division: &Partitioning) -> Quality {
        let worst = Share::worst(mesh, division);
        let exponent = (mesh.dims as f64 - 1.0) / mesh.dims as f64;
        Quality {
            surface: worst.faces / worst.elements.powf(exponent),
            neighbours: worst.neighbours,
            imbalance: worst.elements * division.parts as f64 / mesh.len() as f64,
        }
    }
}

/// Speed of the kernels of one rank by its number of unknowns.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Unknowns, and unknowns times right-hand sides a second; from small to large.
    samples: Vec<(f64, f64)>,
}

impl Speed {
    /// From measurements `(unknowns, unknowns times right-hand sides a second)` in any order.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(mut samples: Vec<(f64, f64)>) -> Speed {
        assert!(!samples.is_empty(), "a speed needs at least one measurement");
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        Speed { samples }
    }

    /// Rate of a rank with so many unknowns: linear in the logarithm of the size, constant beyond the measurements.
    pub fn rate(&self, unknowns: f64) -> f64 {
        let (first, last) = (self.samples[0], self.samples[self.samples.len() - 1]);
        if unknowns <= first.0 || unknowns >= last.0 {
            return if unknowns <= first.0 { first.1 } else { last.1 };
        }
        let i = self.samples.iter().rposition(|s| s.0 <= unknowns).unwrap_or(0);
        let ((x0, y0), (x1, y1)) = (self.samples[i], self.samples[i + 1]);
        y0 + (unknowns / x0).ln() / (x1 / x0).ln() * (y1 - y0)
    }

    /// What was measured.
    pub fn samples(&self) -> &[(f64, f64)] {
        &self.samples
    }
}

/// A predicted step; seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Kernels.
    pub kernels: f64,
    /// Exchanges with neighbours, as far as nothing hides them.
    pub exchange: f64,
    /// Reductions over all ranks.
    pub reductions: f64,
}

impl Prediction {
    /// Seconds of a step.
    pub fn step(&self) -> f64 {
        self.kernels + self.exchange + self.reductions
    }
}

/// The model of the module's documentation.
pub fn predict(
    problem: &Problem,
    share: &Share,
    ranks: f64,
    speed: &Speed,
    network: &Network,
    overlap: f64,
) -> Prediction {
    let unknowns = share.elements * problem.element_unknowns;
    let kernels = unknowns / speed.rate(unknowns);
    let messages = problem.exchanges * share.neighbours;
    let exchange = if share.neighbours > 0.0 {
        messages * network.seconds(share.faces * problem.face_bytes / share.neighbours)
    } else {
        0.0
    };
    let interior = (1.0 - share.faces / share.elements).max(0.0);
    let exposed = (exchange - overlap * interior * kernels).max(0.0);
    Prediction {
        kernels: problem.stages * kernels,
        exchange: problem.stages * exposed,
        reductions: problem.reductions * ranks.log2().ceil() * network.latency(),
    }
}

/// What a rank keeps in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Bytes of an element: registers, face rows, geometry, connectivity.
    pub element: f64,
    /// Bytes of a face shared with another rank: its halo rows, both ends of its messages, the nodes beyond it.
    pub face: f64,
    /// Bytes of the program itself.
    pub fixed: f64,
    /// Bytes for every rank of the run, wherever it is: those of the MPI library. The program itself keeps none.
    pub rank: f64,
}

impl Memory {
    /// Bytes on one of `ranks` ranks.
    pub fn of(&self, share: &Share, ranks: f64) -> f64 {
        self.fixed + self.element * share.elements + self.face * share.faces + self.rank * ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Precision;
    use crate::bench::workload;
    use crate::engine::BackendChoice;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::partition::{Work, partition};
    use crate::parallel::timed::Timed;
    use crate::parallel::{Communicator, threads};
    use std::sync::Arc;

    const PROBLEM: Problem = Problem {
        dims: 3,
        elements: 64_000.0,
        element_unknowns: 100.0,
        element_faces: 6.0,
        face_bytes: 1000.0,
        exchanges: 2.0,
        stages: 4.0,
        reductions: 1.0,
    };

    const CUBES: Quality = Quality { surface: 6.0, neighbours: 6.0, imbalance: 1.0 };

    #[test]
    fn a_step_is_the_sum_worked_out_by_hand() {
        let share = Share::of(&PROBLEM, 64.0, &CUBES);
        // 10 x 10 x 10 elements.
        assert!((share.elements - 1000.0).abs() < 1e-9 && (share.faces - 600.0).abs() < 1e-9, "{share:?}");
        let (speed, network) = (Speed::new(vec![(1e5, 1e8)]), Network::new(1e-6, 1e9));
        let found = predict(&PROBLEM, &share, 64.0, &speed, &network, 0.0);
        // A millisecond of kernels; 12 messages of 100 kB; six levels of a tree.
        assert!((found.kernels - 4e-3).abs() < 1e-12, "{found:?}");
        assert!((found.exchange - 4.0 * 12.0 * 101e-6).abs() < 1e-12, "{found:?}");
        assert!((found.reductions - 6e-6).abs() < 1e-15, "{found:?}");
        // 0.4 of the elements touch no other rank, and half of their time hides messages.
        let hidden = predict(&PROBLEM, &share, 64.0, &speed, &network, 0.5);
        assert!((found.exchange - hidden.exchange - 4.0 * 0.2e-3).abs() < 1e-12, "{hidden:?}");
        let alone = predict(&PROBLEM, &Share::of(&PROBLEM, 1.0, &CUBES), 1.0, &speed, &network, 0.0);
        assert_eq!((alone.exchange, alone.reductions), (0.0, 0.0));
    }

    #[test]
    fn shares_never_exceed_what_the_elements_have() {
        for ranks in [2.0, 3.0, 1000.0, 63_999.0, 64_000.0] {
            let share =
                Share::of(&PROBLEM, ranks, &Quality { surface: 9.0, neighbours: 30.0, imbalance: 1.03 });
            assert!(share.elements >= PROBLEM.elements / ranks && share.neighbours <= ranks - 1.0);
            assert!(share.faces <= 6.0 * share.elements && share.neighbours <= share.faces);
        }
    }

    #[test]
    fn rates_are_met_at_the_measurements_and_between_them() {
        let speed = Speed::new(vec![(1e6, 1e8), (1e4, 2e8)]);
        let rates = [1e3, 1e4, 1e5, 1e6, 1e7].map(|n| speed.rate(n));
        for (rate, wanted) in rates.into_iter().zip([2e8, 2e8, 1.5e8, 1e8, 1e8]) {
            assert!((rate / wanted - 1.0).abs() < 1e-12, "{rates:?}");
        }
    }

    #[test]
    fn memory_grows_with_the_elements_and_not_with_the_ranks() {
        let memory = Memory { element: 1e4, face: 1e3, fixed: 1e7, rank: 0.0 };
        let weak = |ranks: f64| {
            let problem = Problem { elements: 1000.0 * ranks, ..PROBLEM };
            memory.of(&Share::of(&problem, ranks, &CUBES), ranks)
        };
        assert!((weak(64.0) / weak(1e5) - 1.0).abs() < 1e-9);
        assert!((weak(64.0) - (1e7 + 1e7 + 6e5)).abs() < 1.0);
    }

    #[test]
    fn shares_of_a_division_made_by_hand() {
        // A ring of six quads, periodic along x: a a b a c c.
        let mesh = BoxMesh::new(Cells::Quad, [6, 1, 1]).periodic([true, false, false]).build();
        let mut part_of = vec![0; 6];
        for id in 0..6 {
            part_of[id] = [0, 0, 1, 0, 2, 2][(mesh.centroid(id)[0] * 6.0) as usize];
        }
        let division = Partitioning { parts: 3, part_of };
        let found = shares(&mesh, &division);
        let figures: Vec<_> = found.iter().map(|s| (s.elements, s.faces, s.neighbours)).collect();
        assert_eq!(figures, [(3.0, 4.0, 2.0), (1.0, 2.0, 1.0), (2.0, 2.0, 1.0)]);
        let worst = Share { elements: 3.0, faces: 4.0, neighbours: 2.0 };
        assert_eq!(Share::worst(&mesh, &division), worst);
        assert!((Quality::of(&mesh, &division).imbalance - 1.5).abs() < 1e-12);
    }

    #[test]
    fn the_messages_of_the_model_are_those_that_are_sent() {
        for name in ["euler-quad-p3", "navier-stokes-hex-p3"] {
            let workload = workload::find(name).unwrap();
            let (counts, ranks) = ([6, 5, 4], 3);
            let mesh = workload.mesh(counts).build();
            let division = partition(&mesh, ranks, Some(&Work::Measured { order: workload.order })).unwrap();
            let shares = shares(&mesh, &division);
            let problem = workload.problem(mesh.len() as f64, 8.0);
            let sent = threads::run(ranks, |comm| {
                let timed = Timed::new(comm);
                let comm: Arc<dyn Communicator> = timed.clone();
                let backend = BackendChoice::Cpu(None);
                let mut engine = workload.engine(counts, backend, Precision::Double, &comm).unwrap();
                let unknowns = engine.discretisation().points() * engine.variables().conserved().len();
                let before = timed.spent();
                engine.step(0.0, workload::DT).unwrap();
                (timed.spent() - before, unknowns)
            });
            for (share, (spent, unknowns)) in shares.iter().zip(&sent) {
                let exchanges = problem.stages * problem.exchanges;
                assert_eq!(spent.bytes as f64, exchanges * share.faces * problem.face_bytes, "{name}");
                assert_eq!(spent.messages as f64, exchanges * share.neighbours, "{name}");
                assert_eq!(*unknowns as f64, share.elements * problem.element_unknowns, "{name}");
            }
        }
    }
}
