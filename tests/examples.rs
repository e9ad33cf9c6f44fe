//! The examples run, and the meshes of the repository are what their generator makes.
#![allow(clippy::duplicate_mod)] // examples are programs of their own, and share a module

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // its main looks at the arguments
#[path = "../examples/eigenproblem.rs"]
mod eigenproblem;
#[path = "../examples/heat.rs"]
mod heat;
#[allow(dead_code)] // its main would write into the repository
#[path = "../examples/make_meshes.rs"]
mod make_meshes;
#[path = "../examples/own_system.rs"]
mod own_system;
#[allow(dead_code)] // its main looks at the arguments
#[path = "../examples/pi.rs"]
mod pi;
#[allow(dead_code)] // its main looks at the arguments
#[path = "../examples/random_walks.rs"]
mod random_walks;
#[path = "../examples/ranks.rs"]
mod ranks;
#[allow(dead_code)] // its main looks at the arguments
#[path = "../examples/scaling.rs"]
mod scaling;
#[allow(dead_code)] // MPI may be left out
mod support;
#[path = "../examples/taylor_green.rs"]
mod taylor_green;
#[path = "../examples/vortex.rs"]
mod vortex;

use cases::Folder;
use solver::mesh::connect;
use solver::parallel::{Communicator, serial::Serial, threads};
use std::error::Error;
use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;

/// What a test returns, so that the message of an example's error is shown.
type Outcome = Result<(), Box<dyn Error>>;

/// One rank.
fn alone() -> Arc<dyn Communicator> {
    Arc::new(Serial)
}

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
fn random_numbers_are_those_of_the_authors() {
    use pi::common::threefry::{threefry, words};
    // The known answers of Random123, `threefry2x32 20`.
    assert_eq!(threefry([0; 2], [0; 2]), [0x6b20_0159, 0x99ba_4efe]);
    assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
    let digits_of_pi = threefry([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]);
    assert_eq!(digits_of_pi, [0xc492_3a9c, 0x483d_f7a0]);
    assert_eq!(words(0x0123_4567_89ab_cdef), [0x89ab_cdef, 0x0123_4567]);
}

/// Every way of `pi` counts the same points, and pi is within five standard errors.
fn pi_on(comm: &Arc<dyn Communicator>) -> Outcome {
    let rows = pi::compare(comm, 1 << 18)?;
    assert!(rows.len() >= 3, "{rows:?}");
    assert!(rows.iter().all(|row| row.inside == pi::count(0..1 << 17)), "{rows:?}");
    let estimate = 4.0 * rows[0].inside as f64 / rows[0].samples as f64;
    assert!((estimate - PI).abs() < 5.0 * 1.64 / 512.0, "{estimate}");
    Ok(())
}

#[test]
fn pi_is_the_same_count_whoever_computes_it() -> Outcome {
    pi_on(&alone())
}

#[test]
fn the_shader_of_pi_is_valid() -> Outcome {
    let text = include_str!("../examples/pi.wgsl");
    let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    let (flags, needs) = (naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
    naga::valid::Validator::new(flags, needs).validate(&module)?;
    Ok(())
}

/// The walks with these numbers of threads and of ranks in this process are all the same; returns their times.
fn walks_on(comm: &Arc<dyn Communicator>, counts: &[(usize, usize)]) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut times: Option<Vec<u32>> = None;
    for &(threads, ranks) in counts {
        let rows = random_walks::compare(comm, 1500, threads, ranks)?;
        assert!(rows.len() >= 5 && rows.iter().all(|row| row.times == rows[0].times));
        // The longest fifth of the walks has three quarters of the steps.
        let blocks = rows.iter().find(|row| row.way.contains("threads, a block")).ok_or("no such way")?;
        assert!(threads == 1 || blocks.balance() < 0.75, "{threads}: {}", blocks.balance());
        let turns = rows.iter().find(|row| row.way.contains("process, in turn")).ok_or("no such way")?;
        assert!(turns.balance() > 0.9, "{ranks}: {}", turns.balance());
        let same = times.get_or_insert_with(|| rows[0].times.clone()) == &rows[0].times;
        assert!(same, "{threads} threads, {ranks} ranks");
    }
    times.ok_or("no counts".into())
}

#[test]
fn walks_are_the_same_on_any_threads_and_ranks_and_those_of_theory() -> Outcome {
    let times = walks_on(&alone(), &[(1, 1), (2, 3), (5, 2)])?;
    let comparisons = random_walks::with_theory(&times);
    assert_eq!(comparisons.len(), random_walks::HALVES.len());
    assert!(comparisons.iter().all(|c| c.deviation.abs() < 4.0 && c.distance < 2.2), "{comparisons:?}");
    Ok(())
}

#[test]
fn the_times_of_theory_are_those_counted_by_hand() {
    let close = |half, exact: &[f64]| {
        let found = random_walks::still_there(half, exact.len() as u32 - 1);
        assert!(found.iter().zip(exact).all(|(a, b)| (a - b).abs() < 1e-14), "{half}: {found:?}");
    };
    close(1, &[1.0, 0.0, 0.0, 0.0]);
    close(2, &[1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125]);
    close(3, &[1.0, 1.0, 1.0, 0.75, 0.75, 0.5625]);
    // The mean is the sum of the probabilities to be there still.
    let mean: f64 = random_walks::still_there(16, 20_000).iter().sum();
    assert!((mean - 256.0).abs() < 1e-9, "{mean}");
}

#[test]
fn the_lowest_eigenvalue_is_one_with_twice_the_order_of_the_function() -> Outcome {
    for order in [2, 3] {
        let coarse = eigenproblem::same_on_all(4, order, &alone())?;
        let fine = eigenproblem::same_on_all(8, order, &alone())?;
        let rate = |coarse: f64, fine: f64| (coarse / fine).log2();
        let eigenvalue = rate((coarse.eigenvalue - 1.0).abs(), (fine.eigenvalue - 1.0).abs());
        let function = rate(coarse.error, fine.error);
        assert!(eigenvalue > 2.0 * order as f64 - 0.6, "order {order}: {eigenvalue}");
        assert!(function > order as f64 + 0.5, "order {order}: {function}");
        assert!((fine.eigenvalue - 1.0).abs() < 1e-4, "order {order}: {}", fine.eigenvalue);
    }
    Ok(())
}

#[test]
fn three_domains_have_the_eigenvalue_of_one() -> Outcome {
    let one = eigenproblem::solve(6, 2, &alone())?;
    let thirds = threads::run(3, |rank| eigenproblem::solve(6, 2, &rank).map_err(|e| e.to_string()));
    for third in thirds {
        assert!(third? == one);
    }
    Ok(())
}

/// Runs `body` on two ranks under mpirun: starts this program again, where the same test finds itself to be a rank.
#[cfg(feature = "mpi")]
fn on_two_ranks(test: &str, body: impl FnOnce(&Arc<dyn Communicator>) -> Outcome) -> Outcome {
    const RANK: &str = "SOLVER_TEST_RANK";
    if std::env::var_os(RANK).is_some() {
        return body(&solver::parallel::world()?);
    }
    if support::skip_mpi() {
        return Ok(());
    }
    let mut command = support::mpirun(2);
    command.arg(std::env::current_exe()?).args(["--exact", test, "--nocapture", "--test-threads=1"]);
    let output = support::run(command.env(RANK, "1"), std::time::Duration::from_secs(60));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert!(out.contains("1 passed"), "no test ran:\n{out}");
    Ok(())
}

#[cfg(feature = "mpi")]
#[test]
fn pi_is_the_same_count_under_mpirun() -> Outcome {
    on_two_ranks("pi_is_the_same_count_under_mpirun", pi_on)
}

#[cfg(feature = "mpi")]
#[test]
fn walks_are_the_same_under_mpirun() -> Outcome {
    on_two_ranks("walks_are_the_same_under_mpirun", |comm| walks_on(comm, &[(2, 2)]).map(drop))
}

#[cfg(feature = "mpi")]
#[test]
fn the_eigenvalue_is_the_same_under_mpirun() -> Outcome {
    on_two_ranks("the_eigenvalue_is_the_same_under_mpirun", |comm| {
        eigenproblem::same_on_all(3, 1, comm).map(drop)
    })
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

/// The case that makes a street of vortices, on a coarse mesh and with a viscosity that keeps the flow steady: at the
/// Reynolds number 40 the drag of incompressible flow is 1.498 (B. Fornberg, J. Fluid Mech. 98, 1980) to 1.522 (S. C. R.
/// Dennis, G.-Z. Chang, J. Fluid Mech. 42, 1970). A Mach number of 0.2, the mesh, and the start not long ago add to it.
#[test]
fn the_drag_of_the_cylinder_is_about_the_published_one() -> Outcome {
    let case = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/cylinder.ini"))?;
    // The command at its top; here with fewer cells.
    assert!(
        case.contains("#   solver generate cylinder 14 40 --min=-20,-20 --max=40,20 --growth 1.3 "),
        "{case}"
    );
    let folder = Folder::new();
    folder.put("cylinder.ini", &case);
    let mesh = "generate cylinder 7 12 --min=-24,-24 --max=48,24 --growth 1.9 --order 3 -o cylinder.smesh";
    folder.succeed(&mesh.split(' ').collect::<Vec<_>>());
    let changes = [
        "constants.mu=0.025",
        "solver.order=2",
        "solver-time-integrator.scheme=tvd-rk3",
        "solver-time-integrator.dt=4e-3",
        "solver-time-integrator.tend=15",
        "soln-plugin-fluidforce-wall.nsteps=750",
        "soln-plugin-writer.dt-out=15",
    ];
    let mut command = vec!["run", "cylinder.smesh", "cylinder.ini"];
    command.extend(changes.iter().flat_map(|change| ["--set", change]));
    folder.succeed(&command);
    let forces = std::fs::read_to_string(folder.path("cylinder-forces.csv"))?;
    let row: Result<Vec<f64>, _> = forces.lines().last().unwrap_or("").split(',').map(str::parse).collect();
    let [t, pressure, lift, friction, _] = row?[..] else { return Err(forces.into()) };
    assert!((t - 15.0).abs() < 1e-6, "{forces}");
    let [drag, lift, friction] = [2.0 * (pressure + friction), 2.0 * lift, 2.0 * friction];
    assert!((1.5..1.7).contains(&drag), "{drag}");
    // A third of it is friction: 0.524 of 1.522 in the table of Dennis and Chang.
    assert!((0.3..0.4).contains(&(friction / drag)), "{friction} of {drag}");
    assert!(lift.abs() < 0.1, "{lift}");
    Ok(())
}
