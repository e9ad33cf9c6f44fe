//! Lanes of x86-64: AVX-512 and AVX2.
//!
//! The intrinsics need their instruction set at run time. Kernels over these types run only inside
//! [`Lane::vectorize`], which [`super::Isa`] hands out only after the processor was asked; every `unsafe` below rests on
//! that. The operations are `#[inline(always)]`, so they end up inside the function that has the features enabled.

use super::lane::{Lane, MOST_LANES, Pass};
use crate::physics::Real;
use crate::physics::real::{Function, Function2};
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};
#[cfg(feature = "avx2")]
use std::ops::{BitAnd, BitOr, Not};

macro_rules! lane_type {
    (
        $name:ident, $doc:literal, $vector:ty, $scalar:ty, $lanes:literal, $label:literal, $features:literal, $pass:ident,
        $apart:ident, $mask:ty, $set1:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $fma:ident, $sqrt:ident,
        neg($n:ident) $neg:expr, abs($b:ident) $abs:expr, lt($l1:ident, $l2:ident) $lt:expr, le($e1:ident, $e2:ident) $le:expr,
        select($m:ident, $y:ident, $o:ident) $select:expr, $stream:ident, transpose($block:ident) $transpose:expr
    ) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub struct $name($vector);

        impl $name {
            #[inline(always)]
            fn to_array(self) -> [$scalar; $lanes] {
                // SAFETY: same size, any bits are valid.
                unsafe { std::mem::transmute(self.0) }
            }
            #[inline(always)]
            fn from_array(x: [$scalar; $lanes]) -> Self {
                // SAFETY: same size, any bits are valid.
                $name(unsafe { std::mem::transmute::<[$scalar; $lanes], $vector>(x) })
            }
        }

        impl Add for $name {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $add(self.0, other.0) })
            }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $sub(self.0, other.0) })
            }
        }
        impl Mul for $name {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $mul(self.0, other.0) })
            }
        }
        impl Div for $name {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $div(self.0, other.0) })
            }
        }
        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                let $n = self.0;
                // SAFETY: see the module documentation.
                $name(unsafe { $neg })
            }
        }

        impl Real for $name {
            type Mask = $mask;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                Self::splat(x as $scalar)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $fma(self.0, a.0, b.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                let $b = self.0;
                // SAFETY: see the module documentation.
                $name(unsafe { $abs })
            }
            #[inline(always)]
            fn lt(self, other: Self) -> Self::Mask {
                let ($l1, $l2) = (self.0, other.0);
                // SAFETY: see the module documentation.
                unsafe { $lt }
            }
            #[inline(always)]
            fn le(self, other: Self) -> Self::Mask {
                let ($e1, $e2) = (self.0, other.0);
                // SAFETY: see the module documentation.
                unsafe { $le }
            }
            #[inline(always)]
            fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
                let ($m, $y, $o) = (mask, yes.0, no.0);
                // SAFETY: see the module documentation.
                $name(unsafe { $select })
            }
            fn function(self, f: Function) -> Self {
                Self::from_array(self.to_array().map(|x| x.function(f)))
            }
            fn function2(self, f: Function2, other: Self) -> Self {
                let (a, b) = (self.to_array(), other.to_array());
                Self::from_array(std::array::from_fn(|i| a[i].function2(f, b[i])))
            }
            #[inline(always)]
            fn apart<P: Pass>(pass: P) {
                // SAFETY: whoever has a value of this type runs inside `vectorize`, see the module documentation.
                unsafe { $apart(pass) }
            }
        }

        #[target_feature(enable = $features)]
        #[inline(never)]
        fn $apart<P: Pass>(pass: P) {
            pass.run();
        }

        #[target_feature(enable = $features)]
        fn $pass<P: Pass>(pass: P) {
            pass.run();
        }

        // SAFETY: transparent over a vector of that many scalars.
        unsafe impl Lane for $name {
            type Scalar = $scalar;
            const LANES: usize = $lanes;
            const NAME: &'static str = $label;
            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $set1(x) })
            }
            #[inline(always)]
            fn stream(self, to: &mut Self) {
                // SAFETY: see the module documentation; a reference is aligned and may be written.
                unsafe { $stream(std::ptr::from_mut(to).cast(), self.0) }
            }
            #[inline(always)]
            fn fence() {
                // SAFETY: SSE is part of the architecture.
                unsafe { _mm_sfence() }
            }
            #[inline(always)]
            fn transpose($block: &mut [Self; MOST_LANES]) {
                // SAFETY: see the module documentation.
                unsafe { $transpose }
            }
            #[inline(always)]
            fn vectorize<P: Pass>(pass: P) {
                // SAFETY: kernels over this type exist only where `Isa` found the instruction set.
                unsafe { $pass(pass) }
            }
        }
    };
}

#[cfg(feature = "avx512")]
lane_type!(
    F64x8, "Eight `f64`, AVX-512.", __m512d, f64, 8, "AVX-512", "avx512f,avx512dq,avx512vl,fma,avx2", pass_f64x8,
    apart_f64x8, u8, _mm512_set1_pd, _mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd, _mm512_div_pd, _mm512_fmadd_pd, _mm512_sqrt_pd,
    neg(x) _mm512_xor_pd(x, _mm512_set1_pd(-0.0)), abs(x) _mm512_abs_pd(x),
    lt(a, b) _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b), le(a, b) _mm512_cmp_pd_mask::<_CMP_LE_OQ>(a, b),
    select(m, yes, no) _mm512_mask_blend_pd(m, no, yes), _mm512_stream_pd, transpose(block) transpose_f64x8(block)
);

#[cfg(feature = "avx512")]
lane_type!(
    F32x16, "Sixteen `f32`, AVX-512.", __m512, f32, 16, "AVX-512", "avx512f,avx512dq,avx512vl,fma,avx2", pass_f32x16,
    apart_f32x16, u16, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_fmadd_ps, _mm512_sqrt_ps,
    neg(x) _mm512_xor_ps(x, _mm512_set1_ps(-0.0)), abs(x) _mm512_abs_ps(x),
    lt(a, b) _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), le(a, b) _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b),
    select(m, yes, no) _mm512_mask_blend_ps(m, no, yes), _mm512_stream_ps, transpose(block) transpose_f32x16(block)
);

#[cfg(feature = "avx2")]
lane_type!(
    F64x4, "Four `f64`, AVX2 and FMA.", __m256d, f64, 4, "AVX2", "avx2,fma", pass_f64x4,
    apart_f64x4, MaskPd, _mm256_set1_pd, _mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd, _mm256_div_pd, _mm256_fmadd_pd, _mm256_sqrt_pd,
    neg(x) _mm256_xor_pd(x, _mm256_set1_pd(-0.0)), abs(x) _mm256_andnot_pd(_mm256_set1_pd(-0.0), x),
    lt(a, b) MaskPd(_mm256_cmp_pd::<_CMP_LT_OQ>(a, b)), le(a, b) MaskPd(_mm256_cmp_pd::<_CMP_LE_OQ>(a, b)),
    select(m, yes, no) _mm256_blendv_pd(no, yes, m.0), _mm256_stream_pd, transpose(block) transpose_f64x4(block)
);

#[cfg(feature = "avx2")]
lane_type!(
    F32x8, "Eight `f32`, AVX2 and FMA.", __m256, f32, 8, "AVX2", "avx2,fma", pass_f32x8,
    apart_f32x8, MaskPs, _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_fmadd_ps, _mm256_sqrt_ps,
    neg(x) _mm256_xor_ps(x, _mm256_set1_ps(-0.0)), abs(x) _mm256_andnot_ps(_mm256_set1_ps(-0.0), x),
    lt(a, b) MaskPs(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b)), le(a, b) MaskPs(_mm256_cmp_ps::<_CMP_LE_OQ>(a, b)),
    select(m, yes, no) _mm256_blendv_ps(no, yes, m.0), _mm256_stream_ps, transpose(block) transpose_f32x8(block)
);

// Transpositions: pairs of rows are interleaved until a vector holds what belongs into one column. Macros and no closures,
// which would not have the instruction set and call a function for every instruction.

/// # Safety
/// The processor has AVX-512F.
#[cfg(feature = "avx512")]
#[inline(always)]
unsafe fn transpose_f64x8(block: &mut [F64x8; MOST_LANES]) {
    let rows = *block;
    macro_rules! columns {
        ($interleave:ident, $odd:literal) => {
            let t0 = $interleave(rows[0].0, rows[1].0);
            let t2 = $interleave(rows[2].0, rows[3].0);
            let t4 = $interleave(rows[4].0, rows[5].0);
            let t6 = $interleave(rows[6].0, rows[7].0);
            let (s0, s1) = (_mm512_shuffle_f64x2::<0x88>(t0, t2), _mm512_shuffle_f64x2::<0xdd>(t0, t2));
            let (s2, s3) = (_mm512_shuffle_f64x2::<0x88>(t4, t6), _mm512_shuffle_f64x2::<0xdd>(t4, t6));
            block[$odd] = F64x8(_mm512_shuffle_f64x2::<0x88>(s0, s2));
            block[2 + $odd] = F64x8(_mm512_shuffle_f64x2::<0x88>(s1, s3));
            block[4 + $odd] = F64x8(_mm512_shuffle_f64x2::<0xdd>(s0, s2));
            block[6 + $odd] = F64x8(_mm512_shuffle_f64x2::<0xdd>(s1, s3));
        };
    }
    // SAFETY: the caller's promise.
    unsafe {
        columns!(_mm512_unpacklo_pd, 0);
        columns!(_mm512_unpackhi_pd, 1);
    }
}

/// # Safety
/// The processor has AVX-512F.
#[cfg(feature = "avx512")]
#[inline(always)]
unsafe fn transpose_f32x16(block: &mut [F32x16; MOST_LANES]) {
    let rows = *block;
    // Columns j, 4 + j, 8 + j, 12 + j of four rows.
    macro_rules! four {
        ($first:literal, $inner:ident, $outer:ident) => {{
            let a = _mm512_castps_pd($inner(rows[$first].0, rows[$first + 1].0));
            let b = _mm512_castps_pd($inner(rows[$first + 2].0, rows[$first + 3].0));
            _mm512_castpd_ps($outer(a, b))
        }};
    }
    macro_rules! columns {
        ($inner:ident, $outer:ident, $j:literal) => {
            let (u0, u1) = (four!(0, $inner, $outer), four!(4, $inner, $outer));
            let (u2, u3) = (four!(8, $inner, $outer), four!(12, $inner, $outer));
            let (s0, s1) = (_mm512_shuffle_f32x4::<0x88>(u0, u1), _mm512_shuffle_f32x4::<0xdd>(u0, u1));
            let (s2, s3) = (_mm512_shuffle_f32x4::<0x88>(u2, u3), _mm512_shuffle_f32x4::<0xdd>(u2, u3));
            block[$j] = F32x16(_mm512_shuffle_f32x4::<0x88>(s0, s2));
            block[4 + $j] = F32x16(_mm512_shuffle_f32x4::<0x88>(s1, s3));
            block[8 + $j] = F32x16(_mm512_shuffle_f32x4::<0xdd>(s0, s2));
            block[12 + $j] = F32x16(_mm512_shuffle_f32x4::<0xdd>(s1, s3));
        };
    }
    // SAFETY: the caller's promise.
    unsafe {
        columns!(_mm512_unpacklo_ps, _mm512_unpacklo_pd, 0);
        columns!(_mm512_unpacklo_ps, _mm512_unpackhi_pd, 1);
        columns!(_mm512_unpackhi_ps, _mm512_unpacklo_pd, 2);
        columns!(_mm512_unpackhi_ps, _mm512_unpackhi_pd, 3);
    }
}

/// # Safety
/// The processor has AVX.
#[cfg(feature = "avx2")]
#[inline(always)]
unsafe fn transpose_f64x4(block: &mut [F64x4; MOST_LANES]) {
    let rows = *block;
    // SAFETY: the caller's promise.
    unsafe {
        let (t0, t1) = (_mm256_unpacklo_pd(rows[0].0, rows[1].0), _mm256_unpackhi_pd(rows[0].0, rows[1].0));
        let (t2, t3) = (_mm256_unpacklo_pd(rows[2].0, rows[3].0), _mm256_unpackhi_pd(rows[2].0, rows[3].0));
        block[0] = F64x4(_mm256_permute2f128_pd::<0x20>(t0, t2));
        block[1] = F64x4(_mm256_permute2f128_pd::<0x20>(t1, t3));
        block[2] = F64x4(_mm256_permute2f128_pd::<0x31>(t0, t2));
        block[3] = F64x4(_mm256_permute2f128_pd::<0x31>(t1, t3));
    }
}

/// # Safety
/// The processor has AVX.
#[cfg(feature = "avx2")]
#[inline(always)]
unsafe fn transpose_f32x8(block: &mut [F32x8; MOST_LANES]) {
    let rows = *block;
    macro_rules! four {
        ($first:literal, $inner:ident, $outer:ident) => {{
            let a = _mm256_castps_pd($inner(rows[$first].0, rows[$first + 1].0));
            let b = _mm256_castps_pd($inner(rows[$first + 2].0, rows[$first + 3].0));
            _mm256_castpd_ps($outer(a, b))
        }};
    }
    macro_rules! columns {
        ($inner:ident, $outer:ident, $j:literal) => {
            let (u0, u1) = (four!(0, $inner, $outer), four!(4, $inner, $outer));
            block[$j] = F32x8(_mm256_permute2f128_ps::<0x20>(u0, u1));
            block[4 + $j] = F32x8(_mm256_permute2f128_ps::<0x31>(u0, u1));
        };
    }
    // SAFETY: the caller's promise.
    unsafe {
        columns!(_mm256_unpacklo_ps, _mm256_unpacklo_pd, 0);
        columns!(_mm256_unpacklo_ps, _mm256_unpackhi_pd, 1);
        columns!(_mm256_unpackhi_ps, _mm256_unpacklo_pd, 2);
        columns!(_mm256_unpackhi_ps, _mm256_unpackhi_pd, 3);
    }
}

#[cfg(feature = "avx2")]
macro_rules! mask_type {
    ($name:ident, $vector:ty, $and:ident, $or:ident, $xor:ident, $ones:expr) => {
        /// Truth values of AVX2 lanes: all bits of a lane set or clear.
        #[derive(Clone, Copy, Debug)]
        pub struct $name($vector);
        impl BitAnd for $name {
            type Output = Self;
            #[inline(always)]
            fn bitand(self, other: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $and(self.0, other.0) })
            }
        }
        impl BitOr for $name {
            type Output = Self;
            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $or(self.0, other.0) })
            }
        }
        impl Not for $name {
            type Output = Self;
            #[inline(always)]
            fn not(self) -> Self {
                // SAFETY: see the module documentation.
                $name(unsafe { $xor(self.0, $ones) })
            }
        }
    };
}
#[cfg(feature = "avx2")]
mask_type!(
    MaskPd,
    __m256d,
    _mm256_and_pd,
    _mm256_or_pd,
    _mm256_xor_pd,
    _mm256_castsi256_pd(_mm256_set1_epi64x(-1))
);
#[cfg(feature = "avx2")]
mask_type!(
    MaskPs,
    __m256,
    _mm256_and_ps,
    _mm256_or_ps,
    _mm256_xor_ps,
    _mm256_castsi256_ps(_mm256_set1_epi64x(-1))
);
