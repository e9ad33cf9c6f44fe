//! Lanes compute what scalars compute, bit for bit: every function of every system.

use super::lane::{Lane, MOST_LANES, Pack, Scalar, Work};
use crate::physics::Real;
use crate::physics::every::{Examine, PointFunction, show_all};

/// Points a function is evaluated at, a multiple of all numbers of lanes.
const POINTS: usize = 64;

#[derive(Default)]
struct LanesAndScalars {
    functions: usize,
    state: u64,
}

/// Values at `points` by lanes of a type, and by its scalars.
fn compare<L: Lane<Scalar: Bits>, F: PointFunction>(name: &str, points: &[Vec<f64>], function: &F) {
    for points in points.chunks_exact(L::LANES) {
        let mut packs = vec![L::from_f64(0.0); points[0].len()];
        for (i, pack) in packs.iter_mut().enumerate() {
            for (scalar, point) in L::scalars_mut(std::slice::from_mut(pack)).iter_mut().zip(points) {
                *scalar = L::Scalar::from_f64(point[i]);
            }
        }
        let mut found = vec![];
        L::vectorize(Work(|| found = function.eval(&packs)));
        for (lane, point) in points.iter().enumerate() {
            let x: Vec<_> = point.iter().map(|&x| L::Scalar::from_f64(x)).collect();
            let expected = function.eval(&x);
            for (v, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let found = L::scalars(std::slice::from_ref(found))[lane];
                assert!(
                    found.bits() == expected.bits() && !expected.to_f64().is_nan(),
                    "{name}, {} x {}, value {v} at {point:?}: {} from lanes, {} from scalars",
                    L::NAME,
                    L::LANES,
                    found.to_f64(),
                    expected.to_f64()
                );
            }
        }
    }
}

trait Bits {
    fn bits(self) -> u64;
}
impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}
impl Bits for f32 {
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl Examine for LanesAndScalars {
    fn examine<F: PointFunction>(
        &mut self,
        name: &str,
        arguments: &dyn Fn(&mut dyn FnMut() -> f64) -> Vec<f64>,
        function: F,
    ) {
        let state = &mut self.state;
        let mut next = || {
            *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (*state >> 11) as f64 / (1u64 << 53) as f64
        };
        let points: Vec<_> = (0..POINTS).map(|_| arguments(&mut next)).collect();
        compare::<Pack<f64, 4>, F>(name, &points, &function);
        compare::<Pack<f32, 8>, F>(name, &points, &function);
        #[cfg(target_arch = "x86_64")]
        for isa in super::Isa::of_machine() {
            match isa {
                #[cfg(feature = "avx512")]
                super::Isa::Avx512 => {
                    compare::<super::x86::F64x8, F>(name, &points, &function);
                    compare::<super::x86::F32x16, F>(name, &points, &function);
                }
                #[cfg(feature = "avx2")]
                super::Isa::Avx2 => {
                    compare::<super::x86::F64x4, F>(name, &points, &function);
                    compare::<super::x86::F32x8, F>(name, &points, &function);
                }
                _ => {}
            }
        }
        self.functions += 1;
    }
}

#[test]
fn lanes_equal_scalars_for_every_function_of_physics() {
    let mut compared = LanesAndScalars::default();
    show_all(&mut compared);
    assert!(compared.functions > 80, "{}", compared.functions);
}

fn transposed<L: Lane>() {
    let mut block = [L::from_f64(0.0); MOST_LANES];
    let count = L::LANES * L::LANES;
    let number = |i: usize| L::Scalar::from_f64(i as f64);
    (0..count).for_each(|i| L::scalars_mut(&mut block)[i] = number(i));
    L::vectorize(Work(|| L::transpose(&mut block)));
    for i in 0..count {
        let expected = number(i % L::LANES * L::LANES + i / L::LANES);
        assert!(L::scalars(&block)[i] == expected, "{} x {}, {i}", L::NAME, L::LANES);
    }
}

#[test]
fn a_transposed_block_has_its_columns_in_packs() {
    transposed::<Pack<f64, 1>>();
    transposed::<Pack<f64, 4>>();
    #[cfg(target_arch = "x86_64")]
    for isa in super::Isa::of_machine() {
        match isa {
            #[cfg(feature = "avx512")]
            super::Isa::Avx512 => {
                transposed::<super::x86::F64x8>();
                transposed::<super::x86::F32x16>();
            }
            #[cfg(feature = "avx2")]
            super::Isa::Avx2 => {
                transposed::<super::x86::F64x4>();
                transposed::<super::x86::F32x8>();
            }
            _ => {}
        }
    }
}
