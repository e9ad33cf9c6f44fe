//! The codec: what the number `cidx` of a face stands for.

use crate::element::Shape;

/// An entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Code {
    /// Face `face` of the elements of a shape.
    Face {
        /// Their shape.
        shape: Shape,
        /// The face.
        face: u8,
    },
    /// The boundary of this name, in lower case.
    Boundary(String),
    /// Something that no face is joined to.
    Other,
}

/// Reads an entry; what is not known may be there, but not be used.
pub fn parse(entry: &str) -> Code {
    if let Some(name) = entry.strip_prefix("bc/") {
        return Code::Boundary(name.to_lowercase());
    }
    let face = || {
        let (shape, rest) = entry.strip_prefix("eles/")?.split_once('/')?;
        let shape = Shape::from_name(shape)?;
        let face: u8 = rest.strip_prefix("face/").unwrap_or(rest).parse().ok()?;
        ((face as usize) < shape.faces().len()).then_some(Code::Face { shape, face })
    };
    face().unwrap_or(Code::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_both_versions_are_read() {
        assert_eq!(parse("eles/hex/face/5"), Code::Face { shape: Shape::Hex, face: 5 });
        assert_eq!(parse("eles/pri/4"), Code::Face { shape: Shape::Prism, face: 4 });
        assert_eq!(parse("bc/Outer wall"), Code::Boundary("outer wall".into()));
        for other in
            ["eles/tri", "eles/tri/3", "eles/tri/face/", "eles/box/0", "tag/zone", "", "bc", "eles//0"]
        {
            assert_eq!(parse(other), Code::Other, "{other}");
        }
    }
}
