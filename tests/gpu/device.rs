//! The device itself: kernels of one's own, names.

use crate::skip;
use solver::backend::BackendError;
use solver::backend::gpu::{self, Device};

#[test]
fn a_kernel_of_ones_own_computes_and_a_mistake_in_it_leaves_the_device_usable() {
    if skip() {
        return;
    }
    let device = Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0).unwrap();
    let arrays = "@group(0) @binding(0) var<storage, read> input: array<u32>;\n\
        @group(0) @binding(1) var<storage, read_write> output: array<u32>;\n";
    let kernel = |body: &str| {
        format!(
            "{arrays}@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3<u32>) {{ {body} }}"
        )
    };
    let good = kernel("output[id.x] = input[id.x] * 2u + arrayLength(&output);");
    let works = || assert_eq!(device.compute(&good, &[1, 2, 3], 3, 3).unwrap(), [5, 7, 9]);
    works();
    // What is not written is zero, and beyond the arrays there is nothing to read or to write.
    let beyond = device.compute(&kernel("output[id.x + 1u] = input[0];"), &[7], 3, 50_000).unwrap();
    assert_eq!(beyond[0], 0);
    assert!(device.compute(&good, &[], 0, 1).unwrap().is_empty());
    assert_eq!(device.compute(&good, &[], 2, 0).unwrap(), [0, 0]);
    let mistakes = [
        kernel("output[id.x] = 1.5;"),
        "fn main(".into(),
        good.replace("fn main", "fn other"),
        good.replace("@binding(1)", "@binding(2)"),
        good.replace("read_write> output: array<u32>", "read_write> output: array<mat4x4<f32>>"),
        good.clone(),
    ];
    for (i, wgsl) in mistakes.iter().enumerate() {
        let workgroups = if *wgsl == good { u32::MAX } else { 1 };
        let error = device.compute(wgsl, &[1], 1, workgroups).unwrap_err();
        assert!(matches!(error, BackendError::Unsupported(_)), "{i}: {error}");
        works();
    }
}

#[test]
fn an_unknown_device_is_refused_with_the_names_there_are() {
    if skip() {
        return;
    }
    let error = Device::open(Some("no such card"), 0).err().unwrap().to_string();
    assert!(error.contains("there is no device 'no such card'"), "{error}");
    assert!(error.contains(&gpu::devices()[0].name), "{error}");
}
