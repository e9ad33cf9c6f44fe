//! Controllers of the time step, and plugins.

use super::*;

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
