// Elementary functions in single precision. Exponential, logarithm, power and tanh are the device's own, mended where WGSL
// leaves cases undefined; of the trigonometric ones WGSL promises little (asin: 4e-4), so they follow Cephes (Moshier 1989).

// x less the nearest multiple of pi/2 (in three parts), and which quarter turn that is.
fn turn(x: f32) -> vec2<f32> {
    let n = floor(x * 0.63661977f + 0.5f);
    let r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.549789954891882e-8f;
    return vec2<f32>(r, n - 4.0f * floor(0.25f * n));
}

fn sin_kernel(x: f32) -> f32 {
    let z = x * x;
    return x + x * z * (-1.6666654611e-1f + z * (8.3321608736e-3f - z * 1.9515295891e-4f));
}

fn cos_kernel(x: f32) -> f32 {
    let z = x * x;
    return 1.0f - 0.5f * z + z * z * (4.166664568298827e-2f + z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
}

fn real_sin(x: f32) -> f32 {
    let t = turn(x);
    let value = select(sin_kernel(t.x), cos_kernel(t.x), t.y == 1.0f || t.y == 3.0f);
    return select(value, -value, t.y >= 2.0f);
}

fn real_cos(x: f32) -> f32 {
    let t = turn(x);
    let value = select(cos_kernel(t.x), sin_kernel(t.x), t.y == 1.0f || t.y == 3.0f);
    return select(value, -value, t.y == 1.0f || t.y == 2.0f);
}

fn real_tan(x: f32) -> f32 { return real_sin(x) / real_cos(x); }

fn real_atan(x: f32) -> f32 {
    var t = abs(x);
    var high = 0.0f;
    if t > 2.414213562f {
        t = -1.0f / t;
        high = 1.57079632679f;
    } else if t > 0.4142135624f {
        t = (t - 1.0f) / (t + 1.0f);
        high = 0.785398163397f;
    }
    let z = t * t;
    let value = high + (t + t * z * (-3.33329491539e-1f + z * (1.99777106478e-1f + z * (-1.38776856032e-1f + z * 8.05374449538e-2f))));
    return select(value, -value, x < 0.0f);
}

fn real_atan2(y: f32, x: f32) -> f32 {
    if x == 0.0f && y == 0.0f { return 0.0f; }
    if x == 0.0f { return select(-1.57079632679f, 1.57079632679f, y > 0.0f); }
    let a = real_atan(abs(y / x));
    let value = select(a, 3.14159265359f - a, x < 0.0f);
    return select(value, -value, y < 0.0f);
}

fn real_asin(x: f32) -> f32 { return real_atan2(x, sqrt((1.0f - x) * (1.0f + x))); }

fn real_acos(x: f32) -> f32 { return 2.0f * real_atan2(sqrt(1.0f - x), sqrt(1.0f + x)); }

fn real_exp(x: f32) -> f32 { return exp(x); }
fn real_log(x: f32) -> f32 { return log(x); }

// Devices may overflow on the way for large arguments.
fn real_tanh(x: f32) -> f32 { return tanh(clamp(x, -20.0f, 20.0f)); }

// WGSL defines pow for positive bases only; whole exponents are defined for negative ones here.
fn real_pow(x: f32, y: f32) -> f32 {
    if y == 0.0f { return 1.0f; }
    if x == 0.0f { return select(1.0f / abs(x), 0.0f, y > 0.0f); }
    let power = pow(abs(x), y);
    if x > 0.0f { return power; }
    let whole = floor(y);
    if whole != y { return sqrt(x); }
    return select(power, -power, whole - 2.0f * floor(0.5f * whole) != 0.0f);
}

// x - y floor(x / y)
fn real_modulo(x: f32, y: f32) -> f32 {
    var r = fma(-floor(x / y), y, x);
    if r != 0.0f && (r < 0.0f) != (y < 0.0f) { r += y; }
    if abs(r) >= abs(y) { r -= y; }
    return r;
}
