use super::*;
use crate::backend::Precision;

/// One step from `t` on by `stages`, as a backend would make it, for u' = -2 t u^2.
fn step(stages: &[Stage], registers: &mut [f64], t: f64, dt: f64) {
    for stage in stages {
        let u: f64 = registers[stage.eval];
        let k = -2.0 * (t + stage.c * dt) * u * u;
        let combine =
            |up: &Update| up.terms.iter().map(|&(i, c)| c * registers[i]).sum::<f64>() + up.k * dt * k;
        let new: Vec<f64> = stage.updates.iter().map(combine).collect();
        stage.updates.iter().zip(new).for_each(|(up, x)| registers[up.into] = x);
    }
}

/// Integrates u' = -2 t u^2, u(0) = 1, whose solution is 1 / (1 + t^2); steps go to and fro between the registers.
fn error(scheme: &Scheme, steps: usize) -> f64 {
    let (mut r, dt) = (vec![0.0; scheme.registers], 1.0 / steps as f64);
    r[0] = 1.0;
    let back = scheme.reversed();
    for n in 0..steps {
        let stages = if scheme.result == 0 || n % 2 == 0 { &scheme.stages } else { &back };
        step(stages, &mut r, n as f64 * dt, dt);
    }
    let last = if steps.is_multiple_of(2) { 0 } else { scheme.result };
    (r[last] - 0.5).abs()
}

/// Every scheme in every form.
fn forms() -> Vec<(&'static str, Scheme)> {
    let forms = |choice: &Choice<fn() -> Scheme>| {
        let scheme = (choice.value)();
        let list = [Some(scheme.clone()), Some(scheme.clone().filtered()), scheme.estimating()];
        list.into_iter().flatten().map(|form| (choice.name, form)).collect::<Vec<_>>()
    };
    STEPPERS.iter().flat_map(forms).collect()
}

#[test]
fn schemes_have_their_order() {
    for (name, scheme) in forms() {
        let order = (error(&scheme, 40) / error(&scheme, 80)).log2();
        assert!((order - scheme.order as f64).abs() < 0.25, "{name}: {order}");
    }
}

#[test]
fn all_forms_are_the_same_scheme() {
    for choice in STEPPERS {
        let scheme = (choice.value)();
        for form in [Some(scheme.clone().filtered()), scheme.estimating()].into_iter().flatten() {
            let (a, b) = (error(&scheme, 41), error(&form, 41));
            assert!((a - b).abs() < 1e-12, "{}: {a} {b}", choice.name);
        }
    }
}

#[test]
fn estimates_are_the_error_of_a_scheme_one_order_lower() {
    let names: Vec<_> = estimators().collect();
    assert_eq!(names, ["rk34", "rk45"]);
    for choice in STEPPERS.iter().filter(|c| names.contains(&c.name)) {
        let scheme = (choice.value)().estimating().unwrap();
        // The embedded solution is the other one less the estimate. Its error in one step from t = 0.5.
        let start = 1.0 / 1.25;
        let one = |dt: f64| {
            let mut r = vec![0.0; scheme.registers];
            r[0] = start;
            step(&scheme.stages, &mut r, 0.5, dt);
            assert_eq!(r[0], start, "the solution from before is kept");
            let exact = 1.0 / (1.0 + (0.5 + dt) * (0.5 + dt));
            let estimate = r[scheme.error.unwrap()];
            ((r[scheme.result] - exact).abs(), (r[scheme.result] - estimate - exact).abs(), estimate.abs())
        };
        let (coarse, fine) = (one(0.02), one(0.01));
        let order = |a: f64, b: f64| (a / b).log2();
        let local = scheme.order as f64 + 1.0;
        assert!((order(coarse.0, fine.0) - local).abs() < 0.3, "{}: {coarse:?} {fine:?}", choice.name);
        assert!((order(coarse.1, fine.1) - local + 1.0).abs() < 0.3, "{}: {coarse:?} {fine:?}", choice.name);
        assert!((order(coarse.2, fine.2) - local + 1.0).abs() < 0.3, "{}: {coarse:?} {fine:?}", choice.name);
    }
}

#[test]
fn combinations_neither_create_nor_destroy() {
    for (name, scheme) in forms() {
        for update in scheme.stages.iter().flat_map(|s| &s.updates) {
            for precision in [Precision::Single, Precision::Double] {
                let sum: f64 = (0..update.terms.len()).map(|i| update.coefficient(i, precision)).sum();
                if Some(update.into) == scheme.error {
                    // An estimate is a difference of solutions: no part of any of them enters it.
                    assert!(update.terms.iter().all(|t| *t == (update.into, 1.0)), "{name}");
                } else {
                    assert_eq!(sum, 1.0, "{name} {precision:?}");
                }
            }
        }
        let Some(error) = scheme.error else { continue };
        let updates = scheme.stages.iter().flat_map(|s| &s.updates);
        let weights: f64 = updates.filter(|u| u.into == error).map(|u| u.k).sum();
        assert!(weights.abs() < 1e-12, "{name}: the estimate of a constant rate is {weights}");
    }
}

#[test]
fn strong_stability_is_that_of_convex_combinations_of_euler_steps() {
    // Coefficients of registers are not negative, and no Euler step in them is longer than dt over the coefficient.
    for (name, longest) in [("tvd-rk3", 1.0), ("ssp-rk-3-4", 0.5), ("ssp-rk-4-10", 1.0 / 6.0)] {
        let scheme = (STEPPERS.iter().find(|c| c.name == name).unwrap().value)();
        for stage in &scheme.stages {
            for update in &stage.updates {
                let weight = update.terms.iter().find(|t| t.0 == stage.eval).unwrap().1;
                assert!(update.terms.iter().all(|t| t.1 > 0.0));
                assert!(update.k <= weight * longest * (1.0 + 1e-14), "{name}: {update:?}");
            }
        }
    }
}

#[test]
fn the_next_register_is_the_one_evaluated_next() {
    for (name, scheme) in forms() {
        for stages in [scheme.stages.clone(), scheme.reversed()] {
            for pair in stages.windows(2) {
                assert_eq!(pair[0].next, pair[1].eval, "{name}");
            }
            let first = stages[0].eval;
            let last = &stages[stages.len() - 1];
            let result = if first == 0 { scheme.result } else { 0 };
            assert_eq!(last.next, result, "{name}");
            assert!(last.updates.iter().any(|u| u.into == result), "{name}");
            let touched = stages.iter().flat_map(|s| &s.updates).any(|u| u.into == first);
            assert_eq!(
                touched,
                scheme.result == 0,
                "{name}: a step that can be taken back keeps where it began"
            );
        }
    }
}

#[test]
fn updates_can_be_made_one_after_the_other() {
    for (name, scheme) in forms() {
        for stage in scheme.stages.iter().chain(&scheme.reversed()) {
            for (i, update) in stage.updates.iter().enumerate() {
                let earlier = &stage.updates[..i];
                let spoilt = |r: usize| earlier.iter().any(|e| e.into == r);
                assert!(!update.terms.iter().any(|t| spoilt(t.0)), "{name}");
            }
        }
    }
}

#[test]
fn the_second_register_never_holds_the_solution_between_steps() {
    for (name, scheme) in forms() {
        assert!(scheme.result != 1, "{name}: right-hand sides on their own are written there");
    }
}
