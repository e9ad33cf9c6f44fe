//! Writing a solution file.

use super::rows::{BlockRows, GradientRows, Rows, repeated_id};
use super::{AVERAGES, FORMAT, STATE_DEPTH, SolutionBlock, SolutionHeader, TEXT, Text, VERSION, chunk};
use crate::output::atomic::write_atomically;
use crate::output::{Cause, OutputError, Precision};
use hdf5::{Dataset, Group, H5Type, Location};
use std::path::Path;

/// Bytes a chunk, at most (but for the row of a large element): fits HDF5's default chunk cache of 1 MiB.
const CHUNK: usize = 1 << 19;

/// Writes a solution as seen by one rank that has all elements, whole or not at all.
///
/// Values are stored in the header's precision; in double precision [`super::read`] returns them bit for bit.
///
/// # Errors
/// [`OutputError::Inconsistent`] when sizes contradict each other or a text cannot be stored, [`OutputError::Write`]
/// when writing fails.
pub fn write(path: &Path, header: &SolutionHeader, blocks: &[SolutionBlock]) -> Result<(), OutputError> {
    let rows: Vec<BlockRows> = blocks.iter().map(SolutionBlock::rows).collect();
    write_rows(path, header, &rows)
}

/// The same, of blocks whose numbers lie where they are.
///
/// # Errors
/// As [`write()`].
pub fn write_rows(path: &Path, header: &SolutionHeader, blocks: &[BlockRows]) -> Result<(), OutputError> {
    write_as(FORMAT, path, header, blocks)
}

/// Writes averages in the layout of a solution, with their names in place of the conserved variables', under a format of
/// their own: no run can start from them.
///
/// # Errors
/// As [`write()`].
pub fn write_averages(path: &Path, header: &SolutionHeader, blocks: &[BlockRows]) -> Result<(), OutputError> {
    write_as(AVERAGES, path, header, blocks)
}

fn write_as(
    format: &str,
    path: &Path,
    header: &SolutionHeader,
    blocks: &[BlockRows],
) -> Result<(), OutputError> {
    check(header, blocks).map_err(|problem| OutputError::Inconsistent { path: path.to_owned(), problem })?;
    write_atomically(path, |temporary| {
        // This version of the file format has checksums on all metadata.
        let file = hdf5::File::with_options().with_fapl(|p| p.libver_v110()).create(temporary)?;
        write_header(&file, format, header)?;
        let solution = file.create_group("solution")?;
        for (n, block) in blocks.iter().enumerate() {
            let name = format!("{n:02}-{}-p{}", block.shape.name(), block.order);
            write_block(&solution.create_group(&name)?, header, block)?;
        }
        drop(solution);
        // Dropping the file would hide a failure to write the rest.
        file.flush()?;
        Ok(file.close()?)
    })
}

fn write_header(file: &hdf5::File, format: &str, header: &SolutionHeader) -> Result<(), Cause> {
    let precision = match header.precision {
        Precision::Single => "single",
        Precision::Double => "double",
    };
    let creator = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("format", format),
        ("creator", creator),
        ("mesh-uuid", &header.mesh_uuid),
        ("system", &header.system),
        ("precision", precision),
    ] {
        attribute(file, name, &text(value)?)?;
    }
    attribute(file, "version", &VERSION)?;
    attribute(file, "order", &(header.order as u32))?;
    attribute(file, "dims", &(header.dims as u32))?;
    attribute(file, "step", &header.step)?;
    attribute(file, "t", &header.t)?;
    attribute(file, "dt", &header.dt)?;
    let variables = header.variables.iter().map(|v| text(v)).collect::<Result<Vec<_>, _>>()?;
    file.new_attr::<Text>().shape(variables.len()).create("variables")?.write_raw(&variables)?;
    for (name, long) in [("config", &header.config), ("config-source", &header.config_source)] {
        let pieces = pieces(long).map(text).collect::<Result<Vec<_>, _>>()?;
        dataset(file, name, &[pieces.len()], &pieces)?;
    }
    let state = file.create_group("state")?;
    for (name, numbers) in &header.state {
        let (place, name) = inside(&state, name)?;
        dataset(&place, name, &[numbers.len()], numbers)?;
    }
    if !header.kept.is_empty() {
        let kept = file.create_group("kept")?;
        for (name, fields) in &header.kept {
            let fields = fields.iter().map(|f| text(f)).collect::<Result<Vec<_>, _>>()?;
            let (place, name) = inside(&kept, name)?;
            dataset(&place, name, &[fields.len()], &fields)?;
        }
    }
    Ok(())
}

/// The group for a name of words separated by `/`, made if it is not there, and the last word.
fn inside<'n>(group: &Group, name: &'n str) -> Result<(Group, &'n str), Cause> {
    let (groups, name) = name.rsplit_once('/').unwrap_or(("", name));
    let mut place = group.clone();
    for group in groups.split('/').filter(|g| !g.is_empty()) {
        place = if place.link_exists(group) { place.group(group)? } else { place.create_group(group)? };
    }
    Ok((place, name))
}

fn write_block(group: &Group, header: &SolutionHeader, block: &BlockRows) -> Result<(), Cause> {
    attribute(group, "shape", &text(block.shape.name())?)?;
    attribute(group, "order", &(block.order as u32))?;
    attribute(group, "point-set", &text(&block.points_name)?)?;
    dataset(group, "ids", &[block.ids.len()], &block.ids)?;
    dataset(group, "points", &[block.points(), header.dims], &block.reference_points)?;
    if !block.kept.is_empty() {
        let kept = group.create_group("kept")?;
        for ((name, values), fields) in block.kept.iter().zip(header.kept.values()) {
            let (place, name) = inside(&kept, name)?;
            reals(&place, name, &[block.ids.len(), fields.len(), block.points()], values, Precision::Double)?;
        }
    }
    if let Some(GradientRows { names, values }) = &block.gradients {
        let shape = [block.ids.len(), names.len(), header.dims, block.points()];
        reals(group, "gradients", &shape, values, header.precision)?;
        let names = names.iter().map(|name| text(name)).collect::<Result<Vec<_>, _>>()?;
        let attribute = group.dataset("gradients")?.new_attr::<Text>().shape(names.len());
        attribute.create("variables")?.write_raw(&names)?;
    }
    let shape = [block.ids.len(), header.variables.len(), block.points()];
    reals(group, "values", &shape, &block.values, header.precision)
}

/// Numbers in the precision of the file.
fn reals(group: &Group, name: &str, shape: &[usize], rows: &Rows, precision: Precision) -> Result<(), Cause> {
    match precision {
        Precision::Double => {
            let (dataset, per_chunk) = checked::<f64>(group, name, shape)?;
            chunk::write(&dataset, shape, per_chunk, rows, |x| x)
        }
        Precision::Single => {
            let (dataset, per_chunk) = checked::<f32>(group, name, shape)?;
            chunk::write(&dataset, shape, per_chunk, rows, |x| x as f32)
        }
    }
}

fn attribute<T: H5Type>(place: &Location, name: &str, value: &T) -> Result<(), Cause> {
    Ok(place.new_attr::<T>().create(name)?.write_scalar(value)?)
}

fn dataset<T: H5Type>(group: &Group, name: &str, shape: &[usize], data: &[T]) -> Result<(), Cause> {
    Ok(checked::<T>(group, name, shape)?.0.write_raw(data)?)
}

/// A dataset with checksums, and how many rows of its first dimension each chunk has.
fn checked<T: H5Type>(group: &Group, name: &str, shape: &[usize]) -> Result<(Dataset, usize), Cause> {
    let mut builder = group.new_dataset::<T>();
    let row: usize = shape[1..].iter().product::<usize>().max(1);
    let rows = (CHUNK / (row * size_of::<T>())).clamp(1, shape[0].max(1));
    if shape.iter().all(|n| *n > 0) {
        let chunk: Vec<usize> = std::iter::once(rows).chain(shape[1..].iter().copied()).collect();
        builder = builder.chunk(chunk).fletcher32();
    }
    Ok((builder.shape(shape).create(name)?, rows))
}

fn text(value: &str) -> Result<Text, Cause> {
    value.parse().map_err(|_| Cause::Hdf5(format!("{value:?} is longer than {TEXT} bytes").into()))
}

/// Cuts a text into pieces of at most [`TEXT`] bytes, at least one, never inside a character.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = (0..=TEXT.min(all.len())).rev().find(|&i| all.is_char_boundary(i))?;
        let (piece, left) = all.split_at(end);
        rest = Some(left).filter(|left| !left.is_empty());
        Some(piece)
    })
}

fn check(header: &SolutionHeader, blocks: &[BlockRows]) -> Result<(), String> {
    let short = [&header.mesh_uuid, &header.system];
    let short = short.into_iter().chain(&header.variables).chain(blocks.iter().map(|b| &b.points_name));
    let short = short.chain(header.kept.values().flatten());
    let short = short.chain(blocks.iter().filter_map(|b| b.gradients.as_ref()).flat_map(|g| &g.names));
    if let Some(long) = short.clone().find(|s| s.len() > TEXT) {
        return Err(format!("{long:?} is longer than {TEXT} bytes"));
    }
    if short.chain([&header.config, &header.config_source]).any(|s| s.contains('\0')) {
        return Err("a text contains a zero byte: check the case file".into());
    }
    let bad_word = |word: &str| word.is_empty() || word == "." || word.contains('\0');
    let bad_name = |name: &&String| name.split('/').any(bad_word) || name.split('/').count() > STATE_DEPTH;
    if let Some(name) = header.state.keys().chain(header.kept.keys()).find(bad_name) {
        return Err(format!("{name:?} cannot name a state"));
    }
    if header.variables.is_empty() {
        return Err("a solution without variables".into());
    }
    for (n, block) in blocks.iter().enumerate() {
        block.check(header).map_err(|(array, problem)| format!("block {n}, {array}: {problem}"))?;
    }
    match repeated_id(blocks.iter().map(|b| &b.ids[..])) {
        Some(id) => Err(format!("element {id} occurs twice")),
        None => Ok(()),
    }
}
