//! The operators of a reference element as shader text and device arrays.

use super::emit::literal;
use super::kernels::fill;
use crate::backend::{BackendError, Precision};
use crate::element::{LineOperators, Operators};
use std::fmt::Write;

/// `face_of` and `face_start`: from a flux point to its face and back.
pub(super) fn face_functions(offsets: &[usize]) -> String {
    let steps: Vec<_> = offsets[1..offsets.len() - 1].iter().map(|o| format!(" + u32(j >= {o}u)")).collect();
    let starts: Vec<_> = offsets[1..offsets.len() - 1]
        .iter()
        .zip(offsets)
        .enumerate()
        .map(|(i, (o, before))| format!(" + select(0u, {}u, face > {i}u)", o - before))
        .collect();
    let uniform = offsets.windows(2).all(|w| w[1] - w[0] == offsets[1]);
    if uniform {
        let n = offsets[1];
        return format!(
            "fn face_of(j: u32) -> u32 {{ return j / {n}u; }}\nfn face_start(face: u32) -> u32 {{ return face * {n}u; }}\n"
        );
    }
    format!(
        "fn face_of(j: u32) -> u32 {{ return 0u{}; }}\nfn face_start(face: u32) -> u32 {{ return 0u{}; }}\n",
        steps.concat(),
        starts.concat()
    )
}

/// Sum of literal coefficients times named values.
fn combination(
    terms: impl Iterator<Item = (f64, String)>,
    precision: Precision,
) -> Result<String, BackendError> {
    let terms: Result<Vec<_>, BackendError> =
        terms.map(|(c, x)| Ok(format!("{} * {x}", literal(c, precision, "operators")?))).collect();
    Ok(terms?.join(" + "))
}

/// `if x == 0 { values[0] } else if ...` as nested selects.
fn choose(x: &str, values: &[String]) -> String {
    let mut text = values.last().cloned().unwrap_or_default();
    for (i, value) in values.iter().enumerate().rev().skip(1) {
        text = format!("select({text}, {value}, {x} == {i}u)");
    }
    text
}

/// Functions of tensor shapes, with literal coefficients.
pub(super) fn tensor(
    ops: &Operators,
    line: &LineOperators,
    dims: usize,
    precision: Precision,
) -> Result<String, BackendError> {
    let n = line.points.len();
    // Axis and side of each face, from its reference normal.
    let faces: Vec<(usize, bool)> = ops.face_offsets[..ops.face_offsets.len() - 1]
        .iter()
        .map(|&o| {
            let normal = ops.normals.row(o);
            let axis = (0..dims).find(|&d| normal[d].abs() > 0.5).unwrap_or(0);
            (axis, normal[axis] < 0.0)
        })
        .collect();
    let start = |d: usize, low: bool| {
        let face = faces.iter().position(|&f| f == (d, low)).unwrap_or(0);
        format!("{}u", ops.face_offsets[face])
    };
    let per_axis = |f: &dyn Fn(usize) -> String| -> Vec<String> { (0..dims).map(f).collect() };
    let per_face = |f: &dyn Fn(&(usize, bool)) -> String| -> Vec<String> { faces.iter().map(f).collect() };
    let (mut apply, mut lift) = (String::new(), String::new());
    for k in 0..n {
        let _ = writeln!(apply, "        let a{k} = tile[at + {k}u * stride];");
    }
    for i in 0..n {
        let inner = (0..n).map(|k| (line.divergence[[i, k]], format!("a{k}")));
        let ends = || [(line.lift[[i, 0]], "low".to_string()), (line.lift[[i, 1]], "high".to_string())];
        let (whole, ends) =
            (combination(inner.chain(ends()), precision)?, combination(ends().into_iter(), precision)?);
        let _ = writeln!(apply, "        tile[at + {i}u * stride] = {whole};");
        let _ = writeln!(lift, "        tile[at + {i}u * stride] = {ends};");
    }
    let end = |side: usize| {
        combination((0..n).map(|k| (line.ends[[side, k]], format!("tile[start + {k}u * stride]"))), precision)
    };
    let mut text = format!("const N: u32 = {n}u;\nconst LINES: u32 = {}u;\n", ops.points.nrows() / n);
    text.push_str(&fill(
        include_str!("../../../shaders/tensor.wgsl"),
        &[
            ("STRIDE", &choose("d", &per_axis(&|d| format!("{}u", n.pow(d as u32))))),
            ("LOW", &choose("d", &per_axis(&|d| start(d, true)))),
            ("HIGH", &choose("d", &per_axis(&|d| start(d, false)))),
            ("IS_LOW", &format!("({})", choose("face", &per_face(&|f| f.1.to_string())))),
            ("DIRECTION", &choose("face", &per_face(&|f| format!("{}u", f.0)))),
            ("LINE", &apply),
            ("LIFT", &lift),
            ("END_LOW", &end(0)?),
            ("END_HIGH", &end(1)?),
        ],
    ));
    Ok(text)
}

/// Functions of all other shapes, and where their matrices lie.
pub(super) fn dense(ops: &Operators, dims: usize) -> String {
    let (p, f) = (ops.points.nrows(), ops.flux_points.nrows());
    let mut text = String::new();
    let mut at = 0;
    for (name, len) in [
        ("DIVERGENCE_AT", dims * p * p),
        ("LIFT_AT", f * p),
        ("INTERPOLATE_AT", p * f),
        ("GRADIENT_AT", dims * p * p),
        ("GRADIENT_LIFT_AT", dims * f * p),
    ] {
        let _ = writeln!(text, "const {name}: u32 = {at}u;");
        at += len;
    }
    text.push_str(include_str!("../../../shaders/dense.wgsl"));
    text
}

/// The matrices `dense.wgsl` reads, in the order of its constants, each `[column][row]`.
pub(super) fn dense_operators(ops: &Operators) -> Vec<f64> {
    let mut values = vec![];
    ops.divergence.iter().for_each(|m| values.extend(m.t().iter()));
    values.extend(ops.lift.t().iter());
    values.extend(ops.interpolate.t().iter());
    ops.gradient.iter().for_each(|m| values.extend(m.t().iter()));
    for d in 0..ops.gradient.len() {
        for j in 0..ops.flux_points.nrows() {
            values.extend(ops.lift.column(j).iter().map(|l| l * ops.normals[[j, d]]));
        }
    }
    values
}
