//! Lanes: packs of numbers, one element a lane, that the kernels compute with.
//!
//! A kernel is written once, generic over [`Lane`], and instantiated once an instruction set. It runs inside
//! [`Lane::vectorize`], a function compiled with the instruction set switched on, into which everything inlines; so a
//! binary for the baseline processor still uses what the machine at hand has. All lanes give the same bits as one lane.

use crate::physics::Real;
use crate::physics::real::{Function, Function2};
pub use crate::physics::real::{Pass, Work};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A number in memory: `f32` or `f64`.
pub trait Scalar: Real<Mask = bool> + bytemuck::Pod + Send + Sync + Default + PartialOrd {
    /// Widens to `f64`.
    fn to_f64(self) -> f64;
}

impl Scalar for f64 {
    fn to_f64(self) -> f64 {
        self
    }
}

impl Scalar for f32 {
    fn to_f64(self) -> f64 {
        self as f64
    }
}

/// Most lanes any pack has.
pub const MOST_LANES: usize = 16;

/// A pack of [`Lane::LANES`] numbers, at most [`MOST_LANES`].
///
/// # Safety
/// An implementation has the size of `LANES` scalars, holds them in order, has no padding, and any bits are valid.
pub unsafe trait Lane: Real + Send + Sync + 'static {
    /// The number in one lane.
    type Scalar: Scalar;
    /// Number of lanes.
    const LANES: usize;
    /// Name for people.
    const NAME: &'static str;

    /// The same number in every lane.
    fn splat(x: Self::Scalar) -> Self;
    /// Runs `pass` compiled for this lane's instruction set.
    fn vectorize<P: Pass>(pass: P);

    /// The first [`Lane::LANES`] numbers of a slice.
    ///
    /// # Panics
    /// There are fewer.
    #[inline(always)]
    fn load(from: &[Self::Scalar]) -> Self {
        let from = &from[..Self::LANES];
        // SAFETY: the slice is that long, and by the contract of the trait any bits make a valid pack.
        unsafe { from.as_ptr().cast::<Self>().read_unaligned() }
    }

    /// Puts the pack into memory past the caches, where it will not be read soon. [`Lane::fence`] has to follow before
    /// another thread reads it.
    #[inline(always)]
    fn stream(self, to: &mut Self) {
        *to = self;
    }

    /// Makes what was streamed visible to other threads.
    #[inline(always)]
    fn fence() {}

    /// Transposes the first [`Lane::LANES`] packs: lane `i` of pack `j` becomes lane `j` of pack `i`.
    #[inline(always)]
    fn transpose(block: &mut [Self; MOST_LANES]) {
        let scalars = Self::scalars_mut(block);
        for i in 0..Self::LANES {
            for j in 0..i {
                scalars.swap(i * Self::LANES + j, j * Self::LANES + i);
            }
        }
    }

    /// Asks for the cache line at `address`, which need not be valid, to be at hand soon.
    #[inline(always)]
    fn prefetch<T>(address: *const T) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: SSE is part of the architecture, and a prefetch of any address does nothing but fill a cache.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = address;
    }

    /// Packs as the numbers they hold.
    #[inline(always)]
    fn scalars(packs: &[Self]) -> &[Self::Scalar] {
        // SAFETY: by the contract of the trait a pack is LANES scalars in a row, of no smaller alignment.
        unsafe { std::slice::from_raw_parts(packs.as_ptr().cast(), packs.len() * Self::LANES) }
    }

    /// Packs as the numbers they hold, to be changed.
    #[inline(always)]
    fn scalars_mut(packs: &mut [Self]) -> &mut [Self::Scalar] {
        // SAFETY: as in `scalars`; any bits make a valid pack.
        unsafe { std::slice::from_raw_parts_mut(packs.as_mut_ptr().cast(), packs.len() * Self::LANES) }
    }
}

/// Plain array of lanes, for machines without a special implementation, and, with one lane, the scalar kernel that the
/// others are compared with.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Pack<T, const N: usize>([T; N]);

/// Truth values of a [`Pack`].
#[derive(Clone, Copy, Debug)]
pub struct PackMask<const N: usize>([bool; N]);

impl<T: Scalar, const N: usize> Pack<T, N> {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        Pack(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

macro_rules! pack_operator {
    ($($trait:ident, $function:ident;)*) => {
        $(impl<T: Scalar, const N: usize> $trait for Pack<T, N> {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                self.zip(other, |a, b| a.$function(b))
            }
        })*
    };
}
pack_operator! { Add, add; Sub, sub; Mul, mul; Div, div; }

impl<T: Scalar, const N: usize> Neg for Pack<T, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Pack(self.0.map(|x| -x))
    }
}

impl<const N: usize> BitAnd for PackMask<N> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        PackMask(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }
}

impl<const N: usize> BitOr for PackMask<N> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        PackMask(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }
}

impl<const N: usize> Not for PackMask<N> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        PackMask(self.0.map(|x| !x))
    }
}

impl<T: Scalar, const N: usize> Real for Pack<T, N> {
    type Mask = PackMask<N>;
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        Pack([T::from_f64(x); N])
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Pack(std::array::from_fn(|i| self.0[i].mul_add(a.0[i], b.0[i])))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Pack(self.0.map(Real::sqrt))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Pack(self.0.map(Real::abs))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        PackMask(std::array::from_fn(|i| Real::lt(self.0[i], other.0[i])))
    }
    #[inline(always)]
    fn le(self, other: Self) -> Self::Mask {
        PackMask(std::array::from_fn(|i| Real::le(self.0[i], other.0[i])))
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Pack(std::array::from_fn(|i| if mask.0[i] { yes.0[i] } else { no.0[i] }))
    }
    fn function(self, f: Function) -> Self {
        Pack(self.0.map(|x| x.function(f)))
    }
    fn function2(self, f: Function2, other: Self) -> Self {
        self.zip(other, |a, b| a.function2(f, b))
    }
    #[inline(never)]
    fn apart<P: Pass>(pass: P) {
        pass.run();
    }
}

// SAFETY: transparent over an array of N scalars.
unsafe impl<T: Scalar, const N: usize> Lane for Pack<T, N> {
    type Scalar = T;
    const LANES: usize = N;
    const NAME: &'static str = if N == 1 { "scalar" } else { "portable" };
    #[inline(always)]
    fn splat(x: T) -> Self {
        Pack([x; N])
    }
    /// A function of its own, as with vectors: a pass that holds all operators at once takes very long to build.
    #[inline(never)]
    fn vectorize<P: Pass>(pass: P) {
        pass.run();
    }
}
