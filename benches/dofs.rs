//! Speed of the kernels: unknowns (variables x solution points) x right-hand sides a second, with the memory traffic that
//! the kernel plan needs beside the machine's measured bandwidth.
//!
//! `make bench`, or `cargo bench --bench dofs -- -w hex -p f64`: the options of `solver bench`, which does the work.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo says that this is a benchmark, which we know.
    let arguments = std::env::args_os().skip(1).filter(|a| a != "--bench");
    match Command::new(env!("CARGO_BIN_EXE_solver")).arg("bench").args(arguments).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: cannot start {}: {error}", env!("CARGO_BIN_EXE_solver"));
            ExitCode::FAILURE
        }
    }
}
