//! Without MPI, several copies started by a launcher must not each run the whole case.
#![cfg(not(feature = "mpi"))]

use solver::parallel::world;
use std::process::Command;

#[test]
fn copies_started_by_a_launcher_are_refused() {
    if std::env::var_os("SOLVER_TEST_RANK").is_some() {
        let error = world().err().expect("this is one copy of four");
        assert!(error.to_string().contains("4 processes, but this program was built without MPI"), "{error}");
        println!("\nquiet {}", error.quiet());
        return;
    }
    for (rank, quiet) in [("0", "quiet false"), ("3", "quiet true")] {
        // As Open MPI's mpirun leaves the environment.
        let output = Command::new(std::env::current_exe().expect("a test has a file"))
            .args(["--exact", "copies_started_by_a_launcher_are_refused", "--nocapture"])
            .envs([("SOLVER_TEST_RANK", "1"), ("OMPI_COMM_WORLD_RANK", rank), ("OMPI_COMM_WORLD_SIZE", "4")])
            .output()
            .expect("a test can be started");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(quiet), "{text}");
    }
}

#[test]
fn a_single_process_is_a_run_of_one_rank() {
    if std::env::var_os("OMPI_COMM_WORLD_SIZE").is_none() {
        assert_eq!(world().expect("nothing was launched").size(), 1);
    }
}
