// Elementary functions in double precision from arithmetic. WGSL has none, and drivers return garbage where the
// translator lets them through. Methods and coefficients: FreeBSD msun (fdlibm), Copyright (C) 1993, 2004 by Sun
// Microsystems, Inc., "Permission to use, copy, modify, and distribute this software is freely granted, provided that this
// notice is preserved"; tanh: Cephes (Moshier 1989). Errors stay below about 1e-15 relative.

const LN2_HIGH: f64 = 6.93147180369123816490e-01lf;
const LN2_LOW: f64 = 1.90821492927058770002e-10lf;
const PI: f64 = 3.14159265358979311600e+00lf;
const PI_LOW: f64 = 1.2246467991473531772e-16lf;

// An exact sum or product in two parts.
struct Two {
    high: f64,
    low: f64,
}

fn two_sum(a: f64, b: f64) -> Two {
    let s = a + b;
    let t = s - a;
    return Two(s, (a - (s - t)) + (b - t));
}

fn upper_half(a: f64) -> f64 {
    let c = 134217729.0lf * a;
    return c - (c - a);
}

fn two_product(a: f64, b: f64) -> Two {
    let p = a * b;
    let ah = upper_half(a);
    let bh = upper_half(b);
    let al = a - ah;
    let bl = b - bh;
    return Two(p, ((ah * bh - p) + ah * bl + al * bh) + al * bl);
}

fn not_a_number(x: f64) -> f64 { return sqrt(-1.0lf - abs(x)); }

// x 2^n in two steps, so that the ends of the range are reached.
fn scale(x: f64, n: i32) -> f64 {
    let half = n / 2;
    return ldexp(ldexp(x, half), n - half);
}

// exp(x + low), low small against x.
fn exp_two(x: f64, low: f64) -> f64 {
    if !(x <= 709.782712893383973096lf) { return x * 1e308lf * 1e308lf; }
    if x < -745.2lf { return 0.0lf; }
    let n = floor(x * 1.44269504088896338700lf + 0.5lf);
    let high = x - n * LN2_HIGH;
    let lo = n * LN2_LOW - low;
    let r = high - lo;
    let t = r * r;
    let c = r - t * (1.66666666666666019037e-01lf + t * (-2.77777777770155933842e-03lf + t * (6.61375632143793436117e-05lf
        + t * (-1.65339022054652515390e-06lf + t * 4.13813679705723846039e-08lf))));
    let y = 1.0lf - ((lo - (r * c) / (2.0lf - c)) - high);
    return scale(y, i32(n));
}

fn real_exp(x: f64) -> f64 { return exp_two(x, 0.0lf); }

// log(x) for finite x > 0 in two parts: x = 2^k m, s = (m - 1) / (m + 1), log m = 2 s + s^3 (2/3 + ...).
fn log_two(x: f64) -> Two {
    // Exponent by bisection (frexp would need 64-bit integers); each step is exact.
    var m = x;
    var k = 0.0lf;
    if m < 2.2250738585072014e-308lf {
        m *= 18014398509481984.0lf;
        k = -54.0lf;
    }
    for (var e = 512; e > 0; e /= 2) {
        let power = ldexp(1.0lf, e);
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
    let f = m - 1.0lf;
    let g = 2.0lf + f;
    let s = f / g;
    // What the division left: f - s g, and the rounding of g.
    let product = two_product(s, g);
    let g_low = f - (g - 2.0lf);
    let s_low = (((f - product.high) - product.low) - s * g_low) / g;
    let z = s * s;
    let w = z * z;
    let odd = z * (6.666666666666735130e-01lf + w * (2.857142874366239149e-01lf + w * (1.818357216161805012e-01lf
        + w * 1.479819860511658591e-01lf)));
    let even = w * (3.999999999940941908e-01lf + w * (2.222219843214978396e-01lf + w * 1.531383769920937332e-01lf));
    let tail = s * (odd + even) + 2.0lf * s_low;
    let sum = two_sum(k * LN2_HIGH, 2.0lf * s);
    let low = sum.low + (k * LN2_LOW + tail);
    return two_sum(sum.high, low);
}

fn real_log(x: f64) -> f64 {
    if x < 0.0lf { return not_a_number(x); }
    if x == 0.0lf { return -1.0lf / abs(x); }
    // Infinity and NaN
    if !(x <= 1.7976931348623157e308lf) { return x; }
    return log_two(x).high;
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
    } else if abs(y) > 1e300lf {
        // Beyond this every power but that of one is zero or infinite.
        power = select(select(exp_two(1e4lf * a / a, 0.0lf), 0.0lf, (a > 1.0lf) != (y > 0.0lf)), 1.0lf, a == 1.0lf);
    } else {
        let l = log_two(a);
        let p = two_product(y, l.high);
        power = exp_two(p.high, select(p.low + y * l.low, 0.0lf, abs(p.high) > 800.0lf));
    }
    if x < 0.0lf && !whole { return not_a_number(x); }
    return select(power, -power, x < 0.0lf && odd);
}

// x less the nearest multiple of pi/2, in two parts, and which quarter turn that is. pi/2 as 33 + 33 + 53 bits
// (Cody, Waite 1980); the multiple in two parts of 20 bits, so that the products are exact up to 1.6e12.
struct Turn {
    high: f64,
    low: f64,
    quarter: i32,
}

fn turn(x: f64) -> Turn {
    let n = floor(x * 6.36619772367581382433e-01lf + 0.5lf);
    let nh = 1048576.0lf * floor(n / 1048576.0lf + 0.5lf);
    let nl = n - nh;
    let a = (x - nh * 1.57079632673412561417e+00lf) - nl * 1.57079632673412561417e+00lf;
    let b = two_sum(a, -nh * 6.07710050630396597660e-11lf);
    let c = two_sum(b.high, -nl * 6.07710050630396597660e-11lf);
    let d = two_sum(c.high, (b.low + c.low) - n * 2.02226624879595063154e-21lf);
    return Turn(d.high, d.low, i32(n - 4.0lf * floor(0.25lf * n)));
}

fn sin_kernel(x: f64, low: f64) -> f64 {
    let z = x * x;
    let r = 8.33333333332248946124e-03lf + z * (-1.98412698298579493134e-04lf + z * (2.75573137070700676789e-06lf
        + z * (-2.50507602534068634195e-08lf + z * 1.58969099521155010221e-10lf)));
    let v = z * x;
    return x - ((z * (0.5lf * low - v * r) - low) - v * -1.66666666666666324348e-01lf);
}

fn cos_kernel(x: f64, low: f64) -> f64 {
    let z = x * x;
    let r = z * (4.16666666666666019037e-02lf + z * (-1.38888888888741095749e-03lf + z * (2.48015872894767294178e-05lf
        + z * (-2.75573143513906633035e-07lf + z * (2.08757232129817482790e-09lf + z * -1.13596475577881948265e-11lf)))));
    let h = 0.5lf * z;
    let w = 1.0lf - h;
    return w + (((1.0lf - w) - h) + (z * r - x * low));
}

// Beyond 1e12 neighbouring numbers are a noticeable part of a turn apart: not a number, rather than noise.
fn real_sin(x: f64) -> f64 {
    if !(abs(x) <= 1e12lf) { return not_a_number(x); }
    let t = turn(x);
    let value = select(sin_kernel(t.high, t.low), cos_kernel(t.high, t.low), (t.quarter & 1) == 1);
    return select(value, -value, t.quarter >= 2);
}

fn real_cos(x: f64) -> f64 {
    if !(abs(x) <= 1e12lf) { return not_a_number(x); }
    let t = turn(x);
    let value = select(cos_kernel(t.high, t.low), sin_kernel(t.high, t.low), (t.quarter & 1) == 1);
    return select(value, -value, t.quarter == 1 || t.quarter == 2);
}

fn real_tan(x: f64) -> f64 {
    if !(abs(x) <= 1e12lf) { return not_a_number(x); }
    let t = turn(x);
    let s = sin_kernel(t.high, t.low);
    let c = cos_kernel(t.high, t.low);
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

// x - y floor(x / y), the product in two parts so that nothing is lost to cancellation.
fn real_modulo(x: f64, y: f64) -> f64 {
    let p = two_product(floor(x / y), y);
    var r = (x - p.high) - p.low;
    if r != 0.0lf && (r < 0.0lf) != (y < 0.0lf) { r += y; }
    if abs(r) >= abs(y) { r -= y; }
    return r;
}
