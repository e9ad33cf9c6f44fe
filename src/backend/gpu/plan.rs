//! What a stage does with registers, as text of a kernel and as its parameters.

use super::kernels::{Use, fill};
use crate::backend::{Precision, Stage};
use std::fmt::Write;

/// Place of the boundaries' controls among the parameters of a stage; no scheme has as many coefficients.
pub const CONTROLS_AT: usize = 32;

/// What a stage does with registers, with registers numbered by their first appearance (the evaluated one is 0): stages
/// that differ only in register numbers and coefficients share a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Register numbers of the scheme by number in the kernel.
    pub registers: Vec<usize>,
    updates: Vec<(usize, Vec<usize>)>,
    next: usize,
}

impl Plan {
    /// The plan of a stage.
    pub fn new(stage: &Stage) -> Plan {
        let mut registers = vec![stage.eval];
        let mut local = |r: usize| {
            registers.iter().position(|&q| q == r).unwrap_or_else(|| {
                registers.push(r);
                registers.len() - 1
            })
        };
        let updates = stage
            .updates
            .iter()
            .map(|u| (local(u.into), u.terms.iter().map(|&(r, _)| local(r)).collect()))
            .collect();
        let next = local(stage.next);
        Plan { registers, updates, next }
    }

    /// Parameters of a stage: time, then the coefficients of each update, that of the right-hand side last; from
    /// [`CONTROLS_AT`] on the controls of the boundaries (value and slope in time), if any is controlled.
    pub fn parameters(
        stage: &Stage,
        t: f64,
        dt: f64,
        precision: Precision,
        controls: Option<&[[f64; 2]]>,
    ) -> Vec<f64> {
        let time = t + stage.c * dt;
        let mut list = vec![time];
        for update in &stage.updates {
            list.extend((0..update.terms.len()).map(|i| update.coefficient(i, precision)));
            list.push(update.k * dt);
        }
        if let Some(controls) = controls {
            list.resize(CONTROLS_AT.max(list.len()), 0.0);
            list.extend(controls.iter().map(|[value, slope]| value + slope * time));
        }
        list
    }

    /// The registers as bindings.
    pub(super) fn bindings(&self) -> impl Iterator<Item = (String, Use)> + '_ {
        (0..self.registers.len()).map(|r| {
            let written = self.updates.iter().any(|(into, _)| *into == r);
            (format!("r{r}"), if written { Use::Write } else { Use::Read })
        })
    }

    /// The end of a stage's kernel. `evaluated` says whether the evaluated register is at hand as `u`.
    pub(super) fn update(&self, evaluated: bool) -> String {
        let mut text = String::new();
        let pad = "                ";
        let written = self.updates.iter().rposition(|(into, _)| *into == self.next);
        for r in 0..self.registers.len() {
            let used = self.updates.iter().any(|(_, terms)| terms.contains(&r));
            if used || (written.is_none() && r == self.next) {
                let value = if evaluated && r == 0 { "u[k][v]".into() } else { format!("r{r}[at]") };
                let _ = writeln!(text, "{pad}let a{r} = {value};");
            }
        }
        let mut at = 1;
        for (i, (_, terms)) in self.updates.iter().enumerate() {
            let mut sum: Vec<String> =
                terms.iter().enumerate().map(|(j, r)| format!("parameters[{}] * a{r}", at + j)).collect();
            sum.push(format!("parameters[{}] * rhs[k][v]", at + terms.len()));
            at += terms.len() + 1;
            let _ = writeln!(text, "{pad}let n{i} = {};", sum.join(" + "));
        }
        for (i, (into, _)) in self.updates.iter().enumerate() {
            let _ = writeln!(text, "{pad}r{into}[at] = n{i};");
        }
        let next = written.map_or(format!("a{}", self.next), |i| format!("n{i}"));
        let _ = writeln!(text, "{pad}next[k][v] = {next};");
        fill(include_str!("../../../shaders/update.wgsl"), &[("REGISTERS", &text)])
    }
}
