//! The examples run, and the meshes of the repository are what their generator makes.

#[path = "../examples/heat.rs"]
mod heat;
#[allow(dead_code)] // its main would write into the repository
#[path = "../examples/make_meshes.rs"]
mod make_meshes;
#[path = "../examples/own_system.rs"]
mod own_system;
#[path = "../examples/ranks.rs"]
mod ranks;
#[allow(dead_code)] // its main looks at the arguments
#[path = "../examples/scaling.rs"]
mod scaling;
#[path = "../examples/taylor_green.rs"]
mod taylor_green;
#[path = "../examples/vortex.rs"]
mod vortex;

use solver::mesh::connect;
use std::error::Error;
use std::path::Path;

/// What a test returns, so that the message of an example's error is shown.
type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn vortex_runs() -> Outcome {
    vortex::main()
}

#[test]
fn heat_runs() -> Outcome {
    heat::main()
}

#[test]
fn ranks_runs() -> Outcome {
    ranks::main()
}

#[test]
fn own_system_runs() -> Outcome {
    own_system::main()
}

#[test]
fn taylor_green_runs() -> Outcome {
    taylor_green::main()
}

#[test]
fn scaling_predicts_that_more_ranks_are_faster_up_to_a_hundred_thousand() -> Outcome {
    let steps = scaling::default_table()?;
    assert!(steps.len() > 5 && steps.windows(2).all(|pair| pair[1].step() < pair[0].step()), "{steps:?}");
    Ok(())
}

#[test]
fn the_meshes_are_those_of_the_generator() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, mesh) in make_meshes::meshes() {
        let path = root.join(format!("meshes/{name}.msh"));
        let file = std::fs::read_to_string(&path)?.replace("\r\n", "\n");
        assert!(
            file == make_meshes::msh(&mesh.raw())?,
            "{} differs; run: cargo run --release --example make_meshes",
            path.display()
        );
        // The same mesh, element for element, as without the file.
        let order_of_the_file = connect::Options { renumber: false, ..Default::default() };
        let read = solver::mesh::gmsh::read(&path)?;
        let mut read = connect::connect_with(read, &order_of_the_file, &solver::mesh::silent)?.mesh;
        let made = mesh.build();
        read.uuid.clone_from(&made.uuid);
        assert!(read == made, "{} is read as another mesh", path.display());
    }
    Ok(())
}

#[test]
fn the_cases_are_understood_without_warnings() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let (case, mut warnings) = solver::case::Case::read(&path)?;
        // Cases without a mesh of their own say in a comment how to make one.
        let dims = match &case.mesh.file {
            Some(mesh) => {
                let mesh = solver::mesh::gmsh::read(&path.with_file_name(mesh))?;
                mesh.blocks.iter().map(|b| b.shape.dims()).max().ok_or("an empty mesh")?
            }
            None => case.likely_dims(),
        };
        warnings.extend(case.plan(dims)?.warnings);
        assert!(warnings.is_empty(), "{}: {:?}", path.display(), warnings);
        cases += 1;
    }
    assert!(cases >= 3);
    Ok(())
}
