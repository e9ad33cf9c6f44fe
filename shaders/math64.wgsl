// Elementary functions in double precision from arithmetic. WGSL has none, and drivers return garbage where the
// translator lets them through. Methods and coefficients: FreeBSD msun (fdlibm), Copyright (C) 1993, 2004 by Sun
// Microsystems, Inc., "Permission to use, copy, modify, and distribute this software is freely granted, provided that this
// notice is preserved"; tanh: Cephes (Moshier 1989). Errors stay below about 1e-15 relative.

const LN2_HIGH: f64 = 6.93147180369123816490e-01lf;
const LN2_LOW: f64 = 1.90821492927058770002e-10lf;
const PI: f64 = 3.14159265358979311600e+00lf;
const PI_LOW: f64 = 1.2246467991473531772e-16lf;

// Drivers may replace c - (c - a) by a, so the usual error-free sums and products do not work. What does is to split a
// number by rounding it to single precision (|a| below 1e38): the product of two upper parts is exact.
fn upper(a: f64) -> f64 { return f64(f32(a)); }

fn not_a_number(x: f64) -> f64 { return sqrt(-1.0lf - abs(x)); }

// 2^n for |n| < 1024, by squaring (ldexp is not there on every device).
fn power_of_two(n: i32) -> f64 {
    var result = 1.0lf;
    var factor = select(2.0lf, 0.5lf, n < 0);
    for (var m = abs(n); m > 0; m /= 2) {
        if m % 2 == 1 { result *= factor; }
        factor *= factor;
    }
    return result;
}

// x 2^n in two steps, so that the ends of the range are reached.
fn scale(x: f64, n: i32) -> f64 {
    let half = n / 2;
    return x * power_of_two(half) * power_of_two(n - half);
}

fn real_exp(x: f64) -> f64 {
    if !(x <= 709.782712893383973096lf) { return x * 1e308lf * 1e308lf; }
    if x < -745.2lf { return 0.0lf; }
    let n = floor(x * 1.44269504088896338700lf + 0.5lf);
    let high = x - n * LN2_HIGH;
    let low = n * LN2_LOW;
    return scale(exp_kernel(high, low), i32(n));
}

// exp(high - low), about 0.35 at most.
fn exp_kernel(high: f64, low: f64) -> f64 {
    let r = high - low;
    let t = r * r;
    let c = r - t * (1.66666666666666019037e-01lf + t * (-2.77777777770155933842e-03lf + t * (6.61375632143793436117e-05lf
        + t * (-1.65339022054652515390e-06lf + t * 4.13813679705723846039e-08lf))));
    return 1.0lf - ((low - (r * c) / (2.0lf - c)) - high);
}

// x = 2^k m with m around 1, for finite x > 0.
struct Parts {
    k: f64,
    m: f64,
}

// Exponent by bisection (frexp would need 64-bit integers); each step is exact.
fn parts_of(x: f64) -> Parts {
    var m = x;
    var k = 0.0lf;
    if m < 2.2250738585072014e-308lf {
        m *= 18014398509481984.0lf;
        k = -54.0lf;
    }
    for (var e = 512; e > 0; e /= 2) {
        let power = power_of_two(e);
        if m >= power {
            m /= power;
            k += f64(e);
        } else if m * power < 2.0lf {
            m *= power;
            k -= f64(e);
        }
    }
    if m > 1.41421356237309514547lf {
        m *= 0.5lf;
        k += 1.0lf;
    }
    return Parts(k, m);
}

// log((1 + s) / (1 - s)) - 2 s
fn log_kernel(s: f64) -> f64 {
    let z = s * s;
    let w = z * z;
    let odd = z * (6.666666666666735130e-01lf + w * (2.857142874366239149e-01lf + w * (1.818357216161805012e-01lf
        + w * 1.479819860511658591e-01lf)));
    let even = w * (3.999999999940941908e-01lf + w * (2.222219843214978396e-01lf + w * 1.531383769920937332e-01lf));
    return s * (odd + even);
}

fn real_log(x: f64) -> f64 {
    if x < 0.0lf { return not_a_number(x); }
    if x == 0.0lf { return -1.0lf / abs(x); }
    // Infinity and NaN
    if !(x <= 1.7976931348623157e308lf) { return x; }
    let p = parts_of(x);
    let s = (p.m - 1.0lf) / (p.m + 1.0lf);
    return p.k * LN2_HIGH + (2.0lf * s + (log_kernel(s) + p.k * LN2_LOW));
}

// a^y for finite a > 0 and |y| < 1e30: 2^(y log2 a) with log2 a = k + h + l, where h has 24 bits, so that what matters of
// the products with the two parts of y is exact.
fn power_of(a: f64, y: f64) -> f64 {
    let p = parts_of(a);
    let f = p.m - 1.0lf;
    let g = p.m + 1.0lf;
    let gh = upper(g);
    let gl = p.m - (gh - 1.0lf);
    let s = f / g;
    let s2h = upper(2.0lf * s);
    let s2l = ((2.0lf * f - s2h * gh) - s2h * gl) / g;
    // log2(e) in two parts
    let ch = 1.44269502162933349609e+00lf;
    let cl = 1.92596299112661746887e-08lf;
    let whole = s2h * ch;
    let h = upper(whole);
    let l = (whole - h) + (s2h * cl + (s2l + log_kernel(s)) * (ch + cl));
    let yh = upper(y);
    let yl = y - yh;
    let total = y * (p.k + (h + l));
    if abs(total) > 1100.0lf { return real_exp(total); }
    let n = floor(total + 0.5lf);
    let r = ((((yh * p.k - n) + yh * h) + yl * p.k) + yl * h) + y * l;
    return scale(exp_kernel(r * 6.93147180559945286227e-01lf, 0.0lf), i32(n));
}

fn real_pow(x: f64, y: f64) -> f64 {
    if y == 0.0lf || x == 1.0lf { return 1.0lf; }
    if x != x || y != y { return x + y; }
    let whole = floor(y) == y;
    let odd = whole && abs(y) < 9007199254740992.0lf && 2.0lf * floor(0.5lf * y) != y;
    let a = abs(x);
    var power: f64;
    if a == 0.0lf || a > 1.7976931348623157e308lf {
        power = select(1.0lf / a, a, y > 0.0lf);
    } else if abs(y) > 1e30lf {
        // Beyond this every power but that of one is zero or infinite.
        power = select(select(real_exp(1000.0lf * max(a, 1.0lf)), 0.0lf, (a > 1.0lf) != (y > 0.0lf)), 1.0lf, a == 1.0lf);
    } else {
        power = power_of(a, y);
    }
    if x < 0.0lf && !whole { return not_a_number(x); }
    return select(power, -power, x < 0.0lf && odd);
}

// x less the nearest multiple of pi/2, and which quarter turn that is. pi/2 as 33 + 33 + 53 bits
// (Cody, Waite 1980); the multiple in two parts of 20 bits, so that the products are exact up to 1.6e12.
struct Turn {
    x: f64,
    quarter: i32,
}

fn turn(x: f64) -> Turn {
    let n = floor(x * 6.36619772367581382433e-01lf + 0.5lf);
    let nh = 1048576.0lf * floor(n / 1048576.0lf + 0.5lf);
    let nl = n - nh;
    let a = (x - nh * 1.57079632673412561417e+00lf) - nl * 1.57079632673412561417e+00lf;
    let b = (a - nh * 6.07710050630396597660e-11lf) - nl * 6.07710050630396597660e-11lf;
    return Turn(b - n * 2.02226624879595063154e-21lf, i32(n - 4.0lf * floor(0.25lf * n)));
}

fn sin_kernel(x: f64) -> f64 {
    let z = x * x;
    let r = 8.33333333332248946124e-03lf + z * (-1.98412698298579493134e-04lf + z * (2.75573137070700676789e-06lf
        + z * (-2.50507602534068634195e-08lf + z * 1.58969099521155010221e-10lf)));
    let v = z * x;
    return x + v * (-1.66666666666666324348e-01lf + z * r);
}

fn cos_kernel(x: f64) -> f64 {
    let z = x * x;
    let r = z * (4.16666666666666019037e-02lf + z * (-1.38888888888741095749e-03lf + z * (2.48015872894767294178e-05lf
        + z * (-2.75573143513906633035e-07lf + z * (2.08757232129817482790e-09lf + z * -1.13596475577881948265e-11lf)))));
    return 1.0lf - (0.5lf * z - z * r);
}

// Beyond 1e12 neighbouring numbers are a noticeable part of a turn apart: not a number, rather than noise.
fn real_sin(x: f64) -> f64 {
    if !(abs(x) <= 1e12lf) { return not_a_number(x); }
    let t = turn(x);
    let value = select(sin_kernel(t.x), cos_kernel(t.x), (t.quarter & 1) == 1);
    return select(value, -value, t.quarter >= 2);
}

fn real_cos(x: f64) -> f64 {
    if !(abs(x) <= 1e12lf) { return not_a_number(x); }
    let t = turn(x);
    let value = select(cos_kernel(t.x), sin_kernel(t.x), (t.quarter & 1) == 1);
    return select(value, -value, t.quarter == 1 || t.quarter == 2);
}

fn real_tan(x: f64) -> f64 {
    if !(abs(x) <= 1e12lf) { return not_a_number(x); }
    let t = turn(x);
    let s = sin_kernel(t.x);
    let c = cos_kernel(t.x);
    return select(s / c, -c / s, (t.quarter & 1) == 1);
}

fn real_atan(x: f64) -> f64 {
    if x != x { return x; }
    var t = abs(x);
    var high = 0.0lf;
    var low = 0.0lf;
    if t > 1e17lf {
        t = 0.0lf;
        high = 1.57079632679489655800e+00lf;
        low = 6.12323399573676603587e-17lf;
    } else if t >= 2.4375lf {
        t = -1.0lf / t;
        high = 1.57079632679489655800e+00lf;
        low = 6.12323399573676603587e-17lf;
    } else if t >= 1.1875lf {
        t = (t - 1.5lf) / (1.0lf + 1.5lf * t);
        high = 9.82793723247329054082e-01lf;
        low = 1.39033110312309984516e-17lf;
    } else if t >= 0.6875lf {
        t = (t - 1.0lf) / (t + 1.0lf);
        high = 7.85398163397448278999e-01lf;
        low = 3.06161699786838301793e-17lf;
    } else if t >= 0.4375lf {
        t = (2.0lf * t - 1.0lf) / (2.0lf + t);
        high = 4.63647609000806093515e-01lf;
        low = 2.26987774529616870924e-17lf;
    }
    let z = t * t;
    let w = z * z;
    let s1 = z * (3.33333333333329318027e-01lf + w * (1.42857142725034663711e-01lf + w * (9.09088713343650656196e-02lf
        + w * (6.66107313738753120669e-02lf + w * (4.97687799461593236017e-02lf + w * 1.62858201153657823623e-02lf)))));
    let s2 = w * (-1.99999999998764832476e-01lf + w * (-1.11111104054623557880e-01lf + w * (-7.69187620504482999495e-02lf
        + w * (-5.83357013379057348645e-02lf + w * -3.65315727442169155270e-02lf))));
    let value = high - ((t * (s1 + s2) - low) - t);
    return select(value, -value, x < 0.0lf);
}

fn real_atan2(y: f64, x: f64) -> f64 {
    if x == 0.0lf && y == 0.0lf { return 0.0lf; }
    if x == 0.0lf { return select(-0.5lf * PI, 0.5lf * PI, y > 0.0lf); }
    let a = real_atan(abs(y / x));
    let value = select(a, PI - (a - PI_LOW), x < 0.0lf);
    return select(value, -value, y < 0.0lf);
}

fn real_asin(x: f64) -> f64 { return real_atan2(x, sqrt((1.0lf - x) * (1.0lf + x))); }

fn real_acos(x: f64) -> f64 { return 2.0lf * real_atan2(sqrt(1.0lf - x), sqrt(1.0lf + x)); }

fn real_tanh(x: f64) -> f64 {
    let a = abs(x);
    if a < 0.625lf {
        let z = x * x;
        let p = (-9.64399179425052238628e-1lf * z - 9.92877231001918586564e1lf) * z - 1.61468768441708447952e3lf;
        let q = ((z + 1.12811678491632931402e2lf) * z + 2.23548839060100448583e3lf) * z + 4.84406305325125486048e3lf;
        return x + x * (z * (p / q));
    }
    let value = select(1.0lf - 2.0lf / (real_exp(2.0lf * a) + 1.0lf), 1.0lf, a > 20.0lf);
    return select(value, -value, x < 0.0lf);
}

// x - y floor(x / y), the product in parts so that nothing is lost to cancellation.
fn real_modulo(x: f64, y: f64) -> f64 {
    let q = floor(x / y);
    let qh = upper(q);
    let ql = q - qh;
    let yh = upper(y);
    let yl = y - yh;
    var r = (((x - qh * yh) - qh * yl) - ql * yh) - ql * yl;
    if r != 0.0lf && (r < 0.0lf) != (y < 0.0lf) { r += y; }
    if abs(r) >= abs(y) { r -= y; }
    return r;
}
