//! What a run will take, before it is started: unknowns, memory, bytes of output, and the time step that stays stable.
//! Nothing here builds an engine; the mesh is looked at element by element.

use super::discretise::DiscretiseError;
use super::geometry::Geometry;
use super::scheme::Scheme;
use super::stability::{advective_limit, diffusive_limit};
use super::{EngineError, quality};
use crate::backend::Precision;
use crate::backend::problem::Ldg;
use crate::element::points::PointsError;
use crate::element::{Operators, PointSets, Shape};
use crate::mesh::{ElementBlock, Link, Mesh};
use crate::physics::variables::Variables;
use rayon::prelude::*;
use std::sync::Arc;

/// Elements a task looks at.
const CHUNK: usize = 256;

/// Elements of one shape and geometry order.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSize {
    /// Shape of the elements.
    pub shape: Shape,
    /// Order of their geometry.
    pub geometry_order: usize,
    /// How many there are.
    pub elements: u64,
    /// How many of these are affine images of their reference element, which carry one metric instead of one a point.
    pub affine: u64,
    /// Solution points of one element.
    pub points: u64,
    /// Flux points of one element.
    pub flux_points: u64,
}

/// How large a discrete problem is.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// Space dimensions.
    pub dims: usize,
    /// Polynomial order.
    pub order: usize,
    /// Conserved variables.
    pub variables: u64,
    /// Nodes of the mesh.
    pub nodes: u64,
    /// The elements.
    pub blocks: Vec<BlockSize>,
    /// Flux points on boundaries.
    pub boundary_points: u64,
}

/// A group of arrays and the bytes they take, of all ranks together.
pub type Share = (&'static str, u64);

impl Size {
    /// The problem of `variables` variables at polynomial order `order` on `mesh`.
    pub fn of(mesh: &Mesh, order: usize, variables: usize) -> Size {
        let mut boundary_points = 0;
        let blocks = mesh.blocks.iter().map(|block| {
            let faces = block.shape.faces();
            let points_of = |face: usize| faces[face].shape.points(order) as u64;
            for (i, link) in block.links.iter().enumerate() {
                if matches!(link, Link::Boundary(_)) {
                    boundary_points += points_of(i % faces.len());
                }
            }
            let straight = block.order == 1;
            BlockSize {
                shape: block.shape,
                geometry_order: block.order,
                elements: block.len() as u64,
                affine: if straight { quality::affine(block.shape, &block.nodes, &mesh.nodes) } else { 0 },
                points: block.shape.points(order) as u64,
                flux_points: (0..faces.len()).map(points_of).sum(),
            }
        });
        let blocks = blocks.collect();
        let nodes = mesh.nodes.len() as u64;
        Size { dims: mesh.dims, order, variables: variables as u64, nodes, blocks, boundary_points }
    }

    /// Number of elements.
    pub fn elements(&self) -> u64 {
        self.blocks.iter().map(|b| b.elements).sum()
    }

    /// Values of one variable.
    pub fn points(&self) -> u64 {
        self.blocks.iter().map(|b| b.elements * b.points).sum()
    }

    /// Variables times points.
    pub fn unknowns(&self) -> u64 {
        self.points() * self.variables
    }

    /// Memory of a backend that keeps `registers` registers (those of the scheme, at least 2) in `precision`, by groups of
    /// arrays. Halos, which depend on the partition, what vectors are filled up with and
    /// small arrays are left out.
    pub fn device_memory(&self, registers: usize, viscous: bool, precision: Precision) -> Vec<Share> {
        let (bytes, dims, one) = (bytes(precision), self.dims as u64, u64::from(viscous));
        let flux_points = self.sum(|b| b.elements * b.flux_points) + self.boundary_points;
        let metrics = self.sum(|b| b.affine + (b.elements - b.affine) * b.points) * (dims * dims + 1);
        let faces = |b: &BlockSize| b.shape.faces().len() as u64;
        let normals =
            self.sum(|b| b.affine * faces(b) + (b.elements - b.affine) * b.flux_points) * (dims + 1);
        vec![
            ("registers", self.unknowns() * (registers.max(2) as u64 + one) * bytes),
            ("face states", flux_points * self.variables * (2 + one) * bytes),
            ("metric terms", (metrics + normals) * bytes),
            ("connectivity", self.sum(|b| b.elements * faces(b)) * 13),
        ]
    }

    /// Memory of the host beside that of the backend during a run: the mesh and the discretisation. Sources, which need the
    /// coordinates of all points, are left out.
    pub fn host_memory(&self) -> Vec<Share> {
        let dims = self.dims as u64;
        let faces = |b: &BlockSize| b.shape.faces().len() as u64;
        let geometry_nodes = |b: &BlockSize| b.shape.points(b.geometry_order) as u64;
        let metrics = self.sum(|b| b.affine + (b.elements - b.affine) * b.points) * (dims * dims + 1);
        let links = self.sum(|b| b.elements * faces(b)) * 16;
        vec![
            ("mesh", self.sum(|b| b.elements * (geometry_nodes(b) * 24 + 4))),
            ("geometry", metrics * 8 + links + self.elements() * 4),
        ]
    }

    /// Bytes of one solution file.
    pub fn solution_bytes(&self, precision: Precision) -> u64 {
        self.unknowns() * bytes(precision) + self.elements() * 4 + 16_384
    }

    /// Bytes of one time in VTK files, with so many numbers a point.
    pub fn vtk_bytes(&self, components: u64, precision: Precision) -> u64 {
        // Lagrange cells need order 1 at least; elements keep their own geometry.
        let nodes = |b: &BlockSize| b.shape.points(self.order.max(b.geometry_order).max(1)) as u64;
        // Nodes of the cells; their ends, types and parts.
        self.sum(|b| b.elements * (nodes(b) * ((3 + components) * bytes(precision) + 4) + 9)) + 2048
    }

    fn sum(&self, of: impl Fn(&BlockSize) -> u64) -> u64 {
        self.blocks.iter().map(of).sum()
    }
}

fn bytes(precision: Precision) -> u64 {
    match precision {
        Precision::Single => 4,
        Precision::Double => 8,
    }
}

/// What limits the time step of an explicit scheme, see [`stable_step`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StableStep {
    /// Largest stable step; infinite where nothing moves.
    pub dt: f64,
    /// What waves alone would allow.
    pub advective: f64,
    /// What diffusion alone would allow.
    pub diffusive: f64,
    /// The number `C` of `dt = C / (L (2 p + 1))` with the largest sum `L` of wave speeds over half sizes, as the controller
    /// `cfl` counts it, at which waves alone stay stable.
    pub cfl: f64,
    /// Global id of the element with the least limit.
    pub element: u64,
    /// Its solution point with that limit.
    pub at: [f64; 3],
}

/// What the time step depends on besides the mesh.
#[derive(Clone, Copy)]
pub struct StepInputs<'a> {
    /// Polynomial order.
    pub order: usize,
    /// Solution points.
    pub points: &'a PointSets,
    /// The system.
    pub variables: &'a dyn Variables,
    /// The time-stepping scheme.
    pub scheme: &'a Scheme,
    /// LDG's direction and penalty.
    pub ldg: Ldg,
}

/// Largest step that linear stability allows from the state `initial(coordinates, primitive variables)` on. `None` when no
/// step is stable, as for forward Euler on waves beyond order 0.
///
/// At every solution point `1 / dt = sum_i (speed along a_i) / c_a + sum_i (diffusivity |a_i|^2) / c_d`, with the rows `a_i`
/// of the inverse Jacobian and the limits `c_a`, `c_d` of [`super::stability`]. That is exact for waves on boxes. Elsewhere
/// the sum runs over the normals of all faces, seen from the reference element, with the weight of dimensions over faces,
/// which is the same on boxes and prefers no vertex on simplices; there and for diffusion expect tens of percent. LDG's
/// penalty counts as a wave of speed `2 tau`.
///
/// # Errors
/// Unknown points, elements with a Jacobian that is not positive, states that are not finite.
pub fn stable_step(
    mesh: &Mesh,
    inputs: &StepInputs,
    initial: &(dyn Fn([f64; 3], &mut [f64]) + Sync),
) -> Result<Option<StableStep>, EngineError> {
    let StepInputs { order, scheme, variables, ldg, .. } = *inputs;
    let viscous = variables.is_viscous();
    let advective = advective_limit(scheme, order);
    let diffusive = if viscous { diffusive_limit(scheme, order, ldg) } else { Some(f64::INFINITY) };
    let mut worst = Worst::default();
    let mut first = 0;
    for block in &mesh.blocks {
        let part = of_block(mesh, block, first, inputs, (advective, diffusive), initial)?;
        worst = worst.or(part);
        first += block.len() as u64;
    }
    let limit = |rate: f64, limit: Option<f64>| match limit {
        _ if rate == 0.0 => Some(f64::INFINITY),
        limit => limit.map(|c| c / rate),
    };
    let (Some(waves), Some(diffusion)) = (limit(worst.waves, advective), limit(worst.diffusion, diffusive))
    else {
        return Ok(None);
    };
    Ok(Some(StableStep {
        dt: 1.0 / worst.rate,
        advective: waves,
        diffusive: diffusion,
        cfl: advective.unwrap_or(0.0) * (2 * order + 1) as f64,
        element: worst.element,
        at: worst.at,
    }))
}

/// The largest rates of some elements.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    /// Largest `1 / dt`, and where.
    rate: f64,
    element: u64,
    at: [f64; 3],
    /// Largest sums of speeds over half sizes, and of diffusivities over their squares.
    waves: f64,
    diffusion: f64,
}

impl Worst {
    /// The larger ones; of equal rates the first.
    fn or(self, other: Worst) -> Worst {
        let first = if other.rate > self.rate { other } else { self };
        let (waves, diffusion) = (self.waves.max(other.waves), self.diffusion.max(other.diffusion));
        Worst { waves, diffusion, ..first }
    }
}

fn of_block(
    mesh: &Mesh,
    block: &ElementBlock,
    first: u64,
    inputs: &StepInputs,
    (advective, diffusive): (Option<f64>, Option<f64>),
    initial: &(dyn Fn([f64; 3], &mut [f64]) + Sync),
) -> Result<Worst, EngineError> {
    let wrong = |e: PointsError| EngineError::Discretise(e.into());
    let operators = Arc::new(Operators::new(block.shape, inputs.order, inputs.points).map_err(wrong)?);
    let geometry = Geometry::new(&operators, block.order);
    let count = operators.points.nrows();
    let penalty = if inputs.variables.is_viscous() { 2.0 * inputs.ldg.tau } else { 0.0 };
    let per = |rate: f64, limit: Option<f64>| if rate == 0.0 { 0.0 } else { rate / limit.unwrap_or(0.0) };
    let faces = block.shape.faces();
    let share = mesh.dims as f64 / faces.len() as f64;
    // Measured on periodic boxes of triangles, tetrahedra, prisms and pyramids: with this their steps are stable up to 0.93
    // to 1.3 of the estimate.
    let low = inputs.order.max(1) as f64;
    let stiffness = if block.shape.is_tensor() { 1.0 } else { 1.0 + 0.7 / (low * low) };
    let of_element = |e: usize| -> Result<Worst, EngineError> {
        let nodes: Vec<[f64; 3]> = block.element(e).iter().map(|&n| mesh.nodes[n as usize]).collect();
        let affine = geometry.is_affine(&nodes).then(|| geometry.affine(&nodes));
        let (mut worst, mut state) = (Worst::default(), vec![0.0; inputs.variables.conserved().len()]);
        for p in 0..count {
            let at = geometry.point(&nodes, p);
            let metric = affine.unwrap_or_else(|| geometry.at_point(&nodes, p));
            if metric.jacobian.is_nan() || metric.jacobian <= 0.0 {
                let (id, shape, jacobian) = ((first + e as u64) as u32, block.shape, metric.jacobian);
                return Err(DiscretiseError::Jacobian { id, shape, jacobian, at }.into());
            }
            initial(at, &mut state);
            super::initial::finite(|| inputs.variables.primitive(), &state, at)?;
            inputs.variables.to_conserved(&mut state);
            let nu = inputs.variables.diffusivity(&state);
            let (mut waves, mut diffusion) = (0.0, 0.0);
            for face in faces {
                let direction =
                    |k: usize| (0..mesh.dims).map(|d| face.normal[d] * metric.s[d][k]).sum::<f64>();
                let b: [f64; 3] = std::array::from_fn(|k| direction(k) / metric.jacobian);
                let square: f64 = b.iter().map(|x| x * x).sum();
                let speed = inputs.variables.wave_speed(&state, &b[..mesh.dims]);
                waves += share * (speed + penalty * square.sqrt());
                diffusion += share * nu * square * stiffness;
            }
            let speeds = [("its wave speed", waves), ("its diffusivity", diffusion)];
            if let Some((variable, value)) = speeds.into_iter().find(|(_, x)| !x.is_finite()) {
                return Err(EngineError::InitialState { variable, value, at });
            }
            let rate = per(waves, advective) + per(diffusion, diffusive);
            worst = worst.or(Worst { rate, element: first + e as u64, at, waves, diffusion });
        }
        Ok(worst)
    };
    let starts: Vec<usize> = (0..block.len()).step_by(CHUNK).collect();
    let chunks: Vec<Result<Worst, EngineError>> = starts
        .into_par_iter()
        .map(|start| {
            let end = block.len().min(start + CHUNK);
            (start..end).try_fold(Worst::default(), |worst, e| Ok(worst.or(of_element(e)?)))
        })
        .collect();
    chunks.into_iter().try_fold(Worst::default(), |worst, chunk| Ok(worst.or(chunk?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cpu::Isa;
    use crate::engine::scheme::STEPPERS;
    use crate::engine::{BackendChoice, Engine, Settings};
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::variables::VariablesOf;
    use crate::physics::{SystemSpec, advection_diffusion::AdvectionDiffusion, find};

    fn wave(nu: f64) -> VariablesOf<2, 1, AdvectionDiffusion> {
        VariablesOf(AdvectionDiffusion { velocity: [3.0, -1.0, 0.0], nu })
    }

    fn step(mesh: &Mesh, order: usize, scheme: &str, nu: f64) -> StableStep {
        let scheme = find("scheme", scheme, STEPPERS).unwrap()();
        let (points, variables) = (PointSets::default(), wave(nu));
        let ldg = Ldg { beta: 0.5, tau: 0.0 };
        let inputs = StepInputs { order, points: &points, variables: &variables, scheme: &scheme, ldg };
        stable_step(mesh, &inputs, &|_, out| out[0] = 1.0).unwrap().unwrap()
    }

    #[test]
    fn the_limit_of_a_wave_on_a_box_is_that_of_one_dimension() {
        let mesh = BoxMesh::new(Cells::Quad, [4, 2, 1]).periodic([true, true, false]).build();
        // Speeds over half sizes: 3 / (1/8) + 1 / (1/4).
        let found = step(&mesh, 2, "rk4", 0.0);
        assert!((found.dt * 28.0 - 0.47).abs() < 0.01, "{found:?}");
        assert!((found.dt / found.advective - 1.0).abs() < 1e-12 && found.diffusive == f64::INFINITY);
        assert!((found.cfl - found.dt * 28.0 * 5.0).abs() < 1e-12);
        let slower = step(&mesh, 2, "rk4", 0.1);
        assert!((1.0 / slower.dt - 1.0 / slower.advective - 1.0 / slower.diffusive).abs() < 1e-9 / slower.dt);
    }

    /// Largest value of a wave on a square after many steps of this size.
    fn growth(cells: Cells, order: usize, nu: f64, dt: f64) -> f64 {
        let mesh = BoxMesh::new(cells, [4, 4, 1]).periodic([true, true, false]).build();
        let system = SystemSpec::new("advection-diffusion").with("ax", 3.0).with("ay", -1.0).with("nu", nu);
        let mut settings = Settings::new(system, order);
        settings.ldg.tau = 0.0;
        settings.backend = BackendChoice::Cpu(None);
        let mut engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
        // All waves at once.
        engine.set_initial(|x, out| out[0] = (77.0 * x[0] * x[0] + 31.0 * x[1]).sin()).unwrap();
        for n in 0..400 {
            engine.step(n as f64 * dt, dt).unwrap();
        }
        let values = engine.solution().unwrap().into_iter().flatten();
        values.fold(0.0, |m: f64, x| if x.is_nan() { f64::INFINITY } else { m.max(x.abs()) })
    }

    #[test]
    fn steps_within_the_limit_are_stable_and_much_larger_ones_are_not() {
        for cells in [Cells::Quad, Cells::Tri] {
            for (order, nu) in [(1, 0.0), (3, 0.0), (3, 0.05)] {
                let mesh = BoxMesh::new(cells, [4, 4, 1]).periodic([true, true, false]).build();
                let dt = step(&mesh, order, "rk4", nu).dt;
                let (below, above) = (growth(cells, order, nu, 0.9 * dt), growth(cells, order, nu, 2.5 * dt));
                assert!(below < 2.0, "{cells:?} {order} {nu}: {below}");
                assert!(above > 1e3, "{cells:?} {order} {nu}: {above}");
            }
        }
    }

    #[test]
    fn memory_is_that_of_the_backend() {
        for (cells, periodic) in [(Cells::Quad, true), (Cells::Tri, false)] {
            let mesh = BoxMesh::new(cells, [16, 16, 1]).periodic([periodic, periodic, false]).build();
            let mut settings = Settings::new(SystemSpec::new("diffusion").with("nu", 1.0), 3);
            // Vectors fill up the rows of faces, which of one variable are short.
            settings.backend = BackendChoice::Cpu(Some(Isa::Scalar));
            for name in &mesh.boundaries {
                let mut spec =
                    crate::engine::BoundarySpec { kind: "fixed-flux".into(), ..Default::default() };
                spec.data.insert("q".into(), crate::physics::expr::Expr::constant(0.0));
                settings.boundaries.insert(name.clone(), spec);
            }
            let engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
            let size = Size::of(&mesh, 3, 1);
            assert_eq!(size.unknowns(), engine.global_unknowns());
            let registers = engine.scheme().registers;
            let states: u64 =
                size.device_memory(registers, true, Precision::Double)[..2].iter().map(|s| s.1).sum();
            let ratio = states as f64 / engine.memory() as f64;
            assert!((0.9..1.1).contains(&ratio), "{ratio}");
        }
    }
}
