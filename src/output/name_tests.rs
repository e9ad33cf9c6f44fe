use super::*;
use proptest::prelude::*;

fn name(template: &str, t: f64, n: u64) -> String {
    NameTemplate::parse(template).unwrap().format(t, n)
}

#[test]
fn numbers_look_as_python_prints_them() {
    let table = include_str!("name_table.tsv");
    let mut checked = 0;
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap();
        let (kind, format, value, expected) = (column(), column(), column(), column());
        let format = if format == "none" { String::new() } else { format.replace('~', " ") };
        let colon = if format.is_empty() { "" } else { ":" };
        let found = match kind {
            "T" => name(&format!("|{{t{colon}{format}}}|"), value.parse().unwrap(), 0),
            _ => name(&format!("|{{n{colon}{format}}}|"), 0.0, value.parse().unwrap()),
        };
        assert_eq!(found, expected, "{line}");
        checked += 1;
    }
    assert!(checked > 800);
}

#[test]
fn names_of_real_cases_come_out_right() {
    assert_eq!(name("euler_vortex-{t:.1f}", 12.34, 0), "euler_vortex-12.3");
    assert_eq!(name("run-{n:03d}", 0.0, 7), "run-007");
    assert_eq!(name("run-{t:08.3f}", 1.5, 0), "run-0001.500");
    assert_eq!(name("{{a}}-{n}", 0.0, 7), "{a}-7");
    assert_eq!(name("steps/{n}/at-{t}", 0.1, 12), "steps/12/at-0.1");
}

#[test]
fn constant_names_are_told_apart() {
    assert!(NameTemplate::parse("flow").unwrap().is_constant());
    let t = NameTemplate::parse("flow-{t}").unwrap();
    assert!(!t.is_constant() && !t.counts());
    assert!(NameTemplate::parse("flow-{n}").unwrap().counts());
}

#[test]
fn the_series_is_named_by_the_constant_text() {
    let series = |s| NameTemplate::parse(s).unwrap().series_name();
    assert_eq!(series("euler-vortex-{t:.2f}"), "euler-vortex");
    assert_eq!(series("out/{n}/flow_{t}"), "out/flow");
    assert_eq!(series("{t}"), "series");
}

#[test]
fn errors_say_where_and_what_is_possible() {
    let fails = |s: &str| NameTemplate::parse(s).unwrap_err();
    for (text, position, word) in [
        ("a-{time}", 2, "unknown field"),
        ("a-{}", 2, "unknown field"),
        ("a-{t!r}", 2, "unknown field"),
        ("a-{t", 2, "not closed"),
        ("a-}", 2, "single"),
        ("a-{t:d}", 2, "not supported"),
        ("a-{n:x}", 2, "not supported"),
        ("a-{t:.2q}", 2, "{t:.2f}"),
        ("a-{t:.f}", 2, "digits"),
        ("a-{n:.2d}", 2, "integer"),
        ("a-{t:.99999999999999999999f}", 2, "at most 60"),
        ("a-{n:/>5}", 2, "fill"),
        ("a\n{n}", 1, "control"),
        ("", 0, "missing"),
        ("a/", 2, "missing"),
        ("../a{n}", 0, "basedir"),
        ("/tmp/a{n}", 0, "basedir"),
    ] {
        let e = fails(text);
        assert_eq!(e.position, position, "{e}");
        assert!(e.to_string().contains(word), "{e}");
    }
}

#[test]
fn the_last_number_among_the_files_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["f-003-0.5.x", "f-021-1.0.x", "f-099-1.5.y", "f-abc-1.x", "f-22-1.x", "g-500-1.0.x"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    fs::create_dir_all(folder.path().join("s/4")).unwrap();
    fs::write(folder.path().join("s/4/f.x"), "").unwrap();
    let last = |s: &str| NameTemplate::parse(s).unwrap().last_number(folder.path(), ".x").unwrap();
    assert_eq!(last("f-{n:03d}-{t:.1f}"), Some(21));
    assert_eq!(last("f-{t}-{n}"), None);
    assert_eq!(last("s/{n}/f"), Some(4));
    assert_eq!(last("h-{n}"), None);
    let nowhere = NameTemplate::parse("f-{n}").unwrap();
    assert_eq!(nowhere.last_number(&folder.path().join("nowhere"), ".x").unwrap(), None);
}

proptest! {
    #[test]
    fn any_text_is_a_name_or_an_error(text in "[ -~{}tn:.0-9efgd<>=^+/]{0,30}", t in any::<f64>(), n in any::<u64>()) {
        if let Ok(template) = NameTemplate::parse(&text) {
            let name = template.format(t, n);
            prop_assert!(name.len() < 4000);
            let _ = (template.number_in(&name), template.series_name());
        }
    }

    #[test]
    fn any_unicode_is_a_name_or_an_error(text in "\\PC{0,20}") {
        let _ = NameTemplate::parse(&text);
    }

    #[test]
    fn a_number_is_found_again_in_its_name(n in 0u64..1 << 50, t in -1e6..1e6f64, width in 1usize..9) {
        for text in [format!("a-{{n:0{width}d}}"), format!("{{t:.3f}}_{{n:{width}}}"), "{n}-{t}.b".into(), "x{t:010.2e}/{n:*<9}".into()] {
            let template = NameTemplate::parse(&text).unwrap();
            prop_assert_eq!(template.number_in(&template.format(t, n)), Some(n), "{}", text);
        }
    }
}
