//! What is in a mesh file, or in one of another program.

use super::{Answer, Lines, size};
use crate::cli::figures::figure;
use crate::cli::progress::Work;
use crate::cli::{files, grouped};
use crate::element::Shape;
use crate::engine::quality::affine;
use crate::mesh::{pyfrm, store};
use anyhow::Result;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What both kinds of files tell.
struct Contents {
    dims: usize,
    nodes: usize,
    /// Shape, geometry order, elements.
    blocks: Vec<(Shape, usize, usize)>,
    affine: u64,
    /// Name and number of faces.
    boundaries: Vec<(String, u64)>,
    low: [f64; 3],
    high: [f64; 3],
}

/// Of a mesh file.
pub fn stored(path: &Path, bytes: u64, order: usize) -> Result<Answer> {
    let file = store::open(path)?;
    let coordinates = file.all_nodes()?;
    let mut straight = 0;
    for (b, (shape, _, _)) in file.blocks().enumerate().filter(|(_, block)| block.1 == 1) {
        file.each_element(b, |elements| straight += affine(shape, elements, &coordinates))?;
    }
    let (low, high) = bounds(&coordinates);
    let contents = Contents {
        dims: file.dims(),
        nodes: file.nodes(),
        blocks: file.blocks().collect(),
        affine: straight,
        boundaries: file.boundaries().iter().cloned().zip(file.boundary_faces()?).collect(),
        low,
        high,
    };
    let mut text = Lines::default();
    text.add("mesh", format!("{}, {}, format {}", path.display(), size(bytes), store::VERSION));
    text.add("uuid", file.uuid());
    let mut value = contents.tell(order, &mut text);
    for (name, parts) in file.partitionings() {
        text.add("partitioning", format!("{name}: {parts} parts"));
    }
    let partitionings =
        file.partitionings().iter().map(|(name, parts)| json!({ "name": name, "parts": parts }));
    let own = json!({
        "file": path.display().to_string(),
        "kind": "mesh",
        "bytes": bytes,
        "format": store::VERSION,
        "uuid": file.uuid(),
        "partitionings": partitionings.collect::<Vec<_>>(),
    });
    join(&mut value, own);
    Ok(Answer { text, json: value, case: String::new() })
}

/// Of a file of another program, as it is: its faces need not fit together.
pub fn foreign(path: &Path, bytes: u64, order: usize) -> Result<Answer> {
    let work = Work::new();
    let (raw, _) = files::read_raw(path, &|what, done, all| work.report(what, done, all))?;
    drop(work);
    let present = || raw.blocks.iter().filter(|b| !b.numbers.is_empty());
    let dims = present().map(|b| b.shape.dims()).max().unwrap_or(0);
    let volume = || present().filter(|b| b.shape.dims() == dims);
    let mut blocks: Vec<(Shape, usize, usize)> = Vec::new();
    for block in volume() {
        match blocks.iter_mut().find(|b| (b.0, b.1) == (block.shape, block.order)) {
            Some(known) => known.2 += block.numbers.len(),
            None => blocks.push((block.shape, block.order, block.numbers.len())),
        }
    }
    blocks.sort();
    let mut counts = vec![0; raw.groups.len()];
    for block in present() {
        for group in &block.groups {
            if let Some(count) = counts.get_mut(*group as usize) {
                *count += 1;
            }
        }
    }
    let of_dims = |wanted: usize| {
        let all = raw.groups.iter().zip(&counts).filter(move |(g, _)| g.dim == wanted);
        all.map(|(g, n)| (g.name.clone(), *n)).collect::<Vec<(String, u64)>>()
    };
    let straight = volume().filter(|b| b.order == 1).map(|b| affine(b.shape, &b.nodes, &raw.nodes)).sum();
    let used: Vec<[f64; 3]> = volume()
        .flat_map(|b| &b.nodes)
        .filter_map(|&n| raw.nodes.get(n as usize))
        .map(|x| std::array::from_fn(|d| if d < dims { x[d] } else { 0.0 }))
        .collect();
    let (low, high) = bounds(&used);
    let contents = Contents {
        dims,
        nodes: raw.nodes.len(),
        blocks,
        affine: straight,
        boundaries: if dims > 0 { of_dims(dims - 1) } else { vec![] },
        low,
        high,
    };
    let mut text = Lines::default();
    let of_gmsh = !pyfrm::is_pyfrm(path);
    let (version, encoding) = if of_gmsh { msh_format(path) } else { ("PyFR".into(), "HDF5") };
    let (kind, msh) = if of_gmsh { ("Gmsh file", "MSH ") } else { ("PyFR file", "") };
    text.add(kind, format!("{}, {}, {msh}{version}, {encoding}", path.display(), size(bytes)));
    let mut value = contents.tell(order, &mut text);
    let groups = of_dims(dims);
    for (name, elements) in &groups {
        text.add("volume group", format!("{name}: {} elements", grouped(*elements)));
    }
    let own = json!({
        "file": path.display().to_string(),
        "kind": if of_gmsh { "gmsh" } else { "pyfrm" },
        "bytes": bytes,
        "format": version,
        "encoding": encoding,
        "groups": groups.iter().map(|(name, n)| json!({ "name": name, "elements": n })).collect::<Vec<_>>(),
    });
    join(&mut value, own);
    Ok(Answer { text, json: value, case: String::new() })
}

/// Version and encoding of a Gmsh file that could be read.
fn msh_format(path: &Path) -> (String, &'static str) {
    let mut line = Vec::new();
    let second = std::fs::File::open(path).map(BufReader::new).and_then(|mut file| {
        for _ in 0..2 {
            line.clear();
            file.read_until(b'\n', &mut line)?;
        }
        Ok(())
    });
    let line = String::from_utf8_lossy(&line).into_owned();
    let mut words = line.split_whitespace();
    let version = words.next().filter(|_| second.is_ok()).unwrap_or("of unknown version").to_string();
    (version, if words.next() == Some("1") { "binary" } else { "text" })
}

/// Corners of the box that holds some points; the origin twice for none.
fn bounds(points: &[[f64; 3]]) -> ([f64; 3], [f64; 3]) {
    let Some(first) = points.first() else { return ([0.0; 3], [0.0; 3]) };
    points.iter().fold((*first, *first), |(low, high), x| {
        (std::array::from_fn(|d| low[d].min(x[d])), std::array::from_fn(|d| high[d].max(x[d])))
    })
}

/// Puts the entries of `more` into the object `value`.
fn join(value: &mut serde_json::Value, more: serde_json::Value) {
    if let (Some(all), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
        all.extend(more);
    }
}

impl Contents {
    /// Adds the lines, and gives the same as JSON.
    fn tell(&self, order: usize, text: &mut Lines) -> serde_json::Value {
        let of = |wanted: fn(usize) -> bool| -> usize {
            self.blocks.iter().filter(|b| wanted(b.1)).map(|b| b.2).sum()
        };
        let (straight, curved) = (of(|order| order == 1), of(|order| order > 1));
        text.add("dimensions", self.dims);
        text.add("nodes", grouped(self.nodes as u64));
        for (shape, order, elements) in &self.blocks {
            let curved = if *order > 1 { format!(", geometry of order {order}") } else { String::new() };
            text.add("elements", format!("{} {}{curved}", grouped(*elements as u64), shape.name()));
        }
        text.add(
            "elements",
            format!(
                "{} straight ({} of them affine), {} curved",
                grouped(straight as u64),
                grouped(self.affine),
                grouped(curved as u64)
            ),
        );
        for (name, faces) in &self.boundaries {
            text.add("boundary", format!("{name}: {} faces", grouped(*faces)));
        }
        let corner = |x: &[f64; 3]| {
            let all: Vec<String> = x[..self.dims].iter().map(|x| figure(*x)).collect();
            format!("({})", all.join(", "))
        };
        text.add("box", format!("{} to {}", corner(&self.low), corner(&self.high)));
        let points: u64 = self.blocks.iter().map(|b| (b.2 * b.0.points(order)) as u64).sum();
        let flow = self.dims as u64 + 2;
        text.add(
            "unknowns",
            format!(
                "{} at order {order} with {flow} variables (a flow), {} with one",
                grouped(points * flow),
                grouped(points)
            ),
        );
        let blocks = self.blocks.iter().map(
            |(shape, order, n)| json!({ "shape": shape.name(), "geometry-order": order, "elements": n }),
        );
        let boundaries = self.boundaries.iter().map(|(name, n)| json!({ "name": name, "faces": n }));
        json!({
            "dimensions": self.dims,
            "nodes": self.nodes,
            "elements": straight + curved,
            "blocks": blocks.collect::<Vec<_>>(),
            "straight": straight,
            "affine": self.affine,
            "curved": curved,
            "boundaries": boundaries.collect::<Vec<_>>(),
            "box": [self.low[..self.dims], self.high[..self.dims]],
            "order": order,
            "points": points,
        })
    }
}
