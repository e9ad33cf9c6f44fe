//! The report for programs.

use super::{Fault, Report};
use crate::case::origin::Source;
use serde_json::{Value, json};

/// The same as the report for people; what could not be found out is null, and so are infinite numbers.
pub fn report(report: &Report) -> Value {
    let faults = |faults: &[Fault]| faults.iter().map(fault).collect::<Vec<_>>();
    let values = report.values.iter().map(|v| {
        let (origin, line) = match v.source {
            Source::Line(line) => ("line", Some(line)),
            Source::Inherited(line) => ("[DEFAULT]", Some(line)),
            Source::Outside => ("command line", None),
            Source::Default => ("default", None),
        };
        json!({
            "section": v.section,
            "key": v.key,
            "value": v.value,
            "origin": origin,
            "line": line,
            "environment": v.environment,
            "default": v.default,
            "meaning": v.doc,
        })
    });
    let boundaries = report.boundaries.iter().map(|b| {
        json!({
            "name": b.name,
            "faces": b.faces,
            "type": b.condition.as_ref().map(|c| &c.0),
            "line": b.condition.as_ref().and_then(|c| c.1),
        })
    });
    let shares = |shares: &[(&'static str, u64)]| {
        shares
            .iter()
            .map(|(name, bytes)| ((*name).to_string(), json!(bytes)))
            .collect::<serde_json::Map<_, _>>()
    };
    let size = report.size.as_ref().map(|size| {
        let blocks = size.blocks.iter().map(|b| {
            json!({
                "shape": b.shape.name(),
                "geometry-order": b.geometry_order,
                "elements": b.elements,
                "affine": b.affine,
            })
        });
        json!({
            "dimensions": size.dims,
            "elements": size.elements(),
            "nodes": size.nodes,
            "blocks": blocks.collect::<Vec<_>>(),
            "unknowns": size.unknowns(),
            "device-bytes": shares(&report.device),
            "host-bytes": shares(&size.host_memory()),
        })
    });
    let step = report.step.as_ref().map(|step| {
        let stable = step.stable.as_ref();
        json!({
            "dt": step.dt,
            "stable": stable.map(|s| s.dt),
            "waves": stable.map(|s| s.advective),
            "diffusion": stable.map(|s| s.diffusive),
            "cfl": stable.map(|s| s.cfl),
            "element": stable.map(|s| s.element),
            "at": stable.map(|s| s.at),
        })
    });
    let system = report.system.as_ref().map(|s| {
        json!({
            "name": s.name,
            "order": s.order,
            "scheme": s.scheme,
            "controller": s.control.name(),
            "backend": s.backend,
            "precision": s.precision,
            "tstart": s.span.tstart,
            "tend": s.span.tend,
            "steps": s.steps(),
        })
    });
    let output = report
        .output
        .iter()
        .map(|(what, expected)| json!({ "what": what, "files": expected.files, "bytes": expected.bytes }));
    json!({
        "case": report.case.display().to_string(),
        "mesh": report.mesh_file.as_ref().map(|p| p.display().to_string()),
        "ready": report.errors.is_empty(),
        "errors": faults(&report.errors),
        "warnings": faults(&report.warnings),
        "system": system,
        "size": size,
        "time-step": step,
        "output": output.collect::<Vec<_>>(),
        "boundaries": boundaries.collect::<Vec<_>>(),
        "values": values.collect::<Vec<_>>(),
    })
}

fn fault(fault: &Fault) -> Value {
    let place = fault.place.as_ref();
    json!({
        "text": fault.text,
        "line": place.and_then(|p| p.line),
        "section": place.map(|p| &p.section),
        "key": place.and_then(|p| p.key.as_ref()),
    })
}
