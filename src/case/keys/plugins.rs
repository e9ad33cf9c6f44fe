//! The plugin sections that have no monitor yet, and the keys that all plugins share.

use super::*;

/// File of rows.
pub const FILE: Key = key(
    "file",
    Path,
    Required,
    Honoured,
    "file to append to; '.csv' is added when missing (but not for hdf5)",
);
/// Line of column names.
pub const HEADER: Key =
    key("header", Flag, Value("true"), Honoured, "whether an empty file gets a line with the column names");
/// Format of a file of rows.
pub const FILE_FORMAT: Key = key(
    "file-format",
    Choice(&["csv", "hdf5"]),
    Value("csv"),
    Honoured,
    "csv, or hdf5 for an array (time, column) or (time, point, variable) with scales",
);
/// Place of the rows in an HDF5 file.
pub const FILE_DATASET: Key =
    key("file-dataset", Text, Absent, Honoured, "name of the data set in the file, with file-format = hdf5");
/// Switch.
pub const ENABLED: Key = key("enabled", Flag, Value("true"), Honoured, "whether the section has any effect");
/// Triggers.
pub const TRIGGER: Key = key("trigger", Text, Absent, NotYet, "names of triggers");
/// Triggers.
pub const TRIGGER_NAME: Key = key("trigger-NAME", Text, Absent, NotYet, "what triggers do");
/// Triggers.
pub const PUBLISH: Key = key("publish-as", Text, Absent, NotYet, "name for use by triggers");
/// Part of the mesh.
pub const REGION: Key = key(
    "region",
    Text,
    Value("*"),
    Honoured,
    "part of the mesh: box(x0, x1), sphere(x0, r), ellipsoid(x0, a, b, c), cylinder(x0, x1, r), cone(x0, x1, r), conical_frustum(x0, x1, r0, r1), stl('body.stl'), each with rot= as the last argument if turned; names of boundaries; with + and -",
);
/// Part of the mesh.
pub const REGION_TYPE: Key = key(
    "region-type",
    Choice(&["volume", "surface"]),
    Value("volume"),
    Honoured,
    "all elements of the region, or only those with a face on its surface",
);
/// Part of the mesh.
pub const REGION_EXPAND: Key =
    key("region-expand", Integer, Value("0"), Honoured, "layers of elements added to the region, over faces");

const NO_SOURCE: Status = Refused("remove the section to run without it");

/// The sections, in the order in which a reference lists them.
pub const SECTIONS: &[Section] = &[
    section("soln-plugin-fwh[-SUFFIX]", NotYet, true, "Writes the sound at far observers", &[]),
    section("soln-plugin-ascent[-SUFFIX]", NotYet, true, "Renders images in the run", &[]),
    section("soln-plugin-catalyst[-SUFFIX]", NotYet, true, "Renders images in the run", &[]),
    section(
        "soln-plugin-pseudostats[-SUFFIX]",
        NotYet,
        true,
        "Writes the residuals of dual time stepping",
        &[],
    ),
    section("solver-plugin-turbulence[-SUFFIX]", NO_SOURCE, true, "Turbulence at an inflow", &[]),
    section("trigger-NAME", NotYet, true, "A condition that starts or stops plugins", &[]),
];
