//! What a case holds: values, defaults, helpers, effective values.

use super::*;

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
