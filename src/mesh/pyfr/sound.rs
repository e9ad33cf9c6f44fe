//! Whether rows of compound types can be read without reading elsewhere.

use hdf5::types::{CompoundType, TypeDescriptor};

/// True when the fields lie one after the other within the row. HDF5 itself relies on that when it converts, and reads
/// or writes elsewhere if a damaged file says otherwise.
pub fn is_sound(row: &CompoundType) -> bool {
    let mut fields: Vec<_> = row.fields.iter().collect();
    fields.sort_by_key(|f| f.offset);
    let mut end = Some(0);
    for field in fields {
        end =
            end.filter(|end| *end <= field.offset).and_then(|_| field.offset.checked_add(bytes(&field.ty)?));
    }
    end.is_some_and(|end| end <= row.size)
}

/// Size of an entry; none if it is no plain number, or an array or compound that is not sound.
fn bytes(ty: &TypeDescriptor) -> Option<usize> {
    match ty {
        TypeDescriptor::Compound(row) => is_sound(row).then_some(row.size),
        TypeDescriptor::FixedArray(of, n) => bytes(of)?.checked_mul(*n),
        TypeDescriptor::Integer(_)
        | TypeDescriptor::Unsigned(_)
        | TypeDescriptor::Float(_)
        | TypeDescriptor::Boolean
        | TypeDescriptor::Enum(_) => Some(ty.size()),
        _ => None,
    }
}
