//! Folders with a mesh and a case, and `solver` run in them.
#![allow(dead_code)] // each test uses a part

use crate::support;
use solver::element::Shape;
use solver::mesh::raw::RawMesh;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

/// Time that no run of a test may take.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A density wave on a periodic square, three outputs.
pub const WAVE: &str = "\
[backend]
precision = double

[constants]
gamma = 1.4

[solver]
system = euler
order = 3

[solver-time-integrator]
scheme = rk4
controller = none
tstart = 0.0
tend = 0.1
dt = 0.002

[solver-interfaces]
riemann-solver = rusanov

[soln-plugin-nancheck]
nsteps = 10

[soln-plugin-writer]
dt-out = 0.05
basedir = results
basename = wave-{t:.2f}

[soln-ics]
rho = 1 + 0.2*sin(2*pi*(x + y))
u = 1
v = 0.5
p = 1
";

/// A mesh of straight elements as the text of an MSH 2.2 file.
pub fn msh(mesh: &RawMesh) -> String {
    let mut text = String::from("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n");
    let _ = writeln!(text, "{}", mesh.groups.len());
    for group in &mesh.groups {
        let _ = writeln!(text, "{} {} \"{}\"", group.dim, group.tag, group.name);
    }
    let _ = writeln!(text, "$EndPhysicalNames\n$Nodes\n{}", mesh.nodes.len());
    for (i, [x, y, z]) in mesh.nodes.iter().enumerate() {
        let _ = writeln!(text, "{} {x:?} {y:?} {z:?}", i + 1);
    }
    let elements: usize = mesh.blocks.iter().map(|b| b.numbers.len()).sum();
    let _ = writeln!(text, "$EndNodes\n$Elements\n{elements}");
    for block in &mesh.blocks {
        // Gmsh's type, and its order of the vertices, which goes around where ours goes along the axes.
        let (kind, vertices): (u32, &[usize]) = match block.shape {
            Shape::Line => (1, &[0, 1]),
            Shape::Tri => (2, &[0, 1, 2]),
            Shape::Quad => (3, &[0, 1, 3, 2]),
            Shape::Tet => (4, &[0, 1, 2, 3]),
            Shape::Hex => (5, &[0, 1, 3, 2, 4, 5, 7, 6]),
            Shape::Prism => (6, &[0, 1, 2, 3, 4, 5]),
            Shape::Pyramid => (7, &[0, 1, 3, 2, 4]),
            Shape::Point => (15, &[0]),
        };
        assert_eq!(block.order, 1, "only straight elements are written");
        for (i, nodes) in block.nodes.chunks_exact(vertices.len()).enumerate() {
            let tag = mesh.groups[block.groups[i] as usize].tag;
            let nodes: Vec<String> = vertices.iter().map(|&v| (nodes[v] + 1).to_string()).collect();
            let _ = writeln!(text, "{} {kind} 2 {tag} {tag} {}", block.numbers.get(i), nodes.join(" "));
        }
    }
    text + "$EndElements\n"
}

/// A temporary folder to run `solver` in.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// All files below, sorted, relative.
    pub fn files(&self) -> Vec<String> {
        fn list(folder: &std::path::Path, prefix: &str, to: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
                if entry.file_type().unwrap().is_dir() {
                    list(&entry.path(), &format!("{name}/"), to);
                } else {
                    to.push(name);
                }
            }
        }
        let mut files = vec![];
        list(self.0.path(), "", &mut files);
        files.sort();
        files
    }

    /// `solver` with these arguments, here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solver"));
        command.args(arguments);
        self.at_home(command)
    }

    /// The same under `mpirun`.
    pub fn parallel(&self, ranks: usize, arguments: &[&str]) -> Command {
        let mut command = support::mpirun(ranks);
        command.arg(env!("CARGO_BIN_EXE_solver")).args(arguments);
        self.at_home(command)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.current_dir(self.0.path()).env_remove("RUST_LOG").env_remove("RAYON_NUM_THREADS");
        // Tests run side by side in one process: a program that one of them starts holds, for a moment, the files that
        // another has open, and with them the locks that HDF5 put on them.
        command.env("HDF5_USE_FILE_LOCKING", "FALSE");
        command
    }

    /// Runs `solver` and returns its standard output and error.
    pub fn succeed(&self, arguments: &[&str]) -> (String, String) {
        succeed(&mut self.command(arguments))
    }

    /// Runs `solver`, which must fail with one message, and returns the message.
    pub fn fail(&self, arguments: &[&str]) -> String {
        fail(&mut self.command(arguments))
    }
}

fn texts(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Runs a command that must succeed; its standard output and error.
pub fn succeed(command: &mut Command) -> (String, String) {
    let output = support::run(command, LIMIT);
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    (out, err)
}

/// Runs a command that must fail with exactly one message, which it returns.
pub fn fail(command: &mut Command) -> String {
    end(command, 1)
}

/// Runs a command that must end with this status and exactly one message, which it returns.
pub fn end(command: &mut Command, status: i32) -> String {
    let output = support::run(command, LIMIT);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(status), "{command:?}: {}\n{out}\n{err}", output.status);
    assert_eq!(err.matches("error: ").count(), 1, "{command:?}:\n{err}");
    assert!(!err.contains("panicked"), "{command:?}:\n{err}");
    err[err.find("error: ").unwrap()..].to_string()
}
