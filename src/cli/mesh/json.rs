//! The report for programs.

use super::{Report, text};
use crate::engine::quality::{Measures, histogram};
use serde_json::{Value, json};

/// The same as the report for people; numbers that are infinite are null.
pub fn report(report: &Report) -> Value {
    let Report { mesh, quality, thresholds, .. } = report;
    let counts = quality.counts(thresholds);
    let straight: usize = mesh.blocks.iter().filter(|b| b.order == 1).map(|b| b.len()).sum();
    let blocks = mesh
        .blocks
        .iter()
        .map(|b| json!({ "shape": b.shape.name(), "geometry-order": b.order, "elements": b.len() }));
    let boundaries =
        quality.boundaries.iter().map(|b| json!({ "name": b.name, "faces": b.faces, "area": b.area }));
    let of = |measure: fn(&Measures) -> f64, edges: &[f64], least: bool, threshold: f64, beyond: u64| {
        let values = || quality.measures.iter().map(measure);
        let worst = if least { values().fold(1.0, f64::min) } else { values().fold(1.0, f64::max) };
        let counts = histogram(values(), edges);
        json!({
            "worst": worst,
            "threshold": threshold,
            "beyond": beyond,
            "histogram": { "edges": edges, "counts": counts },
        })
    };
    let worst = report.worst.iter().map(|&id| {
        let block = &mesh.blocks[mesh.locate(id).0];
        let m = &quality.measures[id];
        json!({
            "element": id,
            "number-in-file": report.refusal.as_ref().map(|(numbers, _)| numbers.get(id)),
            "shape": block.shape.name(),
            "geometry-order": block.order,
            "centre": mesh.centroid(id)[..mesh.dims],
            "scaled-jacobian": m.jacobian,
            "aspect-ratio": m.aspect,
            "stretching": m.stretching,
            "volume": m.volume,
            "faults": thresholds.faults(m).iter().map(|f| f.text()).collect::<Vec<_>>(),
        })
    });
    json!({
        "file": report.path.display().to_string(),
        "refusal": report.refusal.as_ref().map(|r| &r.1),
        "dimensions": mesh.dims,
        "nodes": mesh.nodes.len(),
        "elements": mesh.len(),
        "blocks": blocks.collect::<Vec<_>>(),
        "straight": straight,
        "affine": quality.affine,
        "curved": mesh.len() - straight,
        "box": [quality.low[..mesh.dims], quality.high[..mesh.dims]],
        "volume": quality.volume,
        "boundaries": boundaries.collect::<Vec<_>>(),
        "open-part": quality.open_part(),
        "order": report.order,
        "scaled-jacobian": of(|m| m.jacobian, &text::JACOBIAN, true, thresholds.jacobian, counts.jacobian),
        "aspect-ratio": of(|m| m.aspect, &text::ASPECT, false, thresholds.aspect, counts.aspect),
        "stretching": of(|m| m.stretching, &text::STRETCHING, false, thresholds.stretching, counts.stretching),
        "not-positive": counts.tangled,
        "bad": counts.bad,
        "worst": worst.collect::<Vec<_>>(),
    })
}
