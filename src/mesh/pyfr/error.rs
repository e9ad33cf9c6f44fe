//! What a file of PyFR should hold, and why it cannot be read.

use std::fmt;
use std::path::PathBuf;

/// Content of a file of PyFR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A mesh, `.pyfrm`.
    Mesh,
    /// A solution, `.pyfrs`.
    Solution,
}

impl Content {
    /// Objects without which a file is something else.
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            Content::Mesh => &["codec", "eles", "nodes", "version"],
            Content::Solution => &["config", "stats", "mesh-uuid", "version"],
        }
    }

    /// What objects of the flat layout of PyFR 1 and 2 begin with.
    pub(super) fn old_prefix(self) -> &'static str {
        match self {
            Content::Mesh => "spt_",
            Content::Solution => "soln_",
        }
    }

    /// What to do with a file of an old program.
    fn instead(self) -> &'static str {
        match self {
            Content::Mesh => "import the Gmsh file that it was made from instead",
            Content::Solution => "go on from a file that PyFR 3 has written",
        }
    }

    /// What to do with a file in a format that is not known yet.
    fn known(self) -> &'static str {
        match self {
            Content::Mesh => "import the Gmsh file that it was made from instead",
            Content::Solution => "go on from a file in one of these formats",
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Content::Mesh => "mesh",
            Content::Solution => "solution",
        })
    }
}

/// Why a file of PyFR cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PyfrError {
    /// The operating system refused.
    #[error("cannot read {}: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is no {content} file of PyFR: {why}", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        content: Content,
        /// What was found.
        why: String,
    },
    /// The flat layout of PyFR 1 and 2.
    #[error(
        "{} has the layout of PyFR before version 3, which is not supported; {}", .path.display(), .content.instead()
    )]
    OldLayout {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        content: Content,
    },
    /// A version of the format that did not exist when this was written.
    #[error(
        "{} has format version {version}, but only 1 and 2 are known; {}", .path.display(), .content.known()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        content: Content,
        /// Its version.
        version: i64,
    },
    /// The HDF5 library refused something.
    #[error("{}: {object}: {cause}", .path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// Why it failed.
        cause: hdf5::Error,
    },
    /// The HDF5 library does not know the form of what a later one wrote.
    #[error(
        "{}: {object} was written by a later HDF5 library than the one of this program ({library}); convert the file as \
         the chapter \"Coming from PyFR\" of the book says (docs/src/pyfr.md)", .path.display()
    )]
    NewerHdf5 {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// Version of the library of this program.
        library: String,
    },
    /// An object contradicts the format or the rest of the file, or holds what is not supported.
    #[error("{}: {object}: {what}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// What is wrong with it, and what to do.
        what: String,
    },
}
