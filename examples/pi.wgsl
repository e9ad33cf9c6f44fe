// How many of the points of some draws lie within the circle, see pi.rs; each invocation counts those of a piece.

// Number of the first draw (low and high word), draws, draws an invocation.
@group(0) @binding(0) var<storage, read> input: array<u32>;
// Points within, by invocation.
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

// The key of pi.rs.
const KEY = vec2<u32>(0x50490000u, 0u);

fn rounds(before: vec2<u32>, rotations: vec4<u32>, key: vec2<u32>) -> vec2<u32> {
    var x = before.x;
    var y = before.y;
    x += y; y = ((y << rotations.x) | (y >> (32u - rotations.x))) ^ x;
    x += y; y = ((y << rotations.y) | (y >> (32u - rotations.y))) ^ x;
    x += y; y = ((y << rotations.z) | (y >> (32u - rotations.z))) ^ x;
    x += y; y = ((y << rotations.w) | (y >> (32u - rotations.w))) ^ x;
    return vec2(x, y) + key;
}

// Threefry-2x32 with 20 rounds, as in common/threefry.rs.
fn threefry(number: vec2<u32>) -> vec2<u32> {
    let even = vec4(13u, 15u, 26u, 6u);
    let odd = vec4(17u, 29u, 16u, 24u);
    let k0 = KEY.x;
    let k1 = KEY.y;
    let k2 = 0x1bd11bdau ^ k0 ^ k1;
    var x = number + KEY;
    x = rounds(x, even, vec2(k1, k2 + 1u));
    x = rounds(x, odd, vec2(k2, k0 + 2u));
    x = rounds(x, even, vec2(k0, k1 + 3u));
    x = rounds(x, odd, vec2(k1, k2 + 4u));
    return rounds(x, even, vec2(k2, k0 + 5u));
}

fn within(word: u32) -> u32 {
    let a = (word & 0xffffu) | 1u;
    let b = (word >> 16u) | 1u;
    // The squares' sum has no room in 32 bits exactly when the point lies outside.
    return select(0u, 1u, b * b <= 0xffffffffu - a * a);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let first = id.x * input[3];
    // The last invocations have less to do, or nothing; without a sum that could go beyond 32 bits.
    let count = min(input[3], max(input[2], first) - first);
    var inside = 0u;
    for (var i = 0u; i < count; i++) {
        let low = input[0] + first + i;
        let number = vec2(low, input[1] + select(0u, 1u, low < input[0]));
        let random = threefry(number);
        inside += within(random.x) + within(random.y);
    }
    if id.x < arrayLength(&output) {
        output[id.x] = inside;
    }
}
