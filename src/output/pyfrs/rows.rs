//! Values of elements, and the types they may have in the file.

use super::{Fields, Precision, Problem, PyfrsBlock};
use crate::files::chunks;
use crate::mesh::pyfr::is_sound;
use crate::output::solution::possible;
use hdf5::datatype::Datatype;
use hdf5::types::{CompoundField, CompoundType, FloatSize, TypeDescriptor};
use hdf5::{Dataset, Dataspace};

/// Precision of a floating point type.
pub fn precision(ty: &TypeDescriptor) -> Option<Precision> {
    match ty {
        TypeDescriptor::Float(FloatSize::U8) => Some(Precision::Double),
        TypeDescriptor::Float(FloatSize::U4) => Some(Precision::Single),
        _ => None,
    }
}

/// Precision and names of the fields `soln` of an element of version 2, each of `points` numbers.
pub fn compound(stored: &TypeDescriptor, points: usize) -> Result<(Precision, Vec<String>), Problem> {
    let not = || {
        Problem::What(format!(
            "its rows have no field \"soln\" of arrays of {points} numbers, all float64 or float32"
        ))
    };
    let TypeDescriptor::Compound(row) = stored else { return Err(not()) };
    // HDF5 relies on it when it converts.
    if !is_sound(row) {
        return Err(Problem::what("its rows hold something else than numbers, or their fields overlap"));
    }
    let Some(TypeDescriptor::Compound(soln)) = row.fields.iter().find(|f| f.name == "soln").map(|f| &f.ty)
    else {
        return Err(not());
    };
    let of_field = |field: &CompoundField| match &field.ty {
        TypeDescriptor::FixedArray(of, n) if *n == points => precision(of),
        _ => None,
    };
    let kinds: Option<Vec<_>> = soln.fields.iter().map(of_field).collect();
    let kinds = kinds.filter(|kinds| kinds.windows(2).all(|pair| pair[0] == pair[1])).ok_or_else(not)?;
    let first = *kinds.first().ok_or_else(not)?;
    Ok((first, soln.fields.iter().map(|f| f.name.clone()).collect()))
}

/// Refuses a dataset that claims to hold more than a file of `len` bytes can.
pub fn check_size(dataset: &Dataset, stored: &TypeDescriptor, len: u64) -> Result<(), Problem> {
    let extent = dataset.shape();
    let total = extent.iter().try_fold(stored.size() as u64, |n, &d| n.checked_mul(d as u64));
    // What is converted may be twice as large in memory.
    match total.filter(|total| *total <= possible(dataset, len) && *total < u64::MAX / 4) {
        Some(_) if extent[0] <= u32::MAX as usize => Ok(()),
        _ => Err(Problem::What(format!("its shape {extent:?} is more than the file holds"))),
    }
}

/// The attribute `pts`: `[point][dimension]`.
pub fn reference_points(dataset: &Dataset, points: usize, dims: usize) -> Result<Vec<f64>, Problem> {
    let wrong = |what: String| Problem::What(format!("its attribute \"pts\" {what}"));
    let attribute = dataset
        .attr("pts")
        .map_err(|_| wrong("is missing, so that nobody knows where its points are".into()))?;
    let extent = attribute.shape();
    if extent != [points, dims] {
        return Err(wrong(format!("has the shape {extent:?}, not [{points}, {dims}]")));
    }
    let stored = attribute.dtype()?.to_descriptor()?;
    if precision(&stored).is_none() {
        return Err(wrong(format!("has the type {stored}, not float64")));
    }
    let values: Vec<f64> = attribute.read_raw()?;
    match values.iter().find(|x| x.is_nan() || x.abs() > 1.5) {
        Some(x) => Err(wrong(format!("has the coordinate {x}, which is outside of any element"))),
        None => Ok(values),
    }
}

/// Values of all elements, `[element][variable][point]`.
pub fn values(block: &PyfrsBlock, variables: &[&str], listed: &[&str]) -> Result<Vec<f64>, Problem> {
    let points = block.shape.points(block.order);
    let missing = |name: &str, there: String| Problem::What(format!("it has no field {name}, but {there}"));
    match &block.fields {
        Fields::Places(count) => {
            if listed.len() != *count {
                let what = format!(
                    "it holds {count} fields, but /stats lists {} ({})",
                    listed.len(),
                    listed.join(", ")
                );
                return Err(Problem::What(what));
            }
            let place = |name: &&str| {
                listed.iter().position(|l| l == name).ok_or_else(|| missing(name, listed.join(", ")))
            };
            let places = variables.iter().map(place).collect::<Result<Vec<_>, _>>()?;
            chunks::check_all(&block.dataset)?;
            let all: Vec<f64> = block.dataset.read_raw()?;
            if places.iter().copied().eq(0..*count) {
                return Ok(all);
            }
            let elements = all.chunks_exact(count * points);
            Ok(elements
                .flat_map(|e| places.iter().flat_map(|v| e[v * points..][..points].iter().copied()))
                .collect())
        }
        Fields::Names(names) => {
            if let Some(name) = variables.iter().find(|name| !names.iter().any(|n| n == *name)) {
                return Err(missing(name, names.join(", ")));
            }
            read_fields(&block.dataset, variables, block.elements, points)
        }
    }
}

/// Reads the fields `soln.VARIABLE` of a dataset of compounds: HDF5 picks and converts them by their names.
fn read_fields(
    dataset: &Dataset,
    variables: &[&str],
    elements: usize,
    points: usize,
) -> Result<Vec<f64>, Problem> {
    let number = TypeDescriptor::Float(FloatSize::U8);
    let array = TypeDescriptor::FixedArray(Box::new(number), points);
    let bytes = points * size_of::<f64>();
    let field = |(i, name): (usize, &&str)| CompoundField::new(name, array.clone(), i * bytes, i);
    let fields = variables.iter().enumerate().map(field).collect();
    let soln = TypeDescriptor::Compound(CompoundType { fields, size: variables.len() * bytes });
    let size = soln.size();
    let row = CompoundType { fields: vec![CompoundField::new("soln", soln, 0, 0)], size };
    let memory = Datatype::from_descriptor(&TypeDescriptor::Compound(row))?;
    let space = Dataspace::try_new([elements])?;
    let mut values = vec![0.0; elements * variables.len() * points];
    chunks::check_all(dataset)?;
    debug_assert_eq!(size * elements, std::mem::size_of_val(&values[..]));
    hdf5::sync::sync(|| {
        // SAFETY: the identifiers are open while their owners live; the memory type is `size` bytes of doubles, of which
        // `values` has room for `elements`, as many as `space` says, which is the extent of the dataset.
        let status = unsafe {
            hdf5_sys::h5d::H5Dread(
                dataset.id(),
                memory.id(),
                space.id(),
                hdf5_sys::h5s::H5S_ALL,
                hdf5_sys::h5p::H5P_DEFAULT,
                values.as_mut_ptr().cast(),
            )
        };
        hdf5::h5check(status)
    })?;
    Ok(values)
}
