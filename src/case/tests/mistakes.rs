//! Mistakes: each is reported where it is, and no text does harm.

use super::*;
use proptest::prelude::*;

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
        "broken.ini:8: [solver-interface]: unknown section, and one that might change the results: correct its name or remove it; did you mean [solver-interfaces]?",
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
