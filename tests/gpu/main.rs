//! The GPU backend computes what the reference backend defines, on whatever device there is (a software driver will do).
//! `SOLVER_SKIP_GPU=1` skips these tests on machines without any.
#![cfg(feature = "gpu")]

#[path = "../support/problems.rs"]
mod problems;

mod coupled;
mod device;
mod make;
mod reference;
mod stages;

use solver::engine::BackendChoice;

fn skip() -> bool {
    std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1")
}

/// The device to test: number or name, the best one by default.
fn device() -> BackendChoice {
    BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok())
}
