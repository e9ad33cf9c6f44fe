//! Which instruction set the kernels run on.

use super::Cpu;
use super::lane::Pack;
#[cfg(all(target_arch = "x86_64", any(feature = "avx2", feature = "avx512"), not(test)))]
use super::x86;
use crate::backend::problem::Problem;
use crate::backend::{Backend, BackendError, Precision};
use crate::physics::system::System;

/// Instruction sets kernels are instantiated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// One number at a time: what the others are compared with.
    Scalar,
    /// Packs of numbers as plain arrays.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
}

impl Isa {
    /// Those this machine can run and this program has kernels for, best first.
    ///
    /// The library's own tests have scalar kernels only: with vectors they would take as long to build as the whole program once
    /// more. What kernels compute is tested from outside, in `tests/`, with all of them; vectors themselves beside them.
    pub fn available() -> Vec<Isa> {
        let here = |isa: &Isa| cfg!(not(all(test, target_arch = "x86_64"))) || *isa == Isa::Scalar;
        Isa::of_machine().into_iter().filter(here).collect()
    }

    /// Those this machine can run, of the features that were chosen when this program was built, best first.
    pub(super) fn of_machine() -> Vec<Isa> {
        let mut list = vec![];
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if cfg!(feature = "avx512") && fma && wide {
                list.push(Isa::Avx512);
            }
            if cfg!(feature = "avx2") && fma {
                list.push(Isa::Avx2);
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        list.push(Isa::Portable);
        list.push(Isa::Scalar);
        list
    }
}

/// Makes the backend with the best instruction set of this machine. Collective.
///
/// # Errors
/// Too many face values for 32-bit indices.
pub fn create<const D: usize, const V: usize, S: System<D, V>>(
    problem: Problem<D, V, S>,
) -> Result<Box<dyn Backend>, BackendError> {
    create_for(problem, Isa::available()[0])
}

/// Makes the backend with a certain instruction set. Collective.
///
/// # Errors
/// The machine does not have it; too many face values for 32-bit indices.
pub fn create_for<const D: usize, const V: usize, S: System<D, V>>(
    problem: Problem<D, V, S>,
    isa: Isa,
) -> Result<Box<dyn Backend>, BackendError> {
    if !Isa::available().contains(&isa) {
        return Err(BackendError::Unsupported(format!("this machine has no {isa:?} instructions")));
    }
    match (isa, problem.precision) {
        #[cfg(all(target_arch = "x86_64", feature = "avx512", not(test)))]
        (Isa::Avx512, Precision::Double) => Cpu::<D, V, S, x86::F64x8>::boxed(problem),
        #[cfg(all(target_arch = "x86_64", feature = "avx512", not(test)))]
        (Isa::Avx512, Precision::Single) => Cpu::<D, V, S, x86::F32x16>::boxed(problem),
        #[cfg(all(target_arch = "x86_64", feature = "avx2", not(test)))]
        (Isa::Avx2, Precision::Double) => Cpu::<D, V, S, x86::F64x4>::boxed(problem),
        #[cfg(all(target_arch = "x86_64", feature = "avx2", not(test)))]
        (Isa::Avx2, Precision::Single) => Cpu::<D, V, S, x86::F32x8>::boxed(problem),
        #[cfg(not(target_arch = "x86_64"))]
        (Isa::Portable, Precision::Double) => Cpu::<D, V, S, Pack<f64, 4>>::boxed(problem),
        #[cfg(not(target_arch = "x86_64"))]
        (Isa::Portable, Precision::Single) => Cpu::<D, V, S, Pack<f32, 8>>::boxed(problem),
        (_, Precision::Double) => Cpu::<D, V, S, Pack<f64, 1>>::boxed(problem),
        (_, Precision::Single) => Cpu::<D, V, S, Pack<f32, 1>>::boxed(problem),
    }
}
