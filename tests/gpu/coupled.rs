//! Second derivatives of variables that act on each other.

use crate::make::{Make, MakeBackend, OnGpu, OnReference, assert_close, registers, strange_stages};
use crate::problems::*;
use crate::skip;
use solver::backend::gpu::Limits;
use solver::backend::{Backend, Precision};
use solver::element::PointSets;
use solver::mesh::Mesh;
use solver::mesh::generate::Cells;
use solver::physics::{Boundary, BoundaryKind, BoundaryPoint, OutputField, Real, System, SystemVisitor};

/// Three variables with coupled, nonlinear second derivatives: what Navier-Stokes asks of the kernels, in a few lines.
#[derive(Clone, Copy, Debug)]
struct Coupled;

impl<const D: usize> System<D, 3> for Coupled {
    const VISCOUS: bool = true;
    type Boundary = Coupled;

    fn conserved(&self) -> [&'static str; 3] {
        ["a", "b", "c"]
    }
    fn primitive(&self) -> [&'static str; 3] {
        ["a", "b", "c"]
    }
    fn fields(&self) -> Vec<OutputField> {
        vec![]
    }
    fn boundaries() -> Vec<BoundaryKind<Coupled>> {
        vec![BoundaryKind::new("wall", Coupled, &["a", "b"], "")]
    }
    fn to_conserved<R: Real>(&self, primitive: &[R; 3]) -> [R; 3] {
        *primitive
    }
    fn to_primitive<R: Real>(&self, u: &[R; 3]) -> [R; 3] {
        *u
    }
    fn flux<R: Real>(&self, u: &[R; 3], n: &[R; D]) -> [R; 3] {
        std::array::from_fn(|v| u[v] * u[(v + 1) % 3] * (n[0] + n[D - 1]))
    }
    fn common_flux<R: Real>(&self, left: &[R; 3], right: &[R; 3], n: &[R; D]) -> [R; 3] {
        let (l, r) = (System::<D, 3>::flux(self, left, n), System::<D, 3>::flux(self, right, n));
        std::array::from_fn(|v| R::from_f64(0.5) * (l[v] + r[v]) + R::from_f64(0.7) * (left[v] - right[v]))
    }
    fn viscous_flux<R: Real>(&self, u: &[R; 3], grad: &[[R; 3]; D], n: &[R; D]) -> [R; 3] {
        std::array::from_fn(|v| {
            let mut flux = R::from_f64(-0.02) * u[v] * grad[0][(v + 1) % 3] * n[D - 1];
            for d in 0..D {
                flux = flux - R::from_f64(0.01 * (v + 1) as f64) * grad[d][v] * n[d];
            }
            flux
        })
    }
}

impl<const D: usize> Boundary<D, 3, Coupled> for Coupled {
    fn ghost<R: Real>(&self, _: &Coupled, u: &[R; 3], at: &BoundaryPoint<R, D>) -> [R; 3] {
        [at.data[0], at.data[1] * at.normal[0], u[2]]
    }
}

#[test]
fn coupled_second_derivatives_are_those_of_the_reference() {
    if skip() {
        return;
    }
    let small = Limits { workgroup_memory: 5000, invocations: 64, row: 32768 };
    for (cells, order) in [(Cells::TriQuad, 2), (Cells::Hex, 1), (Cells::Tet, 1)] {
        let mesh = unit_box(cells, 2, false, if cells == Cells::Hex { 0.0 } else { 0.03 });
        for limits in [None, Some(small)] {
            fn make<F: MakeBackend>(mesh: &Mesh, order: usize, make: F) -> Make<'_, F> {
                let part_of = vec![0; mesh.len()];
                Make {
                    mesh,
                    part_of,
                    order,
                    precision: Precision::Double,
                    comm: serial(),
                    sets: PointSets::default(),
                    make,
                }
            }
            fn visit<F: MakeBackend>(make: Make<F>) -> (Box<dyn Backend>, Vec<[usize; 3]>) {
                match make.mesh.dims {
                    2 => make.visit::<2, 3, _>(Coupled).unwrap(),
                    _ => make.visit::<3, 3, _>(Coupled).unwrap(),
                }
            }
            let expected = registers(visit(make(&mesh, order, OnReference)), &strange_stages());
            let found = registers(visit(make(&mesh, order, OnGpu(limits))), &strange_stages());
            assert_close(&found, &expected, 1e-11, &format!("{cells:?} {limits:?}"));
        }
    }
}
