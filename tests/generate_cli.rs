//! `solver generate` as people use it.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;

use cases::Folder;

#[test]
fn every_region_becomes_a_file_that_is_imported() {
    let folder = Folder::new();
    for (arguments, summary) in [
        ("line 5 --size 2", "1-D, 5 line elements, 6 nodes, boundaries left, right"),
        ("box 4 3 --size 4x3 --periodic x", "2-D, 12 quad elements, 20 nodes, boundaries bottom, top"),
        ("box 3 3 3 --shape mixed --periodic x,y,z --order 2 --warp 0.06 --shuffle 1", "3-D, "),
        (
            "annulus 2 8 --inner 1 --outer 3 --order 3",
            "2-D, 16 quad elements, 168 nodes, boundaries inner, outer",
        ),
        (
            "cylinder 3 8 2 --min -4,-4,-1 --max 8,4,1 --periodic z --shape pri",
            "3-D, 96 pri elements, 96 nodes, boundaries bottom, left, right, top, wall",
        ),
        ("shell 2 1 --growth 1.5", "3-D, 24 hex elements, 52 nodes, boundaries inner, outer"),
    ] {
        for output in ["mesh.msh", "mesh.smesh"] {
            let mut words: Vec<&str> = vec!["generate"];
            words.extend(arguments.split(' '));
            words.extend(["-o", output]);
            let (out, err) = folder.succeed(&words);
            assert!(out.starts_with(&format!("{output}: {summary}")), "{out}");
            assert_eq!(err, "");
        }
        let (out, _) = folder.succeed(&["import", "mesh.msh", "imported.smesh"]);
        assert!(out.starts_with(&format!("imported.smesh: {summary}")), "{out}");
    }
    assert_eq!(folder.files(), ["imported.smesh", "mesh.msh", "mesh.smesh"]);
}

#[test]
fn what_cannot_be_made_is_refused_with_advice_and_leaves_no_file() {
    let folder = Folder::new();
    folder.put("notes.msh", "not a mesh");
    for (arguments, advice) in [
        ("box 4 4 -o mesh.vtk", "the extension says what to write, .msh (Gmsh) or .smesh"),
        ("box 4 4 -o notes.msh", "exists and is no mesh; name another output, or give --force"),
        ("box 4 4 --shape hex -o mesh.msh", "with 2 counts of cells it may be tri, quad, tri+quad"),
        ("box 4 4 --size 1x1x1 -o mesh.msh", "--size has 3 numbers, but the mesh has 2 dimensions: give 2"),
        ("box 4 4 --periodic z -o mesh.msh", "--periodic z: here it may be x,y"),
        ("box 4 4 --warp 0.3 -o mesh.msh", "--warp 0.3: at most 0.06"),
        ("box 4 4 --order 5 -o mesh.msh", "lower the order, or write a .smesh file"),
        ("box 100000 100000 100000 -o mesh.msh", "elements are more than the 4294967295 a mesh can hold"),
        ("box 4 0 -o mesh.msh", "at least one cell along every axis"),
        ("box 4 4 -o missing/mesh.msh", "missing/mesh.msh: "),
        (
            "annulus 4 8 --inner 2 --outer 1 -o mesh.msh",
            "outer radius 1: it must be larger than the inner radius 2",
        ),
        ("cylinder 4 10 -o mesh.msh", "a multiple of 4"),
        ("shell 4 4 --shape tet -o mesh.msh", "choose from hex, pri, pyr"),
    ] {
        let words: Vec<&str> = ["generate"].into_iter().chain(arguments.split(' ')).collect();
        let err = folder.fail(&words);
        assert!(err.contains(advice), "{arguments}: {err}");
    }
    assert_eq!(folder.files(), ["notes.msh"]);
    folder.succeed(&["generate", "box", "4", "4", "-o", "notes.msh", "--force"]);
    folder.succeed(&["generate", "box", "4", "4", "-o", "notes.msh"]);
}

#[test]
fn help_has_examples() {
    let (out, _) = Folder::new().succeed(&["generate", "--help"]);
    assert!(out.contains("solver generate box 100 100 100 --periodic x,y,z -o cube.msh"), "{out}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_takes_its_half_file_away() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    let folder = Folder::new();
    for (signal, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1)] {
        // Text of some hundred MB: it takes seconds.
        let mut command = folder.command(&["generate", "box", "150", "150", "150", "-o", "mesh.msh"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + cases::LIMIT;
        while !folder.files().iter().any(|f| f.contains(".partial-")) {
            assert!(Instant::now() < end && child.try_wait().unwrap().is_none(), "no file has been begun");
            std::thread::sleep(Duration::from_millis(2));
        }
        let sent =
            std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(sent.success());
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(number), "{status}");
        assert_eq!(folder.files(), [""; 0], "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_an_error_like_any_other() {
    let folder = Folder::new();
    let limited = "ulimit -f 4; exec \"$0\" generate box 100 100 -o big.smesh";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_solver")]).current_dir(folder.path(""));
    let message = cases::fail(&mut command);
    assert!(message.contains("big.smesh"), "{message}");
    assert_eq!(folder.files(), [""; 0]);
}
