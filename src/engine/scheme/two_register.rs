//! Pairs of schemes of two registers with an embedded error estimate: C. A. Kennedy, M. H. Carpenter, R. M. Lewis, "Low-
//! storage, explicit Runge-Kutta schemes for the compressible Navier-Stokes equations", Appl. Numer. Math. 35 (2000), in
//! van der Houwen's form.
//!
//! Of registers `X` and `Y`, both the solution at first, stage `i` with `k = du/dt(X)` makes `X = Y + dt a_i k` and
//! `Y = Y + dt b_i k`; the last `Y` is the solution. The pair's other scheme has the weights `b - e`, one order lower: the
//! estimate of the error is `sum dt e_i k_i`.

use super::{Scheme, stage, update};

/// Coefficients of a pair.
#[derive(Debug, PartialEq)]
pub(super) struct Pair {
    /// Order of the scheme that steps.
    order: usize,
    /// `a`, one fewer than stages.
    next: &'static [f64],
    /// `b`.
    weights: &'static [f64],
    /// Weights of the embedded scheme.
    embedded: &'static [f64],
}

/// RK3(2)4[2R+].
pub(super) static RK34: Pair = Pair {
    order: 3,
    next: &[
        11847461282814.0 / 36547543011857.0,
        3943225443063.0 / 7078155732230.0,
        -346793006927.0 / 4029903576067.0,
    ],
    weights: &[
        1017324711453.0 / 9774461848756.0,
        8237718856693.0 / 13685301971492.0,
        57731312506979.0 / 19404895981398.0,
        -101169746363290.0 / 37734290219643.0,
    ],
    embedded: &[
        15763415370699.0 / 46270243929542.0,
        514528521746.0 / 5659431552419.0,
        27030193851939.0 / 9429696342944.0,
        -69544964788955.0 / 30262026368149.0,
    ],
};

/// RK4(3)5[2R+].
pub(super) static RK45: Pair = Pair {
    order: 4,
    next: &[
        970286171893.0 / 4311952581923.0,
        6584761158862.0 / 12103376702013.0,
        2251764453980.0 / 15575788980749.0,
        26877169314380.0 / 34165994151039.0,
    ],
    weights: &[
        1153189308089.0 / 22510343858157.0,
        1772645290293.0 / 4653164025191.0,
        -1672844663538.0 / 4480602732383.0,
        2114624349019.0 / 3568978502595.0,
        5198255086312.0 / 14908931495163.0,
    ],
    embedded: &[
        1016888040809.0 / 7410784769900.0,
        11231460423587.0 / 58533540763752.0,
        -1563879915014.0 / 6823010717585.0,
        606302364029.0 / 971179775848.0,
        1097981568119.0 / 3980877426909.0,
    ],
};

impl Pair {
    /// Steps of a given size: `Y` is register 0, `X` register 1.
    pub(super) fn fixed(&'static self) -> Scheme {
        let mut scheme = self.in_registers(0, None);
        scheme.registers = 2;
        scheme
    }

    /// Steps that can be taken back: register 0 is left alone, `X` is register 1, `Y` register 2, the error register 3.
    pub(super) fn estimating(&'static self) -> Scheme {
        let mut scheme = self.in_registers(2, Some(3));
        scheme.registers = 4;
        scheme
    }

    /// The scheme with `X` in register 1, `Y` and the error in those given.
    fn in_registers(&'static self, y: usize, error: Option<usize>) -> Scheme {
        let last = self.weights.len() - 1;
        let mut stages = vec![];
        for (i, (b, embedded)) in self.weights.iter().zip(self.embedded).enumerate() {
            let (x, from) = (1, if i == 0 { 0 } else { y });
            let mut updates = vec![];
            if i < last {
                updates.push(update(x, &[(from, 1.0)], self.next[i]));
            }
            updates.push(update(y, &[(from, 1.0)], *b));
            if let Some(error) = error {
                let before = [(error, 1.0)];
                updates.push(update(error, if i == 0 { &[] } else { &before }, b - embedded));
            }
            // c_{i+1} = a_i + b_1 + ... + b_{i-1}
            let c = if i == 0 { 0.0 } else { self.next[i - 1] + self.weights[..i - 1].iter().sum::<f64>() };
            let eval = if i == 0 { 0 } else { x };
            stages.push(stage(eval, c, updates, if i < last { x } else { y }));
        }
        Scheme { order: self.order, registers: 0, stages, result: y, error, pair: Some(self) }
    }
}
