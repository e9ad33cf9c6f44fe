//! The report for people.

use super::Report;
use crate::cli::figures::{figure, precise};
use crate::cli::{files, grouped};
use crate::engine::quality::{BoundaryArea, Measures, histogram};

/// Longest bar of a histogram, in characters.
const BAR: usize = 40;

/// Where the places of the histograms begin; below the first is a place of its own.
pub const JACOBIAN: [f64; 10] = [f64::MIN_POSITIVE, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// See [`JACOBIAN`].
pub const ASPECT: [f64; 8] = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e3, 1e4];
/// See [`JACOBIAN`].
pub const STRETCHING: [f64; 8] = [1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0, 1e3];

/// What volume is called in so many dimensions, and what boundaries measure.
const SIZES: [(&str, &str); 4] = [("", ""), ("length", "count"), ("area", "length"), ("volume", "area")];

pub fn print(report: &Report) {
    overview(report);
    let counts = report.quality.counts(&report.thresholds);
    let limits = &report.thresholds;
    line!("order      {}, at solution and flux points", report.order);
    let of = |name: &str, measure: fn(&Measures) -> f64, edges: &[f64], least: bool, beyond: String| {
        let values = || report.quality.measures.iter().map(measure);
        let worst = if least { values().fold(1.0, f64::min) } else { values().fold(1.0, f64::max) };
        line!("\n{name}: worst {}, {beyond}", figure(worst));
        bars(&histogram(values(), edges), edges, if least { "0 or less" } else { "" });
    };
    let (jacobian, aspect, stretching) =
        (figure(limits.jacobian), figure(limits.aspect), figure(limits.stretching));
    let beyond =
        format!("{} below {jacobian}, {} not positive", grouped(counts.jacobian), grouped(counts.tangled));
    of("scaled Jacobian", |m| m.jacobian, &JACOBIAN, true, beyond);
    of("aspect ratio", |m| m.aspect, &ASPECT, false, format!("{} beyond {aspect}", grouped(counts.aspect)));
    let beyond = format!("{} beyond {stretching}", grouped(counts.stretching));
    of("stretching", |m| m.stretching, &STRETCHING, false, beyond);
    worst(report, counts.bad);
}

/// What the mesh is, as a whole.
fn overview(report: &Report) {
    let Report { mesh, quality, .. } = report;
    line!("mesh       {}: {}", report.path.display(), files::summary(mesh));
    if let Some((_, why)) = &report.refusal {
        line!("           cannot be imported, so neighbours and boundaries are left out: {why}");
    }
    let straight: usize = mesh.blocks.iter().filter(|b| b.order == 1).map(|b| b.len()).sum();
    line!(
        "elements   {} straight ({} of them affine), {} curved",
        grouped(straight as u64),
        grouped(quality.affine),
        grouped((mesh.len() - straight) as u64)
    );
    line!("box        {} to {}", place(&quality.low, mesh.dims), place(&quality.high, mesh.dims));
    let (volume, area) = SIZES[mesh.dims.min(3)];
    line!("{volume:<10} {}", precise(quality.volume));
    let width = quality.boundaries.iter().map(|b| b.name.chars().count()).max().unwrap_or(0);
    for BoundaryArea { name, faces, area: size } in &quality.boundaries {
        line!("boundary   {name:<width$}  {} faces, {area} {}", grouped(*faces), precise(*size));
    }
    if !quality.boundaries.is_empty() {
        line!("closed     {}", closure(report));
    }
}

/// Whether the boundaries enclose the volume.
fn closure(report: &Report) -> String {
    let part = report.quality.open_part();
    let sum = format!("the outward normals of the boundaries add up to {} of their size", figure(part));
    if part < 1e-9 {
        format!("yes: {sum}")
    } else {
        format!("NO: {sum}; a face is missing, or covered twice")
    }
}

/// A histogram; places without elements before the first and after the last are left out.
fn bars(counts: &[u64], edges: &[f64], below: &str) {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let (first, last) = (counts.iter().position(|n| *n > 0), counts.iter().rposition(|n| *n > 0));
    let (Some(first), Some(last)) = (first, last) else { return };
    for (i, count) in counts.iter().enumerate().take(last + 1).skip(first) {
        let edge = |i: usize| if edges[i] < 1e-300 { "0".into() } else { figure(edges[i]) };
        let range = match i {
            0 if below.is_empty() => format!("below {}", edge(0)),
            0 => below.into(),
            i if i == edges.len() => format!("{} and more", edge(i - 1)),
            i => format!("{} to {}", edge(i - 1), edge(i)),
        };
        let bar = "#".repeat((count * BAR as u64).div_ceil(most) as usize);
        line!("{}", format!("  {range:<12} {:>13}  {bar}", grouped(*count)).trim_end());
    }
}

fn worst(report: &Report, bad: u64) {
    let elements = report.mesh.len() as u64;
    line!("\n{} of {} elements are beyond a threshold", grouped(bad), grouped(elements));
    if report.worst.is_empty() {
        return;
    }
    let header = if report.refusal.is_some() { "number in file" } else { "element" };
    let rows = report.worst.iter().map(|&id| {
        let (b, _) = report.mesh.locate(id);
        let block = &report.mesh.blocks[b];
        let m = &report.quality.measures[id];
        let faults: Vec<_> = report.thresholds.faults(m).iter().map(|f| f.text()).collect();
        let order = if block.order > 1 { format!(" order {}", block.order) } else { String::new() };
        [
            report.refusal.as_ref().map_or(id as u64, |(numbers, _)| numbers.get(id)).to_string(),
            format!("{}{order}", block.shape.name()),
            place(&report.mesh.centroid(id), report.mesh.dims),
            figure(m.jacobian),
            figure(m.aspect),
            figure(m.stretching),
            faults.join(", "),
        ]
    });
    let titles = [header, "shape", "centre", "Jacobian", "aspect", "stretching", ""].map(String::from);
    let rows: Vec<[String; 7]> = std::iter::once(titles).chain(rows).collect();
    let width = |c: usize| rows.iter().map(|r| r[c].len()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    for row in &rows {
        // Numbers to the right, words to the left.
        let cell = |(c, text): (usize, &String)| match c {
            1 | 2 | 6 => format!("{text:<0$}", widths[c]),
            _ => format!("{text:>0$}", widths[c]),
        };
        let line: Vec<String> = row.iter().enumerate().map(cell).collect();
        line!("  {}", line.join("  ").trim_end());
    }
}

/// Coordinates of a point.
fn place(x: &[f64; 3], dims: usize) -> String {
    let all: Vec<String> = x[..dims].iter().map(|x| figure(*x)).collect();
    format!("({})", all.join(", "))
}
