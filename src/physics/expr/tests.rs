//! Promises of the expression language.

use super::functions::FUNCTIONS;
use super::*;
use proptest::prelude::*;

const NAMES: [&str; 4] = ["x", "y", "z", "t"];

fn constants() -> BTreeMap<String, f64> {
    [("gamma", 1.4), ("b", -4.0), ("M", 0.4)].map(|(n, v)| (n.to_string(), v)).into()
}

fn parse(text: &str) -> Expr {
    Expr::parse(text, &NAMES, &constants()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn value(text: &str) -> f64 {
    parse(text).eval_f64(&[0.3, 0.7, -1.1, 2.0])
}

fn message(text: &str) -> String {
    Expr::parse(text, &NAMES, &constants()).expect_err(text).to_string()
}

#[test]
fn operators_bind_as_in_python() {
    let (x, y) = (0.3f64, 0.7f64);
    for (text, expected) in [
        ("-2*3", -6.0),
        ("-x*y", -x * y),
        ("2--3", 5.0),
        ("2 - -3", 5.0),
        ("x - - y", x + y),
        ("x - b", x + 4.0),
        ("1/2", 0.5),
        ("1 - 2 - 3", -4.0),
        ("1 - (2 - 3)", 2.0),
        ("8/4/2", 1.0),
        ("8/4*2", 4.0),
        ("2*-x", -2.0 * x),
        ("-7 % 3", 2.0),
        ("7 % -3", -2.0),
        ("10 % 4 * 2", 4.0),
        ("+x", x),
        ("1e3 + .5 + 2. + 1_000", 2002.5),
        ("pow(2, 3)", 8.0),
        ("pow(x, -3)", 1.0 / (x * (x * x))),
        ("pow(x, 0.25)", x.powf(0.25)),
        ("atan2(x, y)", x.atan2(y)),
        ("min(x, y) + max(x, y)", x + y),
        ("sqrt(abs(-y))", y.sqrt()),
        ("cos(2*pi)", 1.0),
        ("(((x)))", x),
        ("gamma/(gamma-1)", 1.4 / (1.4 - 1.0)),
        ("x\n  + y", x + y),
    ] {
        let got = value(text);
        assert!(
            (got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
            "{text}: {got} is not {expected}"
        );
    }
}

#[test]
fn f32_and_f64_share_the_tree() {
    let e = parse("pow(1 - x*x, 2)*exp(-t)");
    assert!((f64::from(e.eval(&[0.3f32, 0.0, 0.0, 2.0])) - e.eval_f64(&[0.3, 0.0, 0.0, 2.0])).abs() < 1e-7);
}

#[test]
fn dependence_and_folding_are_exact() {
    let e = parse("x*0 + sin(t)");
    assert!(e.depends_on(0) && !e.depends_on(1) && e.depends_on(3) && !e.is_constant());
    assert_eq!(parse("2*3 + gamma").root, Node::Number(2.0 * 3.0 + 1.4));
    assert!(parse("exp(2)/M").is_constant());
    assert_eq!(parse("exp(2)/M").root, Node::Number(2f64.exp() / 0.4));
    // Regrouping would change the rounding.
    assert_eq!(parse("x + 1 + 2").to_string(), "x + 1.0 + 2.0");
    // What is not finite is left to show at run time.
    assert_eq!(parse("1/0").to_string(), "1.0/0.0");
    assert_eq!(Expr::constant(2.5).eval_f64(&[]), 2.5);
}

#[test]
fn mistakes_are_named_with_place_and_advice() {
    for (text, expected) in [
        ("x*2^3", "'^' is not an operator of this language at character 4, '^3'; write pow(2, 3)"),
        ("x**(y + 1)*2", "write pow(x, (y + 1))"),
        ("x^-y", "write pow(x, -y)"),
        ("x^", "write pow(x, ...)"),
        (
            "gama*x",
            "unknown name 'gama' at character 1, 'gama*x'; did you mean 'gamma'? names here: x, y, z, t, pi, M, b, gamma",
        ),
        (
            "sine(x)",
            "unknown function 'sine' at character 1, 'sine(x)'; did you mean 'sin'? functions: sin, cos",
        ),
        ("sin x", "'sin' is a function and stands without its arguments"),
        ("2x", "an operator is missing at character 2, 'x'; write '*'"),
        ("(x)(y)", "an operator is missing"),
        ("x(y)", "'x' is not a function"),
        ("x y", "an operator is missing"),
        ("x <= y", "no comparisons"),
        ("7//2", "write '/'"),
        ("", "empty"),
        ("  ", "empty"),
        ("x +", "ends where"),
        ("(x", "')' is missing"),
        ("x)", "')' matches nothing before it"),
        ("x, y", "',' matches nothing before it"),
        ("* x", "'*' stands where"),
        ("pow(x)", "pow takes 2 arguments, not 1"),
        ("sin(x, y)", "sin takes 1 argument, not 2"),
        ("pow(x, y, z)", "pow takes 2 arguments, not 3"),
        ("sin()", "sin takes 1 argument, not 0"),
        ("x[0]", "'[' cannot be part"),
        ("π", "'π' cannot be part"),
        ("1 − x", "'-'"),
        ("1.2.3", "'1.2' is no number"),
        ("1__0", "'1__0' is no number"),
        (".", "'.' is no number"),
        ("1e999", "'1e999' is no number"),
        ("0x10", "an operator is missing"),
    ] {
        let got = message(text);
        assert!(got.contains(expected), "{text}: {got}");
    }
}

#[test]
fn position_is_the_byte_of_the_mistake() {
    let e = Expr::parse("x + 1 + foo", &NAMES, &constants()).unwrap_err();
    assert_eq!((e.position, e.character), (8, 9));
}

fn with_texts(text: &str, texts: &[(&str, &str)]) -> Result<Expr, ExprError> {
    let texts = texts.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    Expr::parse_with(text, &NAMES, &Constants { numbers: constants(), texts })
}

#[test]
fn textual_constants_stand_in_parentheses() {
    let e = with_texts("2*a", &[("a", "x + c"), ("c", "-gamma")]).unwrap();
    assert_eq!(e.to_string(), "2.0*(x + -1.4)");
    let e = with_texts("a", &[("a", "1 + b1"), ("b1", "c + 1"), ("c", "a")]).unwrap_err();
    assert_eq!(e.kind, ExprErrorKind::Cycle(["a", "b1", "c", "a"].map(String::from).into()));
    let e = with_texts("1 + a", &[("a", "1 + foo")]).unwrap_err();
    assert!(e.to_string().contains("in the constant 'a': unknown name 'foo' at character 5"), "{e}");
    let e = with_texts("x", &[("x", "1 + 1")]).unwrap_err();
    assert_eq!(e.kind, ExprErrorKind::Clash("x".into()));
    // A constant with the name of a variable that does not occur is harmless.
    assert!(with_texts("y", &[("x", "1 + 1")]).is_ok());
    let mut numbers = constants();
    numbers.insert("t".into(), 1.0);
    assert!(Expr::parse("t", &["x", "y", "z"], &numbers).is_ok());
    assert!(Expr::parse("t", &NAMES, &numbers).is_err());
}

#[test]
fn depth_and_size_are_limited() {
    let deep = |n: usize| "(".repeat(n) + "x" + &")".repeat(n);
    assert!(Expr::parse(&deep(100), &NAMES, &constants()).is_ok());
    for open in ["(", "-", "sin(", "1-(2*(", "pow(1,"] {
        assert!(message(&(open.repeat(1_000) + "x")).contains("nested more than 100 deep"), "{open}");
        assert!(Expr::parse(&open.repeat(100_000), &NAMES, &constants()).is_err());
    }
    let sum = "x + ".repeat(100_000) + "x";
    let e = parse(&sum);
    assert_eq!(e.eval_f64(&[1.0]), 100_001.0);
    assert_eq!(e.clone(), e);
    assert!(message(&"x + ".repeat(1 << 19)).contains("longer than"));
    // Doubling constants: 2^40 copies if they were pasted.
    let names: Vec<String> = (0..40).map(|i| format!("k{i}")).collect();
    let texts: Vec<String> = (0..40).map(|i| format!("k{0}*k{0}", i + 1)).collect();
    let mut pairs: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(n, t)| (n.as_str(), t.as_str())).collect();
    pairs.push(("k40", "x+1"));
    assert!(matches!(with_texts("k0", &pairs).unwrap_err().kind, ExprErrorKind::TooLong(_)));
}

#[test]
fn every_function_prints_as_it_reads() {
    for (name, f, _) in FUNCTIONS {
        let text = match f {
            functions::Builtin::One(_) => format!("{name}(x)"),
            functions::Builtin::Two(_) => format!("{name}(x, y)"),
        };
        assert_eq!(parse(&text).to_string(), text);
    }
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Node::Number),
        (-3i32..4).prop_map(|n| Node::Number(n.into())),
        (0usize..4).prop_map(Node::Variable),
    ];
    leaf.prop_recursive(6, 60, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(Node::negate),
            (pair.clone(), any::<bool>()).prop_map(|((a, b), minus)| a.add(minus, b)),
            (pair.clone(), 0..3).prop_map(|((a, b), f)| {
                a.multiply([Factor::Times, Factor::Over, Factor::Modulo][f as usize], b)
            }),
            (pair, 0..FUNCTIONS.len()).prop_map(|((a, b), i)| match FUNCTIONS[i].1 {
                functions::Builtin::One(f) => Node::one(f, a),
                functions::Builtin::Two(f) => Node::two(f, a, b),
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same_tree(root in node()) {
        let e = Expr { names: NAMES.map(String::from).into(), root };
        let text = e.to_string();
        let back = Expr::parse(&text, &NAMES, &constants());
        prop_assert_eq!(back.as_ref(), Ok(&e), "{}", text);
    }

    #[test]
    fn any_text_gives_an_expression_or_an_error(text in "\\PC*") {
        let _ = Expr::parse(&text, &NAMES, &constants()).map_err(|e| e.to_string());
    }

    #[test]
    fn any_text_of_the_alphabet_gives_an_expression_or_an_error(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "x", "gamma", "foo", "sin", "pow", "pi", "1", "2.5", ".", "1e", "_", "+", "-", "*", "/", "%", "(", ")", ",",
                "^", "**", "//", "<", " ", "\n", "é",
            ]),
            0..40,
        )
    ) {
        let _ = Expr::parse(&words.concat(), &NAMES, &constants()).map_err(|e| e.to_string());
    }
}
