// Elementary functions in single precision: the device's own, mended where WGSL leaves cases undefined.
fn real_sin(x: f32) -> f32 { return sin(x); }
fn real_cos(x: f32) -> f32 { return cos(x); }
fn real_tan(x: f32) -> f32 { return tan(x); }
fn real_asin(x: f32) -> f32 { return asin(x); }
fn real_acos(x: f32) -> f32 { return acos(x); }
fn real_atan(x: f32) -> f32 { return atan(x); }
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

fn real_atan2(y: f32, x: f32) -> f32 {
    if x == 0.0f && y == 0.0f { return 0.0f; }
    return atan2(y, x);
}

// x - y floor(x / y), the product in two parts so that nothing is lost to cancellation.
fn real_modulo(x: f32, y: f32) -> f32 {
    let q = floor(x / y);
    let a = 4097.0f * q;
    let qh = a - (a - q);
    let b = 4097.0f * y;
    let yh = b - (b - y);
    let p = q * y;
    let e = ((qh * yh - p) + qh * (y - yh) + (q - qh) * yh) + (q - qh) * (y - yh);
    var r = (x - p) - e;
    if r != 0.0f && (r < 0.0f) != (y < 0.0f) { r += y; }
    if abs(r) >= abs(y) { r -= y; }
    return r;
}
