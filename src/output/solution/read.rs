//! Reading a solution file, which may be damaged or somebody else's: everything is checked before it is believed, and
//! no allocation is larger than the file can justify.

use super::{
    AVERAGES, FORMAT, Gradients, MAX_ORDER, MAX_STATES, STATE_DEPTH, SolutionBlock, SolutionHeader, Text,
    VERSION, rows::repeated_id,
};
use crate::element::Shape;
use crate::files::chunks;
use crate::output::{OutputError, Precision};
use hdf5::filters::Filter;
use hdf5::types::{IntSize, TypeDescriptor};
use hdf5::{Container, Dataset, Group, H5Type, Location};
use std::collections::BTreeMap;
use std::path::Path;

/// Deflate's largest gain; a file cannot hold more data than this many times its size.
const BEST_COMPRESSION: u64 = 1032;

/// Item (dataset or attribute) and what is wrong with it.
pub(super) type Problem = (String, String);

/// Reads a solution and checks it completely.
///
/// # Errors
/// [`OutputError::Read`] when the file cannot be opened as HDF5, [`OutputError::Averages`] when it holds averages, [`OutputError::Malformed`] with the dataset or attribute
/// when the content is damaged or contradicts itself.
pub fn read(path: &Path) -> Result<(SolutionHeader, Vec<SolutionBlock>), OutputError> {
    let (file, bytes) = open(path)?;
    whole(path, &file, bytes)
}

/// Reads averages over time like a solution: their names stand for the variables'.
///
/// # Errors
/// As [`read`]; also [`OutputError::Malformed`] for a solution.
pub fn read_averages(path: &Path) -> Result<(SolutionHeader, Vec<SolutionBlock>), OutputError> {
    let (file, bytes) = open_any(path)?;
    let place = |(item, problem)| OutputError::Malformed { path: path.to_owned(), item, problem };
    let format = text_attribute(&file, "format").map_err(place)?;
    if format != AVERAGES {
        let problem = format!("{format:?} is not {AVERAGES:?}");
        return Err(place(("format".into(), problem)));
    }
    whole(path, &file, bytes)
}

fn whole(
    path: &Path,
    file: &hdf5::File,
    bytes: u64,
) -> Result<(SolutionHeader, Vec<SolutionBlock>), OutputError> {
    let place = |(item, problem)| OutputError::Malformed { path: path.to_owned(), item, problem };
    let header = read_header(file, bytes).map_err(place)?;
    let blocks = read_blocks(file, bytes, &header).map_err(place)?;
    Ok((header, blocks))
}

/// Opens a file that must not hold averages; also its size in bytes.
pub(super) fn open(path: &Path) -> Result<(hdf5::File, u64), OutputError> {
    let (file, bytes) = open_any(path)?;
    match text_attribute(&file, "format") {
        Ok(format) if format == AVERAGES => Err(OutputError::Averages { path: path.to_owned() }),
        _ => Ok((file, bytes)),
    }
}

/// Opens the file; also its size in bytes.
pub(super) fn open_any(path: &Path) -> Result<(hdf5::File, u64), OutputError> {
    let failed = |cause| OutputError::Read { path: path.to_owned(), cause };
    // HDF5's own message about a missing file is long and hides the reason.
    let bytes = std::fs::metadata(path).map_err(|e| failed(e.into()))?.len();
    let file = hdf5::File::open(path).map_err(|e| failed(e.into()))?;
    Ok((file, bytes))
}

pub(super) fn read_header(file: &hdf5::File, bytes: u64) -> Result<SolutionHeader, Problem> {
    let format = text_attribute(file, "format")?;
    if format != FORMAT && format != AVERAGES {
        return fail("format", format!("{format:?} is not {FORMAT:?}"));
    }
    let version = integer(file, "version")?;
    if version != u64::from(VERSION) {
        return fail(
            "version",
            format!("{version}, this program reads {VERSION}: use the program that wrote it"),
        );
    }
    let precision = match text_attribute(file, "precision")?.as_str() {
        "single" => Precision::Single,
        "double" => Precision::Double,
        other => return fail("precision", format!("{other:?} is neither single nor double")),
    };
    let dims = integer(file, "dims")? as usize;
    if !(1..=3).contains(&dims) {
        return fail("dims", format!("{dims} space dimensions"));
    }
    let attribute = file.attr("variables").map_err(at("variables"))?;
    let variables: Vec<Text> = values(&attribute, "variables", bytes)?;
    let variables = variables.iter().map(|v| utf8(v, "variables")).collect::<Result<Vec<_>, _>>()?;
    if variables.is_empty() {
        return fail("variables", "none".into());
    }
    let mut state = BTreeMap::new();
    read_tree(&file.group("state").map_err(at("state"))?, "state", "", &mut state, &|dataset, item| {
        numbers(dataset, item, bytes)
    })?;
    let mut kept = BTreeMap::new();
    if file.link_exists("kept") {
        let names = |dataset: &Dataset, item: &str| {
            let names: Vec<Text> = numbers(dataset, item, bytes)?;
            names.iter().map(|name| utf8(name, item)).collect()
        };
        read_tree(&file.group("kept").map_err(at("kept"))?, "kept", "", &mut kept, &names)?;
    }
    Ok(SolutionHeader {
        mesh_uuid: text_attribute(file, "mesh-uuid")?,
        config: long_text(file, "config", bytes)?,
        config_source: long_text(file, "config-source", bytes)?,
        t: real(file, "t")?,
        dt: real(file, "dt")?,
        step: integer(file, "step")?,
        system: text_attribute(file, "system")?,
        order: order(file, "order")?,
        dims,
        precision,
        variables,
        state,
        kept,
    })
}

/// What `read` makes of the datasets of a group called `what` and of the groups in it; `prefix` stands before their names.
fn read_tree<T>(
    group: &Group,
    what: &str,
    prefix: &str,
    tree: &mut BTreeMap<String, T>,
    read: &dyn Fn(&Dataset, &str) -> Result<T, Problem>,
) -> Result<(), Problem> {
    for word in group.member_names().map_err(at(what))? {
        let name = format!("{prefix}{word}");
        let item = format!("{what}/{name}");
        if tree.len() > MAX_STATES {
            return fail(&item, format!("more than {MAX_STATES} of them"));
        }
        match group.dataset(&word) {
            Ok(dataset) => drop(tree.insert(name, read(&dataset, &item)?)),
            Err(error) => {
                let deep = name.split('/').count() >= STATE_DEPTH;
                let inner = group.group(&word).ok().filter(|_| !deep).ok_or(error).map_err(at(&item))?;
                read_tree(&inner, what, &format!("{name}/"), tree, read)?;
            }
        }
    }
    Ok(())
}

fn read_blocks(file: &Group, bytes: u64, header: &SolutionHeader) -> Result<Vec<SolutionBlock>, Problem> {
    let mut blocks = Vec::new();
    each_block(file, |group| {
        let block = read_block(group, bytes, header)?;
        block.rows().check(header).map_err(|(item, problem)| (item.into(), problem))?;
        blocks.push(block);
        Ok(())
    })?;
    match repeated_id(blocks.iter().map(|b| &b.ids[..])) {
        Some(id) => fail("solution", format!("element {id} occurs twice")),
        None => Ok(blocks),
    }
}

/// Calls `take` with the group of each block in order.
pub(super) fn each_block(
    file: &Group,
    mut take: impl FnMut(&Group) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let solution = file.group("solution").map_err(at("solution"))?;
    let mut names = solution.member_names().map_err(at("solution"))?;
    names.sort(); // their order differs between versions of HDF5
    for name in names {
        let place = format!("solution/{name}");
        let group = solution.group(&name).map_err(at(&place))?;
        take(&group).map_err(|(item, problem)| (format!("{place}/{item}"), problem))?;
    }
    Ok(())
}

/// A block whose attributes are read, and whose datasets have the sizes and types they should have.
pub(super) struct OpenBlock {
    pub shape: Shape,
    pub order: usize,
    pub points_name: String,
    pub ids: Dataset,
    /// `[element][variable][point]`.
    pub values: Dataset,
    pub points: Dataset,
    /// `[element][field][point]`, in the order of [`SolutionHeader::kept`].
    pub kept: Vec<Dataset>,
    /// Names of the variables, and `[element][variable][direction][point]`.
    pub gradients: Option<(Vec<String>, Dataset)>,
}

pub(super) fn open_block(group: &Group, bytes: u64, header: &SolutionHeader) -> Result<OpenBlock, Problem> {
    let shape = text_attribute(group, "shape")?;
    let Some(shape) = Shape::from_name(&shape) else {
        return fail("shape", format!("{shape:?} is no element shape"));
    };
    if shape.dims() != header.dims {
        return fail("shape", format!("{} in {} dimensions", shape.name(), header.dims));
    }
    let order = order(group, "order")?;
    let points = shape.points(order);
    let dataset = |name: &str, expected: &dyn Fn(&[usize]) -> bool, layout: &str| {
        let dataset = group.dataset(name).map_err(at(name))?;
        let found = dataset.space().map_err(at(name))?.shape();
        if expected(&found) { Ok(dataset) } else { fail(name, format!("shape {found:?}, expected {layout}")) }
    };
    let ids = dataset("ids", &|s| s.len() == 1, "[elements]")?;
    check_size::<u32>(&ids, "ids", possible(&ids, bytes))?;
    let (n, variables) = (ids.size(), header.variables.len());
    let values =
        dataset("values", &|s| s == [n, variables, points], &format!("[{n}, {variables}, {points}]"))?;
    check_reals(&values, "values", header.precision, bytes)?;
    let mut kept = vec![];
    for (name, fields) in &header.kept {
        let (item, size) = (format!("kept/{name}"), [n, fields.len(), points]);
        let fields = dataset(&item, &|s| s == size, &format!("{size:?}"))?;
        check_size::<f64>(&fields, &item, possible(&fields, bytes))?;
        kept.push(fields);
    }
    let dims = header.dims;
    let mut gradients = None;
    if group.link_exists("gradients") {
        let any = dataset("gradients", &|s| s.len() == 4, "[elements, variables, directions, points]")?;
        let names = any.attr("variables").map_err(at("gradients"))?;
        let names: Vec<Text> = self::values(&names, "gradients", bytes)?;
        let names = names.iter().map(|n| utf8(n, "gradients")).collect::<Result<Vec<_>, _>>()?;
        let size = [n, names.len(), dims, points];
        let data = dataset("gradients", &|s| s == size, &format!("{size:?}"))?;
        check_reals(&data, "gradients", header.precision, bytes)?;
        gradients = Some((names, data));
    }
    let points = dataset("points", &|s| s == [points, dims], &format!("[{points}, {dims}]"))?;
    Ok(OpenBlock {
        shape,
        order,
        points_name: text_attribute(group, "point-set")?,
        ids,
        values,
        points,
        kept,
        gradients,
    })
}

/// Refuses other types than that of the file's precision, and more numbers than the file can hold.
fn check_reals(data: &Dataset, item: &str, precision: Precision, bytes: u64) -> Result<(), Problem> {
    match precision {
        Precision::Double => check_size::<f64>(data, item, possible(data, bytes)),
        Precision::Single => check_size::<f32>(data, item, possible(data, bytes)),
    }
}

/// All numbers of a dataset in the precision of the file.
fn reals(data: &Dataset, item: &str, precision: Precision, bytes: u64) -> Result<Vec<f64>, Problem> {
    match precision {
        Precision::Double => numbers(data, item, bytes),
        Precision::Single => Ok(numbers(data, item, bytes)?.into_iter().map(|x: f32| x.into()).collect()),
    }
}

fn read_block(group: &Group, bytes: u64, header: &SolutionHeader) -> Result<SolutionBlock, Problem> {
    let OpenBlock { shape, order, points_name, ids, values, points, kept, gradients } =
        open_block(group, bytes, header)?;
    let fields = header.kept.keys().zip(&kept);
    let kept = fields.map(|(name, data)| Ok((name.clone(), numbers(data, name, bytes)?)));
    let kept = kept.collect::<Result<_, Problem>>()?;
    let values = reals(&values, "values", header.precision, bytes)?;
    let gradients = match gradients {
        None => None,
        Some((names, data)) => {
            let values = reals(&data, "gradients", header.precision, bytes)?;
            Some(Gradients { names, values })
        }
    };
    Ok(SolutionBlock {
        shape,
        order,
        ids: numbers(&ids, "ids", bytes)?,
        values,
        reference_points: numbers(&points, "points", bytes)?,
        points_name,
        kept,
        gradients,
    })
}

/// All values of a dataset of a file of so many `bytes`.
pub(super) fn numbers<T: H5Type>(dataset: &Dataset, item: &str, bytes: u64) -> Result<Vec<T>, Problem> {
    check_size::<T>(dataset, item, possible(dataset, bytes))?;
    chunks::check_all(dataset).map_err(at(item))?;
    dataset.read_raw().map_err(at(item))
}

/// The most bytes of numbers that a dataset of a file of so many `bytes` can hold.
pub fn possible(dataset: &Dataset, bytes: u64) -> u64 {
    let filters = chunks::filters(dataset);
    let compressed = filters.is_ok_and(|all| all.iter().any(|f| matches!(f, Filter::Deflate(_))));
    let gain = if compressed { BEST_COMPRESSION } else { 1 };
    dataset.storage_size().min(bytes).saturating_mul(gain)
}

/// All values of a dataset or attribute, which must have exactly the type `T` and be no more than `possible` bytes.
fn values<T: H5Type>(container: &Container, item: &str, possible: u64) -> Result<Vec<T>, Problem> {
    check_size::<T>(container, item, possible)?;
    container.read_raw().map_err(at(item))
}

/// Refuses other types than `T`, and more of them than `possible` bytes can hold.
fn check_size<T: H5Type>(container: &Container, item: &str, possible: u64) -> Result<(), Problem> {
    check_type::<T>(container, item)?;
    let shape = container.space().map_err(at(item))?.shape();
    let size = shape.iter().try_fold(size_of::<T>() as u64, |n, &d| n.checked_mul(d as u64));
    match size {
        Some(size) if size <= possible => Ok(()),
        _ => fail(item, format!("shape {shape:?} is more than the file holds")),
    }
}

fn check_type<T: H5Type>(container: &Container, item: &str) -> Result<(), Problem> {
    let stored = container.dtype().and_then(|t| t.to_descriptor()).map_err(at(item))?;
    let wanted = T::type_descriptor();
    if stored == wanted { Ok(()) } else { fail(item, format!("type {stored}, expected {wanted}")) }
}

fn scalar<T: H5Type>(place: &Location, name: &str) -> Result<T, Problem> {
    let attribute = place.attr(name).map_err(at(name))?;
    check_type::<T>(&attribute, name)?;
    attribute.read_scalar().map_err(at(name))
}

fn text_attribute(place: &Location, name: &str) -> Result<String, Problem> {
    utf8(&scalar::<Text>(place, name)?, name)
}

/// The bytes as text; the type's own view of them would trust the file to hold UTF-8.
fn utf8(text: &Text, item: &str) -> Result<String, Problem> {
    // `as_bytes` trims the padding without looking at the text.
    String::from_utf8(text.as_bytes().to_vec()).map_err(|e| (item.to_string(), e.to_string()))
}

fn long_text(file: &Group, name: &str, bytes: u64) -> Result<String, Problem> {
    let dataset = file.dataset(name).map_err(at(name))?;
    let pieces: Vec<Text> = numbers(&dataset, name, bytes)?;
    pieces.iter().map(|piece| utf8(piece, name)).collect()
}

fn integer(place: &Location, name: &str) -> Result<u64, Problem> {
    let attribute = place.attr(name).map_err(at(name))?;
    match attribute.dtype().and_then(|t| t.to_descriptor()).map_err(at(name))? {
        TypeDescriptor::Unsigned(IntSize::U4) => scalar::<u32>(place, name).map(u64::from),
        _ => scalar::<u64>(place, name),
    }
}

fn order(place: &Location, name: &str) -> Result<usize, Problem> {
    match integer(place, name)? as usize {
        order if order <= MAX_ORDER => Ok(order),
        order => fail(name, format!("{order} is beyond {MAX_ORDER}")),
    }
}

fn real(place: &Location, name: &str) -> Result<f64, Problem> {
    let value: f64 = scalar(place, name)?;
    if value.is_finite() { Ok(value) } else { fail(name, format!("{value} is not a time")) }
}

pub(super) fn fail<T>(item: &str, problem: String) -> Result<T, Problem> {
    Err((item.into(), problem))
}

pub(super) fn at(item: &str) -> impl Fn(hdf5::Error) -> Problem + use<'_> {
    move |e| (item.into(), e.to_string())
}
