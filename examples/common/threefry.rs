//! Random numbers without a state: what is drawn depends on a key and a number only, so that it does not matter which
//! thread, rank or device draws it, nor in which order.
//!
//! Threefry-2x32 with 20 rounds: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as
//! 1, 2, 3, SC11 (2011), section 4.1. `pi.wgsl` has the same for graphics devices.

/// Two words of random bits from a key and a number, both as `[low, high]`.
#[inline]
pub fn threefry([k0, k1]: [u32; 2], [n0, n1]: [u32; 2]) -> [u32; 2] {
    const EVEN: [u32; 4] = [13, 15, 26, 6];
    const ODD: [u32; 4] = [17, 29, 16, 24];
    // The constant is that of Skein's key schedule: no key makes all three words equal.
    let k2 = 0x1bd1_1bda ^ k0 ^ k1;
    let (mut x, mut y) = (n0.wrapping_add(k0), n1.wrapping_add(k1));
    let schedule = [(EVEN, k1, k2), (ODD, k2, k0), (EVEN, k0, k1), (ODD, k1, k2), (EVEN, k2, k0)];
    for (step, (rotations, a, b)) in (1..).zip(schedule) {
        for rotation in rotations {
            x = x.wrapping_add(y);
            y = y.rotate_left(rotation) ^ x;
        }
        x = x.wrapping_add(a);
        y = y.wrapping_add(b).wrapping_add(step);
    }
    [x, y]
}

/// The words `[low, high]` of a number.
#[inline]
pub fn words(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}
