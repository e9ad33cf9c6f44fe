//! Starting MPI jobs from tests, with a time limit: a hang is a failure, not a wait.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// True when the person asked for tests without MPI.
pub fn skip_mpi() -> bool {
    std::env::var_os("SOLVER_SKIP_MPI").is_some_and(|v| v == "1")
}

/// `mpirun -np ranks`, to be followed by the program. `MPIRUN` names another launcher.
///
/// Sets what the Makefile exports too: as root, with more ranks than cores, and without binding ranks to cores, under
/// Open MPI 4 and 5.
pub fn mpirun(ranks: usize) -> Command {
    let mut command = Command::new(std::env::var_os("MPIRUN").unwrap_or("mpirun".into()));
    command.arg("-np").arg(ranks.to_string()).envs([
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
        ("PRTE_MCA_hwloc_default_binding_policy", "none"),
    ]);
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started, or has not ended within `limit`; it is killed then, and what it wrote is shown.
pub fn run(command: &mut Command, limit: Duration) -> Output {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(
            |e| panic!("cannot start {command:?}: {e}; SOLVER_SKIP_MPI=1 leaves out the tests with MPI"),
        );
    let mut read = [
        Box::new(child.stdout.take().expect("piped")) as Box<dyn Read + Send>,
        Box::new(child.stderr.take().expect("piped")),
    ]
    .map(|mut pipe| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).map(|_| bytes).unwrap_or_default()
        })
    })
    .into_iter()
    .map(|reader| move || reader.join().expect("reading does not panic"));
    let started = Instant::now();
    let status = loop {
        match child.try_wait().expect("the child is ours") {
            Some(status) => break Some(status),
            None if started.elapsed() > limit => break None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    if status.is_none() {
        child.kill().and_then(|()| child.wait().map(drop)).expect("the child is ours");
    }
    let (stdout, stderr) = (read.next().expect("two")(), read.next().expect("two")());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(status) = status else {
        panic!("{command:?} hangs; after {limit:?} it had written\n{}\n{}", text(&stdout), text(&stderr));
    };
    Output { status, stdout, stderr }
}
