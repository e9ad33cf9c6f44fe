//! Promises of whole case files.

use super::control::ControlConfig;
use super::*;
use crate::backend::{ArtificialViscosity, EntropyFilter};
use proptest::prelude::*;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "case", name].iter().collect()
}

fn read(name: &str) -> (Case, Vec<Warning>) {
    Case::read(fixture(name)).unwrap_or_else(|e| panic!("{e}"))
}

fn texts(warnings: &[Warning]) -> Vec<String> {
    // The directory differs from machine to machine.
    let text = |w: &Warning| w.to_string().rsplit_once(".ini").map_or(String::new(), |(_, t)| t.into());
    warnings.iter().map(text).collect()
}

/// A case with nothing optional, to which tests add.
const SMALL: &str = "[solver]\nsystem = euler\norder = 1\n[solver-interfaces]\nriemann-solver = rusanov\n\
                     [solver-time-integrator]\nscheme = rk4\ntend = 1\ndt = 0.1\n";

fn small(more: &str) -> Result<(Case, Vec<Warning>), CaseErrors> {
    Case::parse("s.ini", &format!("{SMALL}{more}"))
}

fn ok(more: &str) -> (Case, Vec<Warning>) {
    small(more).unwrap_or_else(|e| panic!("{more}: {e}"))
}

#[test]
fn a_whole_file_is_typed() {
    let (case, warnings) = read("pulse.ini");
    assert_eq!(texts(&warnings), [""; 0]);
    assert_eq!(case.backend.precision, Precision::Single);
    assert_eq!(case.backend.name, Some(Located { value: "openmp".into(), line: Some(12) }));
    assert_eq!(case.mesh.file, Some("meshes/square.h5".into()));
    assert_eq!(
        case.solver,
        SolverConfig {
            system: Located { value: "euler".into(), line: Some(22) },
            order: 4,
            viscosity_correction: "none".into(),
            capturing: ShockCapturing::None,
        }
    );
    assert_eq!(case.interfaces.riemann_solver.value, "hllc");
    assert_eq!((case.interfaces.ldg_beta, case.interfaces.ldg_tau), (0.5, 0.1));
    assert_eq!(
        case.time,
        TimeConfig {
            scheme: Located { value: "tvd-rk3".into(), line: Some(28) },
            tstart: 0.0,
            tend: 20.5,
            dt: 1e-3,
            dt_min: 1e-12,
            dt_lookahead: 1,
            control: ControlConfig::default(),
        }
    );
    assert_eq!(
        format!("{:?}", case.point_sets.solution),
        r#"{Tri: "alpha-opt", Quad: "gauss-legendre-lobatto"}"#
    );
    assert_eq!(format!("{:?}", case.point_sets.flux), r#"{Line: "gauss-legendre"}"#);
    let monitors: Vec<String> = case.monitors(2).expect("fixture").iter().map(|m| m.describe()).collect();
    let mut expected = [
        "writes solution files and VTK files called pulse-{t:.2f} to . every 0.5",
        "writes solution files called pulse-{n:04d} to fine every 0.1",
        "looks for values that are not finite every 10 steps",
        "writes the inf-norm of du/dt to residual.csv (without header) every 20 steps",
    ];
    let mut found: Vec<&str> = monitors.iter().map(String::as_str).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(case.source_text, std::fs::read_to_string(fixture("pulse.ini")).expect("fixture"));
}

#[test]
fn expressions_see_helpers_constants_and_their_variables() {
    let (case, _) = read("pulse.ini");
    let ics = case.ics(&["rho", "u", "v", "p"]).unwrap_or_else(|e| panic!("{e}"));
    let (x, y) = (0.3f64, 0.4);
    let pulse = 0.05 * (-(x * x + y * y) / (0.25f64 * 0.25)).exp();
    for (e, expected) in ics.iter().zip([1.0 + pulse, 0.3, 0.0, (1.0 + 1.4 * pulse) / 1.4]) {
        assert!((e.eval_f64(&[x, y, 0.0]) - expected).abs() < 1e-15, "{e}");
    }
    assert_eq!(case.constant("gamma"), Ok(1.4));
    assert!((case.constant("c0").expect("an expression of constants") - 1.0).abs() < 1e-15);
    assert_eq!(case.unused_ics(&["rho", "u", "v", "p"]), []);

    let [inlet, outlet] = case.boundaries() else { panic!() };
    assert_eq!(
        (inlet.name.as_str(), inlet.kind.value.as_str(), inlet.line),
        ("inlet", "char-riem-inv", Some(67))
    );
    let u = inlet.expr("u").unwrap_or_else(|e| panic!("{e}"));
    assert!(u.depends_on(3) && !u.depends_on(0));
    assert!((u.eval_f64(&[0.0, 0.0, 0.0, 0.25]) - 0.33).abs() < 1e-15);
    assert_eq!(outlet.constant("p"), Ok(1.0 / 1.4));
    assert_eq!(outlet.constant_or("cpTw", 3.0), Ok(3.0));
    assert_eq!(outlet.expr_or("u", 2.0), Ok(Expr::constant(2.0)));
    let messages = [
        inlet.constant("u").unwrap_err(),
        inlet.expr("w").unwrap_err(),
        inlet.problem("type", "no such condition"),
    ]
    .map(|p| p.to_string().rsplit_once(".ini").map_or(String::new(), |(_, t)| t.into()));
    assert!(messages[0].starts_with(":70: [soln-bcs-inlet] u: unknown name 't'"), "{}", messages[0]);
    let missing =
        ":67: [soln-bcs-inlet] w: missing; add 'w = ...' to the section: velocity along z, of x, y, z, t";
    assert_eq!(messages[1], missing);
    assert_eq!(messages[2], ":68: [soln-bcs-inlet] type: no such condition");
    assert_eq!(
        texts(&outlet.unused(&[])),
        [":76: [soln-bcs-outlet] p: not used with this system or boundary type, it is ignored"]
    );
}

#[test]
fn old_files_are_read_with_remarks() {
    let (case, warnings) = read("classic.ini");
    assert_eq!(texts(&warnings), [":23: [solver] anti-alias: 'div-flux' is of old versions and ignored",]);
    assert_eq!((case.interfaces.ldg_beta, case.interfaces.ldg_tau), (-0.5, 0.0));
    assert_eq!((case.backend.device_id("cuda"), case.backend.device_id("gpu")), (Some("1"), Some("1")));
    assert_eq!(case.backend.device_id("hip"), None);
    assert_eq!(case.boundaries()[0].constant("cpTw"), Ok(1.0));
    assert_eq!(
        texts(&case.boundaries()[0].unused(&["cpTw", "u"])),
        [":70: [soln-bcs-wall] qq: not used with this system or boundary type, it is ignored"]
    );
    assert_eq!(
        texts(&case.unused_ics(&["rho", "u", "v", "p"])),
        [":76: [soln-ics] w: not used with this system or boundary type, it is ignored"]
    );
}

#[test]
fn every_mistake_of_a_file_is_reported_in_its_order() {
    let errors = Case::read(fixture("broken.ini")).map(|_| ()).unwrap_err().to_string();
    let dir = fixture("").display().to_string();
    let got: Vec<String> = errors.lines().map(|l| l.replace(&dir, "")).collect();
    let expected = [
        "broken.ini:2: [backend] precision: 'duoble' is not one of single, double; did you mean 'double'?",
        "broken.ini:3: [backend] name: 'cude' is not one of cpu, gpu, cuda, hip, metal, opencl, openmp; did you mean 'cuda'?",
        "broken.ini:6: [solver] order: 'three' is not a whole number from 0 to 20",
        "broken.ini:7: [solver] shock-capturing: 'entropy-filtr' is not one of none, artificial-viscosity, entropy-filter; did you mean 'entropy-filter'?",
        "broken.ini:11: [solver-interfaces] ldg-beta: '0.7' is not a number from -0.5 to 0.5",
        "broken.ini:12: [solver-interfaces] ldg-tau: '-1' is not a number of at least 0",
        "broken.ini:15: [solver-time-integrator] controller: 'controller = throughput' is not available yet; set controller to one of none, pi, cfl",
        "broken.ini:18: [solver-time-integrator] dt: '-1' is not a number greater than 0",
        "broken.ini:19: [solver-time-integrator] dt: given twice, first in line 18; remove one",
        "broken.ini:20: [solver-time-integrator] dt-min: '%' in '%' must be followed by '%' or '(name)s'; write '%%' for a plain %",
        "broken.ini:24: [soln-plugin-writer] dt-out: '0' is not a number greater than 0",
        "broken.ini:25: [soln-plugin-writer] basename: every output would have the same name; put {t:.2f} (time) or {n:03d} (number) into it",
        "broken.ini:26: [soln-plugin-writer] vtk: 'maybe' is not one of true, false, yes, no, on, off, 1, 0",
        "broken.ini:29: [soln-plugin-nancheck] nsteps: '0' is not a whole number of at least 1",
        "broken.ini:32: [solver-source-terms]: is the old name of [solver-plugin-source], which is there, too; merge the two",
        "broken.ini:36: [soln-filter] alpha: '-1' is not a number of at least 0",
    ];
    assert_eq!(got, expected, "{errors}");
}

#[test]
fn missing_keys_name_what_is_there_instead() {
    let message = |text: &str| Case::parse("c.ini", text).map(|_| ()).unwrap_err().to_string();
    let got = message("[solver]\nsytem = euler\n");
    let expected = [
        "c.ini:1: [solver] system: missing; add 'system = ...' to the section: equation system, for instance euler or navier-stokes (there is 'sytem')",
        "c.ini:1: [solver] order: missing; add 'order = ...' to the section: polynomial order of the solution in each element, 0 to 20",
        "c.ini: [solver-time-integrator] scheme: missing;",
        "c.ini: [solver-time-integrator] tend: missing;",
        "c.ini: [solver-time-integrator] dt: missing;",
    ];
    assert_eq!(got.lines().count(), expected.len(), "{got}");
    assert!(got.lines().zip(expected).all(|(g, e)| g.starts_with(e)), "{got}");
    let (case, _) = ok("[soln-ics]\nRho = 1\nu = foo\nv = 1\n[constants]\nGamma = 1.4\nbad = 1/0\n");
    let got = case.ics(&["rho", "u", "v", "p"]).unwrap_err().to_string();
    let expected = [
        "s.ini:10: [soln-ics] rho: missing; add 'rho = ...' to the section: density (there is 'Rho')",
        "s.ini:10: [soln-ics] p: missing; add 'p = ...' to the section: pressure",
        "s.ini:12: [soln-ics] u: unknown name 'foo' at character 1, 'foo'; names here: x, y, z, pi, Gamma, bad",
    ];
    assert_eq!(got.lines().collect::<Vec<_>>(), expected);
    assert_eq!(
        texts(&case.unused_ics(&["rho", "u", "v", "p"])),
        [
            ":11: [soln-ics] Rho: not used with this system or boundary type, it is ignored; did you mean 'rho'?"
        ]
    );
    let got = case.constant("gamma").unwrap_err().to_string();
    assert!(got.ends_with("ratio of specific heats (there is 'Gamma')"), "{got}");
    assert!(case.constant("bad").unwrap_err().to_string().contains("'inf' is not a finite number"));
    assert!(small("").expect("minimal").0.ics(&["rho"]).is_err());
}

#[test]
fn unknown_names_warn_unless_they_help() {
    let (_, warnings) = ok(
        "[soln-plugin-writer]\nname = run{n}\nunusedd = 1\ndt-ot = 1\ndt-out = 1\nbasename = %(name)s\n[soln-bc-wall]\ntype = x\n\
         [soln-plugin-writter]\n[backend]\nprecison = single\n[constants]\nanything = 1\nbad-name = 2\n[soln-bcs-Wall]\ntype = x\n\
         [whatever]\nk = 1\n[trigger-a]\ntype = time\n",
    );
    assert_eq!(
        texts(&warnings),
        [
            ":12: [soln-plugin-writer] unusedd: unknown key, it is ignored",
            ":13: [soln-plugin-writer] dt-ot: unknown key, it is ignored; did you mean 'dt-out'?",
            ":16: [soln-bc-wall]: unknown section, it is ignored; did you mean [soln-bcs-wall]?",
            ":18: [soln-plugin-writter]: unknown section, it is ignored; did you mean [soln-plugin-writer]?",
            ":20: [backend] precison: unknown key, it is ignored; did you mean 'precision'?",
            ":23: [constants] bad-name: no expression can use this name, which is not made of letters, digits and _",
            ":24: [soln-bcs-Wall]: boundaries of a mesh have lower-case names; did you mean [soln-bcs-wall]?",
            ":26: [whatever]: unknown section, it is ignored",
            ":28: [trigger-a]: not available yet, ignored",
        ]
    );
}

#[test]
fn defaults_in_the_file_change_nothing() {
    let (_, warnings) = ok(
        "[soln-plugin-writer]\nbasename = a{n}\ndt-out = 1\nwrite-gradients = FALSE\nregion = *\n[soln-filter]\nnsteps = 0\n",
    );
    assert_eq!(texts(&warnings), [""; 0]);
}

#[test]
fn times_that_cannot_be_run_are_refused() {
    for (keys, expected) in [
        ("tend = -1\ndt = 0.1", "'-1' is not after tstart = 0"),
        ("tend = 1\ndt = 1e-13", "not at least dt-min"),
        ("tend = 1\ndt = nan", "'nan' is not a number greater than 0"),
        ("tend = inf\ndt = 1", "'inf' is not a number"),
        ("tend = 1e20\ndt = 1", "large enough to change the time"),
        ("tend = 1\ndt = 1\ndt-lookahead = 1.5", "'1.5' is not a whole number of at least 0"),
        ("tend = 1\ndt = 1\nformulation = dual", "'formulation = dual' is not available yet"),
        ("tend = 1\ndt = 1\nformulation = foo", "'foo' is not one of explicit, std"),
        (
            "tend = 1\ndt = 1\ncontroller = pid",
            "'pid' is not one of none, pi, cfl, throughput; did you mean 'pi'?",
        ),
    ] {
        let text = SMALL.replace("tend = 1\ndt = 0.1", keys);
        let got = Case::parse("c.ini", &text).map(|_| ()).unwrap_err().to_string();
        let about_time = got.lines().filter(|line| line.contains("[solver-time-integrator]"));
        assert!(got.contains(expected) && about_time.count() == 1, "{keys}: {got}");
    }
}

/// Everything typed, as text.
fn summary(case: &Case) -> String {
    let ics: Vec<String> =
        case.ics(&["rho", "u", "v", "p"]).map_or(Vec::new(), |e| e.iter().map(|e| e.to_string()).collect());
    let boundaries: Vec<String> = case
        .boundaries()
        .iter()
        .map(|b| format!("{} {} {:?}", b.name, b.kind.value, b.expr("p").map(|e| e.to_string()).ok()))
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {} {} {} {:?} {:?} {} {:?} {:?} {ics:?} {boundaries:?}",
        case.backend.precision,
        case.mesh,
        case.constants,
        case.monitors(2).map_or(vec![], |all| all.iter().map(|m| m.describe()).collect()),
        case.solver.system.value,
        case.solver.order,
        case.interfaces.riemann_solver.value,
        case.interfaces.ldg_beta,
        case.point_sets,
        case.time.scheme.value,
        (case.time.tstart, case.time.tend, case.time.dt, case.time.dt_min),
        case.time.dt_lookahead,
    )
}

#[test]
fn effective_values_read_as_the_same_case() {
    for name in ["pulse.ini", "classic.ini"] {
        let (case, _) = read(name);
        let text = case.effective();
        let (back, _) = Case::parse("effective", text).unwrap_or_else(|e| panic!("{text}\n{e}"));
        assert_eq!(summary(&back), summary(&case), "{text}");
        assert_eq!(back.effective(), text, "nothing is left to default");
    }
    let (case, _) = ok("");
    for line in [
        "precision = double",
        "ldg-beta = 0.5",
        "dt-min = 1e-12",
        "tstart = 0",
        "dt-lookahead = 1",
        "controller = none",
    ] {
        assert!(case.effective().lines().any(|l| l == line), "{line} in\n{}", case.effective());
    }
}

/// Every key of the sections outside plugins, with a value that is not its default.
const EVERYTHING: &str = "\
[DEFAULT]
two = 2
[backend]
precision = single
memory-model = large
collect-wait-times = true
collect-wait-times-len = 5
autotune-ifac = 0.5
annotate = true
rank-allocator = random
[backend-cuda]
device-id = 1
mpi-type = cuda-aware
[constants]
gamma = 1.4
mu = 1e-3
Pr = 0.72
cpTref = 3.5
cpTs = 1
half = 1/%(two)s
[solver]
system = navier-stokes
order = %(two)s
anti-alias = surf-flux, flux
viscosity-correction = sutherland
shock-capturing = entropy-filter
[solver-interfaces]
riemann-solver = rusanov
ldg-beta = 0
ldg-tau = 0.5
p-min = 1e-3
[solver-interfaces-line]
flux-pts = gauss-legendre-lobatto
quad-deg = 5
[solver-elements-quad]
soln-pts = gauss-legendre-lobatto
quad-npts = 16
quad-pts = witherden-vincent
[solver-elements-tri]
soln-pts = [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0, 0), (-0.7, 0), (0, -0.7)]
quad-deg = 7
[solver-time-integrator]
scheme = rk4
tend = 1
dt = 0.1
[soln-ics]
quad-deg = 6
quad-deg-tri = 8
quad-pts-tri = williams-shunn
rho = 1
u = half
v = 0
p = 1
[solver-entropy-filter]
d-min = 1e-5
p-min = 1e-4
e-tol = 1e-3
f-tol = 1e-2
niters = 7
formulation = linearised
e-func = numerical
[soln-filter]
nsteps = 2
alpha = 36
order = 16
cutoff = 1
[solver-source-terms]
damp = -(half)
rho = 0
rhou = %(damp)s*(rhou - rho*cos(x))
rhov = 0
E = t*
  half
[soln-bcs-out]
type = char-riem-inv-mass-flow
rho = 1
u = 0
v = 0
p = half
mass-flow-rate = 2*half
alpha = 0.5
eta = 0.1
nsteps = 10
tstart = 1
quad-deg = 4
file = mf
header = false
flushsteps = 2
";

#[test]
fn every_key_outside_plugins_has_its_effect() {
    let (case, warnings) = Case::parse("all.ini", EVERYTHING).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(warnings, []);
    let plan = case.plan(2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(plan.warnings, []);
    let settings = &plan.settings;
    assert_eq!((settings.order, settings.precision), (2, Precision::Single));
    assert_eq!((settings.ldg.beta, settings.ldg.tau), (0.0, 0.5));
    let filter =
        EntropyFilter { d_min: 1e-5, p_min: 1e-4, e_tol: 1e-3, f_tol: 1e-2, niters: 7, linearised: true };
    assert_eq!(settings.capturing, ShockCapturing::EntropyFilter(filter));
    assert_eq!(settings.system.p_min, Some(1e-4), "with the filter its own counts");
    assert_eq!(settings.system.viscosity, "sutherland");
    let anti_alias = &settings.points.anti_alias;
    assert!(anti_alias.volume && anti_alias.surface);
    assert_eq!(
        format!("{:?} {:?}", anti_alias.volume_rules, anti_alias.face_rules),
        "{Tri: Degree(7), Quad: Points(16)} {Line: Degree(5)}"
    );
    assert!(settings.points.solution[&Shape::Tri].starts_with("[(-0.5"));
    let degrees = plan.projection.iter().map(|(shape, degree)| (*shape, *degree));
    assert!(degrees.clone().all(|(shape, degree)| degree == if shape == Shape::Tri { 8 } else { 6 }));
    assert_eq!(degrees.count(), Shape::ALL.len());
    let at = [0.0, 0.0, 0.0, 3.0, 2.0, 5.0, 0.0, 0.0];
    let sources: Vec<f64> = settings.source.iter().map(|e| e.eval_f64(&at)).collect();
    assert_eq!(sources, [0.0, -1.5, 0.0, 1.5]);
    assert_eq!(settings.boundaries["out"].data["p"], Expr::constant(0.5));
    let monitors: Vec<String> = case.monitors(2).expect("valid").iter().map(|m| m.describe()).collect();
    assert_eq!(
        monitors,
        [
            "filters modes of degree 1 and more with strength 36 and exponent 16 every 2 steps",
            "moves the pressure of 'out' every 10 steps until the mass flow through it is 1",
        ]
    );
    let back = Case::parse("effective", case.effective()).unwrap_or_else(|e| panic!("{e}")).0;
    assert_eq!(summary(&back), summary(&case));
}

#[test]
fn other_choices_of_physics_are_read_too() {
    let viscous = "[constants]\ngamma = 1.4\nmu = 1\nPr = 1\n[solver-artificial-viscosity]\nmax-artvisc = 0.1\ns0 = 0.2\nkappa = 0.3\n";
    let text = SMALL.replace("euler\n", "navier-stokes\nshock-capturing = artificial-viscosity\n") + viscous;
    let (case, _) = Case::parse("c.ini", &text).unwrap_or_else(|e| panic!("{e}"));
    let viscosity = ArtificialViscosity { max: 0.1, s0: 0.2, kappa: 0.3 };
    assert_eq!(case.solver.capturing, ShockCapturing::ArtificialViscosity(viscosity));

    let fluid = "[constants]\ngamma = 1.4\n[soln-ics]\nrho = 1\nu = 0\nv = 0\np = 1\n";
    let source = "[solver-plugin-source]\nenabled = false\nrho = what\n[soln-bcs-out]\ntype = char-riem-inv-pressure\nrho = 1\n\
                  u = 0\nv = 0\npressure = 0.7\nalpha = 1\neta = 2\n";
    let (case, warnings) = ok(&format!("{fluid}{source}"));
    let plan = case.plan(2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((warnings, plan.warnings, plan.settings.source), (vec![], vec![], vec![]));
    assert_eq!(plan.settings.boundaries["out"].data["p"], Expr::constant(0.7));
    let described = case.monitors(2).expect("valid")[0].describe();
    assert_eq!(described, "moves the pressure of 'out' every 100 steps until the mean pressure on it is 0.7");
}

#[test]
fn mistakes_of_physics_are_reported_with_their_lines() {
    let fluid = "[constants]\ngamma = 1.4\n[soln-ics]\nrho = 1\nu = 0\nv = 0\np = 1\n";
    for (changed, more, expected) in [
        ("anti-alias = fluxx", "", "c.ini:4: [solver] anti-alias: 'fluxx' is not none, flux, surf-flux"),
        (
            "shock-capturing = entropy-filter",
            "[solver-entropy-filter]\nniters = -1\n",
            "niters: '-1' is not a whole number",
        ),
        (
            "shock-capturing = entropy-filter",
            "[solver-entropy-filter]\nformulation = x\n",
            "'x' is not one of nonlinear, linearised",
        ),
        (
            "shock-capturing = artificial-viscosity",
            "[solver-artificial-viscosity]\nmax-artvisc = 1\ns0 = 1\nkappa = 1\n",
            "c.ini:4: [solver] shock-capturing: artificial viscosity does not work with the system 'euler'",
        ),
        (
            "shock-capturing = artificial-viscosity",
            "",
            "[solver-artificial-viscosity] s0: missing; add 's0 = ...'",
        ),
        (
            "anti-alias = flux",
            "[solver-elements-quad]\nquad-deg = 99\n",
            "quad-deg: '99' is not a whole number from 0 to 40",
        ),
        (
            "anti-alias = flux",
            "[solver-elements-quad]\nquad-pts = [(0, 0, 1)]\n",
            "give their degree (quad-deg)",
        ),
        (
            "anti-alias = flux",
            "[solver-elements-quad]\nquad-pts = witherden-vincentt\n",
            "did you mean 'witherden-vincent'?",
        ),
        (
            "",
            "[solver-plugin-source]\nrho = 0\nrhou = rhow\nE = 0\n",
            "c.ini:20: [solver-plugin-source] rhou: unknown name 'rhow'",
        ),
        (
            "",
            "[solver-plugin-source]\nrho = 0\nrhou = 0\nE = 0\n",
            "c.ini:18: [solver-plugin-source] rhov: missing",
        ),
        (
            "",
            "[solver-plugin-source]\nenabled = no\n[solver-source-terms]\n",
            "is the old name of [solver-plugin-source]",
        ),
        (
            "",
            "[soln-bcs-o]\ntype = char-riem-inv-pressure\nrho = 1\nu = 0\nv = 0\npressure = x\nalpha = 2\n",
            "pressure: unknown name 'x'",
        ),
        (
            "",
            "[soln-bcs-o]\ntype = char-riem-inv-pressure\nrho = 1\nu = 0\nv = 0\nalpha = 2\n",
            "alpha: 2 must be greater than 0 and at most 1",
        ),
        (
            "",
            "[soln-bcs-o]\ntype = char-riem-inv-mass-flow\nrho = 1\nu = 0\nv = 0\np = 1\nalpha = 1\n",
            "[soln-bcs-o] eta: missing",
        ),
        ("", "[soln-filter]\nnsteps = 1\n", "[soln-filter] cutoff: missing; add 'cutoff = ...'"),
        ("", "[soln-filter]\nnsteps = x\n", "[soln-filter] nsteps: 'x' is not a whole number"),
    ] {
        let text = SMALL.replace("order = 1\n", &format!("order = 1\n{changed}\n"));
        let read = Case::parse("c.ini", &format!("{text}{fluid}{more}"));
        let errors = match read {
            Ok((case, _)) => case.plan(2).map(|_| ()).unwrap_err(),
            Err(errors) => errors,
        };
        let errors = errors.to_string();
        assert!(errors.contains(expected), "{expected}\n{errors}");
        let lines: Vec<&str> = errors.lines().collect();
        assert!(lines.iter().all(|l| lines.iter().filter(|m| *m == l).count() == 1), "twice: {errors}");
    }
    let (_, warnings) = ok(&format!("{fluid}quad-deg = 1\nquad-pts-hex = gauss-legendre\n"));
    assert_eq!(
        texts_of(&warnings),
        ["[soln-ics] quad-deg: too weak a rule for order 1; one of degree 2 is taken"]
    );
    let (_, warnings) = ok(&format!("{fluid}quad-pts-hex = gauss-legendre\n"));
    assert_eq!(texts_of(&warnings), ["[soln-ics] quad-pts-hex: has no effect without quad-deg"]);
}

fn texts_of(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(|w| w.to_string().split_once(": ").map_or(String::new(), |(_, t)| t.into())).collect()
}

#[test]
fn values_are_listed_with_where_they_come_from() {
    use super::origin::Source;
    let text = "[DEFAULT]\ndt-out = 2\nk = %(two)s\ntwo = 2\n[soln-plugin-writer]\nbasedir = $HOME\nbasename = a{n}\n[soln-ics]\nf = x\nrho = %(f)s\n";
    let (case, _) = ok(text);
    let values = case.values();
    let find = |section: &str, key: &str| {
        let mut found = values.iter().filter(|v| v.section == section && v.key == key);
        let one = found.next().unwrap_or_else(|| panic!("{section} {key}"));
        assert!(found.next().is_none(), "{section} {key} is listed once");
        one
    };
    let order = find("solver", "order");
    assert_eq!((order.value.as_str(), order.source, order.default), ("1", Source::Line(3), None));
    assert_eq!(find("soln-plugin-writer", "dt-out").source, Source::Inherited(11));
    assert_eq!(find("soln-plugin-writer", "basedir").environment, std::env::var("HOME").is_ok());
    let default = find("backend", "precision");
    assert_eq!((default.value.as_str(), default.source), ("double", Source::Default));
    assert_eq!(find("soln-ics", "rho").value, "x");
    assert!(find("soln-ics", "f").helper);
    assert!(values.iter().all(|v| v.key != "two"), "helpers of [DEFAULT] are no keys of sections");
}

#[test]
fn effective_values_hold_no_environment() {
    // PATH is set wherever tests run.
    let path = std::env::var("PATH").expect("PATH");
    let (case, _) = ok(
        "[soln-plugin-residual]\nh = $PATH\nnsteps = 1\nfile = %(h)s/a%%.csv\n[soln-plugin-writer]\ndt-out = 1\n\
         basename = a{n}\nbasedir = ${NO_SUCH_VARIABLE}\n",
    );
    let described: Vec<String> = case.monitors(2).expect("valid").iter().map(|m| m.describe()).collect();
    assert!(described[0].contains(&format!("{path}/a%.csv")), "{described:?}");
    assert!(case.effective().contains("basedir = ${NO_SUCH_VARIABLE}"));
    assert!(case.effective().contains(&format!("file = {}/a%%.csv", path.replace('%', "%%"))));
}

#[test]
fn overrides_act_on_the_raw_file() {
    let (mut ini, errors) = Ini::parse("c.ini", SMALL);
    assert!(errors.is_empty());
    ini.set("solver", "order", "5");
    ini.set("solver-time-integrator", "dt", "oops");
    let errors = Case::from_ini(ini.clone(), SMALL).map(|_| ()).unwrap_err();
    let expected = "c.ini: [solver-time-integrator] dt: 'oops' is not a number greater than 0\n";
    assert!(errors.to_string().starts_with(expected), "{errors}");
    ini.set("solver-time-integrator", "dt", "0.2");
    let (case, _) = Case::from_ini(ini, SMALL).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((case.solver.order, case.time.dt), (5, 0.2));
}

#[test]
fn files_that_are_no_text_are_refused_with_the_place() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let message = |bytes: &[u8]| {
        let path = dir.path().join("c.ini");
        std::fs::write(&path, bytes).expect("written");
        Case::read(&path).map(|_| ()).unwrap_err().to_string()
    };
    assert!(
        message(b"[solver]\nsystem = \xe9uler\n")
            .contains("c.ini:2: byte 10 of the line (0xe9) is not UTF-8 text; save")
    );
    assert!(message(b"\x89HDF\0\0\xff").contains("looks like a binary file"));
    assert!(message(&vec![b'#'; (MAX_FILE + 1) as usize]).contains("larger than 4 MiB"));
    assert!(Case::read(dir.path()).is_err());
    let gone = Case::read(dir.path().join("no.ini")).map(|_| ()).unwrap_err().to_string();
    assert!(gone.contains("no.ini: cannot be read: "), "{gone}");
}

#[test]
fn hostile_files_are_answered_in_bounded_time() {
    let many = |line: &dyn Fn(usize) -> String| (0..50_000).map(line).collect::<String>();
    let texts = [
        "[backend]\n".to_string() + &many(&|i| format!("precision{i} = 1\n")),
        many(&|i| format!("[solver{i}]\n")),
        many(&|i| format!("[soln-plugin-writer-{i}]\nbasename = %(b)s\n")),
        "[constants]\n".to_string() + &many(&|i| format!("a{i} = %(a)s\n")),
        format!("[constants]\nbig = {}\n", "x".repeat(1 << 19)) + &many(&|i| format!("a{i} = %(big)s%%\n")),
        format!("[DEFAULT]\nbig = {}\n", "%(".repeat(1 << 19))
            + &many(&|i| format!("[soln-bcs-{i}]\ntype = a\n")),
        format!("[mesh]\nfile = {}\n", "${".repeat(1 << 20)),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let _ = Case::parse("c.ini", &format!("{SMALL}{text}")).map(|(c, _)| c.effective().len());
        assert!(start.elapsed().as_secs() < 10, "{}", &text[..100]);
    }
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "[backend]",
        "[solver]",
        "[constants]",
        "[DEFAULT]",
        "[solver-interfaces]",
        "[solver-time-integrator]",
        "[soln-plugin-writer-%(a)s]",
        "[soln-ics]",
        "[soln-bcs-a]",
        "[solver-elements-quad]",
        "[mesh]",
        "precision = single",
        "system = euler",
        "order = 99999999999999999999",
        "order = 1",
        "riemann-solver=x",
        "scheme = rk4",
        "tend = 1e308",
        "tend = 1",
        "dt = 1",
        "dt = 1e-300",
        "dt-out = 5e-324",
        "basename = {",
        "rho = %(rho)s",
        "rho = x + u",
        "u = rho",
        "type = $HOME%",
        "type = a",
        "p = pow(x",
        "  + 1",
        "soln-pts = (",
        "file = ~",
        "k",
        "= 1",
        "gamma = 1e999",
        "x = 1",
        "enabled = %(k)s",
    ]);
    prop::collection::vec(line, 0..40).prop_map(|l| l.join("\n"))
}

proptest! {
    #[test]
    fn any_text_gives_a_case_or_errors(text in "(?s).{0,200}") {
        let _ = small(&text).map_err(|e| e.to_string());
    }

    #[test]
    fn any_mixture_of_keys_gives_a_case_or_errors(text in lines(), base in any::<bool>()) {
        let text = if base { format!("{SMALL}{text}") } else { text };
        match Case::parse("c.ini", &text) {
            Ok((case, _)) => {
                let _ = case.ics(&["rho", "u"]).map_err(|e| e.to_string());
                let _ = case.unused_ics(&["rho"]);
                for b in case.boundaries() {
                    let _ = (b.expr("rho").map_err(|e| e.to_string()), b.constant("p"), b.unused(&["u"]));
                }
                let back = Case::parse("effective", case.effective());
                prop_assert!(back.is_ok(), "{}", case.effective());
            }
            Err(errors) => prop_assert!(!errors.to_string().is_empty()),
        }
    }
}

/// Replaces the times of the small case.
fn timed(keys: &str) -> Result<(Case, Vec<Warning>), CaseErrors> {
    Case::parse(
        "c.ini",
        &SMALL.replace("scheme = rk4\n", "").replace("dt = 0.1", &format!("dt = 0.1\n{keys}")),
    )
}

/// What the initial state of the small case needs.
const ICS: &str = "\n[constants]\ngamma = 1.4\n[soln-ics]\nrho = 1\nu = 0\nv = 0\np = 1\n";

#[test]
fn controllers_are_typed_with_their_defaults() {
    use crate::backend::{ErrorNorm, Tolerance};
    use crate::run::Control;
    use crate::run::control::{Cfl, Pi};
    let names = ["rho", "rhou", "rhov", "E"];
    let (case, warnings) =
        timed(&format!("scheme = rk34\ncontroller = pi\natol = 1e-5\natol-E = 1e-3\nrtol = 1e-4{ICS}"))
            .unwrap();
    assert_eq!(texts(&warnings), [""; 0]);
    let tolerance = Tolerance { absolute: vec![1e-5, 1e-5, 1e-5, 1e-3], relative: 1e-4 };
    let pi = Pi {
        norm: ErrorNorm::L2,
        safety: 0.8,
        least: 0.9,
        most: 1.1,
        alpha: 0.58,
        beta: 0.42,
        dt_max: 100.0,
        tolerance,
    };
    assert_eq!(case.control(&names).unwrap(), Control::Pi(pi.clone()));
    assert_eq!(pi, Pi::new(pi.tolerance.clone()));
    assert_eq!(case.time.dt_lookahead, 10);
    let plan = case.plan(2).unwrap();
    assert!(plan.settings.estimate && plan.control == Control::Pi(pi));
    let (back, _) = Case::parse("effective", case.effective()).unwrap();
    assert_eq!(back.plan(2).unwrap().control, plan.control);

    let (case, _) =
        timed(&format!("scheme = ssp-rk-4-10\ncontroller = cfl\ncfl = 1.5\ncfl-nsteps = 4{ICS}")).unwrap();
    let cfl = Cfl { number: 1.5, nsteps: 4, dt_max: 100.0 };
    assert_eq!(case.control(&names).unwrap(), Control::Cfl(cfl));
    assert!(!case.plan(2).unwrap().settings.estimate);
    let (case, _) = timed(&format!("scheme = rk34{ICS}")).unwrap();
    assert_eq!((case.control(&names).unwrap(), case.time.dt_lookahead), (Control::Fixed, 1));
}

#[test]
fn controllers_that_cannot_work_are_refused() {
    let good = "scheme = rk34\ncontroller = pi\natol = 1e-5\nrtol = 1e-5";
    for (keys, expected) in [
        (
            "scheme = rk4\ncontroller = pi\natol = 1e-5\nrtol = 1e-5",
            "c.ini:9: [solver-time-integrator] scheme: the scheme 'rk4' does not estimate the error of its steps; schemes that do: rk34, rk45",
        ),
        (
            "scheme = rk34\ncontroller = pi\nrtol = 1e-5",
            "c.ini:6: [solver-time-integrator] atol: missing; add 'atol = ...'",
        ),
        ("scheme = rk34\ncontroller = pi\natol = 1e-5", "[solver-time-integrator] rtol: missing"),
        (
            "scheme = rk34\ncontroller = pi\natol-rho = 1e-5\nrtol = 1e-5",
            "atol-E: missing; add it, or 'atol'",
        ),
        (
            &format!("{good}\natol-rhow = 1e-5"),
            "there is no variable 'rhow', only rho, rhou, rhov, E; did you mean 'atol-rho",
        ),
        (
            "scheme = rk34\ncontroller = pi\natol = 1e-16\nrtol = 1e-5",
            "c.ini:11: [solver-time-integrator] atol: 1e-16 is below 10 rounding errors of double precision",
        ),
        (&format!("{good}\nerrest-norm = max"), "'max' is not one of l2, uniform"),
        (&format!("{good}\nsafety-fact = 1.5"), "'1.5' is not a number greater than 0 and less than 1"),
        (&format!("{good}\nmin-fact = 1"), "'1' is not a number greater than 0 and less than 1"),
        (&format!("{good}\nmax-fact = 0.5"), "'0.5' is not a number of at least 1"),
        ("scheme = rk4\ncontroller = cfl", "c.ini:6: [solver-time-integrator] cfl: missing"),
        (
            "scheme = rk4\ncontroller = cfl\ncfl = 0",
            "c.ini:11: [solver-time-integrator] cfl: '0' is not a number greater than 0",
        ),
        (&format!("{good}\n[solver]\nshock-capturing = entropy-filter"), "given twice"),
    ] {
        let got = timed(&format!("{keys}{ICS}")).map(|(case, _)| case.plan(2).map(drop));
        let got = match got {
            Err(errors) | Ok(Err(errors)) => errors.to_string(),
            Ok(Ok(())) => String::new(),
        };
        assert!(got.contains(expected), "{keys}: {got}");
    }
    let text = SMALL.replace("order = 1", "order = 1\nshock-capturing = entropy-filter");
    let text = text.replace("scheme = rk4", good) + ICS;
    let got = Case::parse("c.ini", &text).and_then(|(case, _)| case.plan(2)).unwrap_err().to_string();
    assert!(
        got.contains("controller: the error of a step cannot be estimated together with the entropy filter"),
        "{got}"
    );
}

#[test]
fn integrands_are_checked_with_the_variables_of_the_system() {
    let section = |keys: &str| format!("{ICS}[soln-plugin-integrate]\nnsteps = 5\nfile = a\n{keys}\n");
    let (case, warnings) = ok(&section(
        "vor = (grad_v_x - grad_u_y)\nint-b = rho*%(vor)s\nint-a = x + t\nquad-deg-quad = 7\nquad-deg = 3",
    ));
    assert_eq!(texts(&warnings), [""; 0]);
    let described = case.monitors(2).expect("valid")[0].describe();
    assert_eq!(described, "writes the integrals int-b, int-a to a.csv every 5 steps");
    for (keys, expected) in [
        ("int-a = rhp", "[soln-plugin-integrate] int-a: "),
        ("int-a = grad_w_z", "[soln-plugin-integrate] int-a: "),
        ("", "int-NAME: missing; add one"),
        ("int-a = rho\nnorm = two", "norm: 'two' is not none, a number of at least 1, or inf"),
        ("int-a = rho\nquad-deg = -1", "quad-deg: '-1' is not a whole number"),
    ] {
        let got = small(&section(keys)).map(drop).unwrap_err().to_string();
        assert!(got.contains(expected) && got.lines().count() == 1, "{keys}: {got}");
    }
}

#[test]
fn forces_samples_and_averages_are_read_with_what_they_need() {
    let section = |name: &str, keys: &str| format!("{ICS}[soln-plugin-{name}]\n{keys}\n");
    let described = |name: &str, keys: &str| -> Result<String, String> {
        let (case, warnings) = small(&section(name, keys)).map_err(|e| e.to_string())?;
        assert_eq!(texts(&warnings), [""; 0]);
        case.monitors(2).map(|m| m[0].describe()).map_err(|e| e.to_string())
    };
    let (force, samples) = ("nsteps = 2\nfile = f\n", "nsteps = 2\nfile = s\n");
    let means = "nsteps = 2\ndt-out = 1\nbasename = m{n}\n";
    for (name, keys, expected) in [
        (
            "fluidforce-wing-2",
            format!("{force}quad-deg-line = 4"),
            "the force on the boundary 'wing-2' to f.csv every 2",
        ),
        ("fluidforce-a", format!("{force}morigin = (0.25, 1/2)"), "'a' and its moment to f.csv"),
        (
            "fluidforce-a",
            format!("{force}morigin = (0, 0, 0)"),
            "morigin: the value is not a point with 2 coordinates",
        ),
        ("fluidforce-a", format!("{force}file-format = xml"), "file-format: 'xml' is not"),
        (
            "sampler",
            format!("{samples}samp-pts = [(0, 1), (2, 3)]"),
            "the solution at 2 points to s.csv every 2 steps",
        ),
        (
            "sampler-a",
            format!("{samples}samp-pts = [(0, 1)]\nsample-gradients = yes"),
            "and its gradient at 1 points",
        ),
        ("sampler", samples.to_string(), "samp-pts: missing"),
        ("sampler", format!("{samples}samp-pts = [(0, q)]"), "samp-pts: the value lists"),
        ("sampler", format!("{samples}samp-pts = [(0, 1)]\nformat = both"), "format: 'both' is not one of"),
        (
            "tavg-a",
            format!("{means}avg-u = u\navg-uu = u*u\nfun-avg-v = uu - u*u"),
            "averages avg-u, avg-uu, fun-avg-v over",
        ),
        (
            "tavg",
            format!("{means}k = rho\navg-u = %(k)s*grad_u_x\nmode = continuous"),
            "since the start, and writes",
        ),
        ("tavg", means.to_string(), "avg-NAME: missing"),
        ("tavg", format!("{means}avg-u = u\nfun-avg-v = rho"), "fun-avg-v: unknown name 'rho'"),
        ("tavg", format!("{means}avg-u = u\nstd-mode = some"), "std-mode: 'some' is not one of"),
        (
            "tavg",
            "nsteps = 2\ndt-out = 1\nbasename = m\navg-u = u".into(),
            "every output would have the same name",
        ),
    ] {
        let got = described(name, &keys).unwrap_or_else(|e| e);
        assert!(got.contains(expected) && got.lines().count() == 1, "{name} {keys}: {got}");
    }
}
