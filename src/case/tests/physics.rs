//! Keys of the equations and of the scheme, each with its effect.

use super::*;
use crate::backend::{ArtificialViscosity, EntropyFilter};

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
