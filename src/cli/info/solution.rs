//! What is in a solution file.

use super::{Answer, Lines, size};
use crate::cli::figures::figure;
use crate::cli::grouped;
use crate::output::Precision;
use crate::output::solution::{BlockSummary, summarise};
use anyhow::Result;
use serde_json::json;
use std::path::Path;

pub fn answer(path: &Path, bytes: u64) -> Result<Answer> {
    let summary = summarise(path)?;
    let header = &summary.header;
    let precision = match header.precision {
        Precision::Single => "single",
        Precision::Double => "double",
    };
    let mut text = Lines::default();
    text.add("solution", format!("{}, {}, format {}", path.display(), size(bytes), summary.version));
    text.add("mesh uuid", &header.mesh_uuid);
    let (system, dims, order) = (&header.system, header.dims, header.order);
    text.add("system", format!("{system}, {dims}-D, order {order}, {precision} precision"));
    text.add("time", format!("t = {}, step {}, dt = {}", header.t, grouped(header.step), figure(header.dt)));
    for BlockSummary { shape, order, points_name, elements } in &summary.blocks {
        let elements = grouped(*elements as u64);
        text.add("elements", format!("{elements} {} of order {order} on {points_name}", shape.name()));
    }
    text.add("unknowns", grouped(summary.unknowns()));
    let width = header.variables.iter().map(|v| v.chars().count()).max().unwrap_or(0);
    for (name, [low, high]) in header.variables.iter().zip(&summary.ranges) {
        if low <= high {
            text.add("field", format!("{name:<width$}  {} to {}", figure(*low), figure(*high)));
        } else {
            text.add("field", format!("{name:<width$}  no finite value"));
        }
    }
    if !summary.gradients.is_empty() {
        text.add("gradients", summary.gradients.join(", "));
    }
    if summary.not_finite > 0 {
        text.add("not finite", format!("{} values", grouped(summary.not_finite)));
    }
    let case = if header.config_source.is_empty() { &header.config } else { &header.config_source };
    text.add(
        "case",
        match case.lines().count() {
            0 => "none".to_string(),
            lines => format!("{lines} lines, see --case"),
        },
    );
    let fields = header.variables.iter().zip(&summary.ranges);
    let blocks = summary.blocks.iter().map(|b| {
        json!({
            "shape": b.shape.name(),
            "order": b.order,
            "soln-pts": b.points_name,
            "elements": b.elements,
        })
    });
    let json = json!({
        "file": path.display().to_string(),
        "kind": "solution",
        "bytes": bytes,
        "format": summary.version,
        "mesh-uuid": header.mesh_uuid,
        "system": header.system,
        "dimensions": header.dims,
        "order": header.order,
        "precision": precision,
        "t": header.t,
        "dt": header.dt,
        "step": header.step,
        "blocks": blocks.collect::<Vec<_>>(),
        "unknowns": summary.unknowns(),
        "fields": fields.map(|(v, r)| json!({ "name": v, "min": r[0], "max": r[1] })).collect::<Vec<_>>(),
        "gradients": summary.gradients,
        "not-finite": summary.not_finite,
        "case": header.config_source,
        "effective-case": header.config,
    });
    let case = case.clone();
    Ok(Answer { text, json, case })
}
