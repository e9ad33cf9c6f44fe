//! Every command line of README.md and of the book is run, and does what the page shows.
//!
//! Blocks of ```` ```console ```` hold commands after `$ ` and what they print, blocks of ```` ```sh ```` commands alone. Those of a page are
//! run in their order, in one folder with copies of `configs` and `meshes`, as in one shell: `cd`, exported variables and
//! `$?` carry over; `solver` is the program just built. The rules:
//!
//! * A command must end with the status 0, unless `echo $?` follows, which then must print the number that the page shows.
//! * Each line that the page shows must be among those printed (on either stream), in this order; more lines may be between
//!   them. Lines are compared up to their first digit, runs of blanks counting as one, since what follows is often a time,
//!   a speed or a size of this machine. `...` stands for lines left out.
//! * Where there is no MPI (the feature `mpi` is off, or `SOLVER_SKIP_MPI=1`) `mpirun ... solver` becomes `solver`; without
//!   a graphics device (`gpu` off, or `SOLVER_SKIP_GPU=1`) `-b gpu` is taken out, and `solver devices` left out. What such
//!   commands print is not compared. Files appear all the same, so what follows can be run.
//! * Blocks of ```` ```bash ```` hold scripts for batch systems, included from `docs/slurm`. They are run with a launcher that starts their
//!   commands here, once from the start and once with a checkpoint there.
//! * What cannot be run in a test stands in blocks of ```` ```sh not-run ````; each of its commands must begin as [`NOT_RUN`] says.
//!   `make test-install` runs these in a Debian of their own, those for a batch system `make test-slurm`.
#![cfg(unix)]

#[path = "support/pages.rs"]
mod pages;
mod support;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Beginnings of commands that are shown and not run here, why, and what runs them.
const NOT_RUN: [(&str, &str); 7] = [
    ("sudo apt-get ", "installs packages: make test-install"),
    ("cargo ", "builds: make test-install"),
    ("make", "builds: make test-install, which leaves out `make test` alone, which runs this"),
    ("mpirun -n 2 target/release/examples/", "was built: make test-install"),
    ("target/release/examples/", "was built: make test-install"),
    ("sbatch ", "needs a batch system: make test-slurm"),
    ("srun ", "needs a batch system: make test-slurm"),
];

/// Time that no command may take. All of them take half a minute on one core, twenty times as long where kernels were built
/// without vectors and fused multiplications (features `avx2`, `avx512`).
const LIMIT: Duration = Duration::from_secs(600);

/// A command of a page.
#[derive(Debug, PartialEq)]
struct Line {
    /// Its line in the page.
    number: usize,
    /// The command, over several lines where they end with a backslash or hold a document.
    command: String,
    /// What the page shows of its output; none in blocks of commands alone.
    shown: Vec<String>,
}

/// The commands of a page, and those that are not to be run.
fn commands(page: &str) -> Result<(Vec<Line>, Vec<Line>), String> {
    let (mut run, mut not_run) = (vec![], vec![]);
    let mut lines = page.lines().enumerate().map(|(i, text)| (i + 1, text));
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let indent = line.len() - line.trim_start().len();
        let body: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, text)| !text.trim_start().starts_with("```"))
            .map(|(n, text)| (n, text.get(indent..).unwrap_or("")))
            .collect();
        match info.trim() {
            "console" => run.extend(console(&body)?),
            "sh" => run.extend(script(&body)),
            "sh not-run" => not_run.extend(script(&body)),
            "bash" if body.iter().all(|(_, text)| text.starts_with("{{#include ../slurm/")) => {}
            other if ["sh", "bash", "shell", "console", "zsh"].iter().any(|kind| other.starts_with(kind)) => {
                return Err(format!(
                    "line {number}: a block '{other}'; write sh, console, sh not-run, or bash for what is included from docs/slurm"
                ));
            }
            _ => {}
        }
    }
    Ok((run, not_run))
}

/// Commands after `$ `, with what they print.
fn console(body: &[(usize, &str)]) -> Result<Vec<Line>, String> {
    let mut commands: Vec<Line> = vec![];
    for &(number, text) in body {
        match (text.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Line { number, command: command.into(), shown: vec![] }),
            (None, Some(last)) if last.command.ends_with('\\') => last.command += &format!("\n{text}"),
            (None, Some(last)) => last.shown.push(text.into()),
            (None, None) => {
                return Err(format!("line {number}: a block of console begins without a command"));
            }
        }
    }
    Ok(commands)
}

/// Commands alone.
fn script(body: &[(usize, &str)]) -> Vec<Line> {
    let mut commands: Vec<Line> = vec![];
    // The word that ends the document a command reads.
    let mut document: Option<&str> = None;
    for &(number, text) in body {
        let goes_on = document.is_some() || commands.last().is_some_and(|last| last.command.ends_with('\\'));
        if goes_on && let Some(last) = commands.last_mut() {
            last.command += &format!("\n{text}");
            document = document.filter(|end| *end != text);
        } else if !text.trim().is_empty() && !text.trim_start().starts_with('#') {
            document = text.split_once("<<'").and_then(|(_, rest)| rest.split('\'').next());
            commands.push(Line { number, command: text.into(), shown: vec![] });
        }
    }
    commands
}

/// What of a line is compared.
fn key(line: &str) -> String {
    let words = line.split(|c: char| c.is_ascii_digit()).next().unwrap_or("");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first shown line that was not printed after those before it.
fn missing<'a>(shown: &'a [String], printed: &str) -> Option<&'a String> {
    let mut printed = printed.split(['\n', '\r']).map(key);
    shown.iter().filter(|line| line.trim() != "...").find(|line| {
        let wanted = key(line);
        !wanted.is_empty() && !printed.any(|line| line == wanted)
    })
}

/// What there is to run commands with.
struct Means {
    mpi: bool,
    gpu: bool,
}

impl Means {
    /// What this program was built with, and nobody asked to leave out.
    fn here() -> Means {
        let without_gpu = std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1");
        Means {
            mpi: cfg!(feature = "mpi") && !support::skip_mpi(),
            gpu: cfg!(feature = "gpu") && !without_gpu,
        }
    }

    /// The command as it can be run here, if it can, and whether that is what the page says.
    fn adapt(&self, command: &str) -> Option<(String, bool)> {
        let mut own = command.to_string();
        if !self.gpu {
            if own.contains("solver devices") {
                return None;
            }
            own = own.replace(" -b gpu", "");
        }
        if !self.mpi
            && let Some(from) = own.find("mpirun ")
        {
            let to = own[from..].find("solver ")?;
            own.replace_range(from..from + to, "");
        }
        let same = own == command;
        Some((own, same))
    }
}

/// A shell whose state is kept between commands.
struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    fn new() -> Shell {
        let folder = tempfile::tempdir().unwrap();
        let (root, at) = (Path::new(env!("CARGO_MANIFEST_DIR")), |name: &str| folder.path().join(name));
        for name in ["bin", "page", "page/configs", "page/meshes"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_solver"), at("bin/solver")).unwrap();
        // Copies, for commands may write beside what they read.
        for name in ["configs", "meshes"] {
            for file in std::fs::read_dir(root.join(name)).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), at("page").join(name).join(file.file_name())).unwrap();
            }
        }
        std::fs::write(at("cwd"), at("page").to_str().unwrap()).unwrap();
        std::fs::write(at("environment"), "").unwrap();
        std::fs::write(at("status"), "0").unwrap();
        Shell { folder }
    }

    /// Runs a command; its status, and what it printed.
    fn run(&self, command: &str) -> (i32, String) {
        let at = |name: &str| self.folder.path().join(name).to_str().unwrap().to_string();
        let script = format!(
            "cd \"$(cat '{cwd}')\"; . '{environment}'; set -o pipefail; (exit $(cat '{status}'))\n{command}\n\
             state=$?; pwd > '{cwd}'; export -p > '{environment}'; echo $state > '{status}'; exit $state",
            cwd = at("cwd"),
            environment = at("environment"),
            status = at("status"),
        );
        let mut bash = Command::new("bash");
        // What mpirun needs here is in the environment of everything.
        let launcher = support::mpirun(1);
        bash.envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let path = std::env::var("PATH").unwrap_or_default();
        bash.env("PATH", format!("{}:{path}", at("bin"))).env("HDF5_USE_FILE_LOCKING", "FALSE");
        if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
            bash.env("XDG_RUNTIME_DIR", at("bin"));
        }
        bash.env_remove("RUST_LOG").env_remove("RAYON_NUM_THREADS");
        let output = support::run(bash.args(["-c", &script]), LIMIT);
        let text = [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code().unwrap_or(-1), text.concat())
    }
}

/// What is wrong with the commands of a page.
fn faults(page: &str, means: &Means) -> Result<Vec<String>, String> {
    let (lines, not_run) = commands(page)?;
    let mut faults = vec![];
    for line in not_run {
        if !NOT_RUN.iter().any(|(beginning, _)| line.command.starts_with(beginning)) {
            faults.push(format!("{}: '{}' would not be run, see NOT_RUN", line.number, line.command));
        }
    }
    let shell = Shell::new();
    for (i, line) in lines.iter().enumerate() {
        let Some((command, same)) = means.adapt(&line.command) else { continue };
        let (status, printed) = shell.run(&command);
        let asked = lines.get(i + 1).is_some_and(|next| next.command == "echo $?");
        if status != 0 && !asked {
            faults.push(format!("{}: '{command}' ended with {status}:\n{printed}", line.number));
            // What follows needs its files.
            break;
        }
        let wrong = match line.command == "echo $?" {
            true => line.shown.first().filter(|wanted| wanted.trim() != printed.trim()),
            false => missing(&line.shown, &printed).filter(|_| same),
        };
        if let Some(wanted) = wrong {
            faults.push(format!("{}: '{command}' does not print '{wanted}', but\n{printed}", line.number));
        }
    }
    Ok(faults)
}

#[test]
fn every_command_of_the_readme_and_the_book_does_what_the_page_shows() {
    let means = Means::here();
    let only = std::env::var("SOLVER_TEST_PAGE").unwrap_or_default();
    let mut report = String::new();
    for page in pages::all().into_iter().filter(|page| page.to_string_lossy().contains(&only)) {
        let started = Instant::now();
        let text = std::fs::read_to_string(&page).unwrap();
        match faults(&text, &means) {
            Ok(faults) => faults.iter().for_each(|fault| {
                let _ = writeln!(report, "{}:{fault}", page.display());
            }),
            Err(fault) => {
                let _ = writeln!(report, "{}: {fault}", page.display());
            }
        }
        println!("{}: {:.1} s", page.display(), started.elapsed().as_secs_f64());
    }
    assert!(report.is_empty(), "\n{report}");
}

/// `tests/install.sh` finds the same lines in the pages, and knows what to do with each.
#[test]
fn every_command_that_is_not_run_here_is_known_to_make_test_install() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wanted = vec![];
    for page in pages::all() {
        let (_, not_run) = commands(&std::fs::read_to_string(&page).unwrap()).unwrap();
        let name = page.strip_prefix(root).unwrap().display();
        wanted.extend(not_run.iter().map(|line| format!("{name}:{}", line.number)));
    }
    let output = support::run(Command::new("bash").arg(root.join("tests/install.sh")).arg("--list"), LIMIT);
    let printed = String::from_utf8_lossy(&output.stdout);
    let found: Vec<&str> = printed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(found, wanted);
}

#[test]
fn scripts_for_batch_systems_run_and_go_on() {
    let means = Means::here();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for script in std::fs::read_dir(root.join("docs/slurm")).unwrap() {
        let script = script.unwrap().path();
        let text = std::fs::read_to_string(&script).unwrap();
        if text.contains("-b gpu") && !means.gpu {
            continue;
        }
        let shell = Shell::new();
        let launcher = if means.mpi { "mpirun -np 2 \"$@\"" } else { "\"$@\"" };
        std::fs::write(shell.folder.path().join("bin/srun"), format!("#!/bin/bash\nexec {launcher}\n"))
            .unwrap();
        let prepared = format!(
            "chmod +x ../bin/srun; export MESH=meshes/vortex.msh; \
             sed 's/^tend = 20 /tend = 0.32/; s/^dt-out = 5/dt-out = 0.16/; s/04.1f/.2f/' configs/vortex.ini > configs/short.ini; \
             export CASE=configs/short.ini; cp '{}' job.sh",
            script.display()
        );
        for command in
            [&prepared, "bash job.sh", "cp vortex-0.16.ssoln checkpoint-00000010.ssoln", "bash job.sh"]
        {
            let (status, printed) = shell.run(command);
            assert_eq!(status, 0, "{}: {command}\n{printed}", script.display());
            if command == "bash job.sh" {
                assert!(printed.contains("done: t = 0.32"), "{}:\n{printed}", script.display());
            }
        }
    }
}

#[test]
fn blocks_are_taken_apart_as_a_shell_reads_them() {
    let page = "text\n```sh\nsolver run a \\\n  b\n\n# only a remark\ncat > c <<'END'\n# d\nEND\nsolver e\n```\n\
                ```console\n$ solver f\nmesh 1\n...\n$ echo $?\n0\n```\n```sh not-run\nmake demo\n```\n```ini\n$ no\n```\n";
    let (run, not_run) = commands(page).unwrap();
    let all: Vec<(usize, &str, usize)> =
        run.iter().map(|line| (line.number, line.command.as_str(), line.shown.len())).collect();
    let wanted = [
        (3, "solver run a \\\n  b", 0),
        (7, "cat > c <<'END'\n# d\nEND", 0),
        (10, "solver e", 0),
        (13, "solver f", 2),
        (16, "echo $?", 1),
    ];
    assert_eq!(all, wanted);
    assert_eq!(not_run.len(), 1);
    assert!(commands("```bash\nls\n```\n").is_err());
    assert!(commands("```bash\n{{#include ../slurm/cpu.sh}}\n```\n").is_ok());
}

#[test]
fn output_is_compared_by_the_words_before_numbers() {
    let shown = ["mesh       a: 2-D", "...", "done: t = 20, 5 steps"].map(String::from);
    assert_eq!(missing(&shown, "note: x\nmesh  a: 3-D\nsystem\ndone: t = 1\n"), None);
    assert_eq!(missing(&shown, "done: t = 20\nmesh a: 2-D\n"), Some(&shown[2]));
    assert_eq!(missing(&shown, "mesh b: 2-D\n"), Some(&shown[0]));
}

#[test]
fn failures_and_commands_that_would_be_skipped_are_noticed() {
    let means = Means { mpi: false, gpu: false };
    let wrong = |page: &str| faults(page, &means).unwrap().len();
    assert_eq!(wrong("```sh\nsolver info no.smesh\n```\n"), 1);
    assert_eq!(wrong("```console\n$ solver info no.smesh\nerror: 'no.smesh'\n$ echo $?\n2\n```\n"), 2);
    assert_eq!(wrong("```sh not-run\nsolver info\n```\n"), 1);
    assert_eq!(
        wrong("```console\n$ cd meshes\n$ export A=b\n$ ls $A* || ls vortex.msh\nvortex.msh\n```\n"),
        0
    );
    assert_eq!(
        means.adapt("cd x && mpirun --mca a 60 -np 4 solver run -b gpu a.ini"),
        Some(("cd x && solver run a.ini".into(), false))
    );
}
