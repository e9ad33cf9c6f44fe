//! What only some problems need beside metric terms and operators: quadrature, modes, coordinates. It lies in one array a
//! piece, whose places the kernels know as constants, the same for all pieces of a block.

use super::physics::Physics;
use crate::backend::discretisation::{Block, Metrics};
use crate::backend::sensor;
use crate::element::modal::Modal;
use std::fmt::Write;
use std::ops::Range;

/// The array of a piece and the constants that say where things lie in it.
pub(super) struct Extra {
    pub(super) values: Vec<f64>,
    /// WGSL constants.
    pub(super) constants: String,
    /// Points of the quadrature rule.
    pub(super) rule_points: usize,
    /// Numbers that all elements share.
    pub(super) shared: usize,
    /// Numbers an element.
    pub(super) per_element: usize,
}

impl Extra {
    /// What pieces of up to `capacity` elements of a block need. The values are those of `elements`, if any are asked for.
    pub(super) fn new(
        physics: &Physics,
        block: &Block,
        capacity: usize,
        elements: Option<Range<usize>>,
    ) -> Extra {
        let ops = &*block.operators;
        let (points, flux_points, dims) = (ops.points.nrows(), ops.flux_points.nrows(), physics.dims);
        let (mut values, mut constants, mut at) = (vec![], String::new(), 0);
        let mut place = |name: &str, len: usize, fill: &mut dyn FnMut(&mut Vec<f64>)| {
            let _ = writeln!(constants, "const {name}: u32 = {at}u;");
            at += len;
            if elements.is_some() {
                fill(&mut values);
                debug_assert!(values.len() <= at, "{name}");
                // The last piece may have fewer elements.
                values.resize(at, 0.0);
            }
        };
        let (mut rule_points, mut low_modes, mut starts) = (0, None, vec![]);
        if let Some(rule) = &ops.quadrature {
            rule_points = rule.up.nrows();
            place("UP_AT", points * rule_points, &mut |v| v.extend(rule.up.t().iter()));
            place("DOWN_AT", points * rule_points, &mut |v| v.extend(rule.down.t().iter()));
        }
        if physics.artificial.is_some() {
            let (modes, low) = sensor::modes(ops);
            place("MODES_AT", points * points, &mut |v| v.extend(modes.t().iter()));
            low_modes = Some(low);
        }
        if physics.filter.is_some() {
            let modal = Modal::new(ops);
            place("TO_MODES_AT", points * points, &mut |v| v.extend(modal.to_modes.t().iter()));
            place("MODES_TO_AT", points * (points + flux_points), &mut |v| v.extend(modal.at.t().iter()));
            place("WEIGHTS_AT", points, &mut |v| v.extend(&ops.weights));
            starts = modal.starts;
        }
        let mut per_element = 0;
        if let (Metrics::Pointwise { .. }, true) = (&block.metrics, rule_points > 0) {
            per_element += dims * dims * rule_points;
            place("RULE_S_AT", capacity * dims * dims * rule_points, &mut |values| {
                for e in elements.clone().into_iter().flatten() {
                    for i in 0..dims * dims {
                        values.extend((0..rule_points).map(|q| block.quadrature_metric(e, q, dims)[i]));
                    }
                }
            });
        }
        if physics.source.is_some() {
            per_element += 3 * points;
            place("POINTS_AT", capacity * 3 * points, &mut |values| {
                for e in elements.clone().into_iter().flatten() {
                    let element = &block.points[e * points * dims..(e + 1) * points * dims];
                    for d in 0..3 {
                        let x = |p: usize| if d < dims { element[p * dims + d] } else { 0.0 };
                        values.extend((0..points).map(x));
                    }
                }
            });
        }
        if let Some(low) = low_modes {
            let _ = writeln!(constants, "const LOW_MODES: u32 = {low}u;");
        }
        if let [_, rest @ ..] = &starts[..] {
            let steps = rest.iter().zip(&starts).enumerate();
            let steps: String =
                steps.map(|(g, (end, start))| format!(" + select(0u, {}u, g > {g}u)", end - start)).collect();
            let _ = writeln!(constants, "const DEGREES: u32 = {}u;", rest.len());
            let _ = writeln!(constants, "fn start_of(g: u32) -> u32 {{ return 0u{steps}; }}");
        }
        let shared = at - capacity * per_element;
        Extra { values, constants, rule_points, shared, per_element }
    }
}
