//! The plugin sections of a case file.

use super::*;

const FILE: Key = key("file", Path, Required, Honoured, "file to append to; '.csv' is added when missing");
const HEADER: Key =
    key("header", Flag, Value("true"), Honoured, "whether an empty file gets a line with the column names");
const ENABLED: Key = key("enabled", Flag, Value("true"), Honoured, "whether the section has any effect");
const TRIGGER: Key = key("trigger", Text, Absent, NotYet, "names of triggers");
const TRIGGER_NAME: Key = key("trigger-NAME", Text, Absent, NotYet, "what triggers do");
const PUBLISH: Key = key("publish-as", Text, Absent, NotYet, "name for use by triggers");
const REGION: Key = key("region", Text, Value("*"), NotYet, "part of the mesh");
const REGION_TYPE: Key = key("region-type", Text, Value("volume"), NotYet, "volume or surface of the region");
const REGION_EXPAND: Key =
    key("region-expand", Integer, Value("0"), NotYet, "layers of elements added to the region");

const NO_SOURCE: Status = Refused("remove the section to run without it");

/// The sections, in the order in which a reference lists them.
pub const SECTIONS: &[Section] = &[
    section(
        "soln-plugin-writer[-SUFFIX]",
        Honoured,
        false,
        "Writes the solution at regular times",
        &[
            key(
                "dt-out",
                Number,
                Required,
                Honoured,
                "time between files, counted from the start; at the end only if it falls on one",
            ),
            key(
                "basename",
                Text,
                Required,
                Honoured,
                "file name with {t} for the time and {n} for the number, as in {t:.2f} or {n:03d}",
            ),
            key("basedir", Path, Value("."), Honoured, "directory of the files"),
            key("vtk", Flag, Value("true"), Honoured, "whether to write VTK files beside the solution files"),
            key("write-gradients", Flag, Value("false"), NotYet, "whether to write gradients too"),
            key("async-timeout", Number, Value("60"), Ignored, "waiting time of writing in the background"),
            key(
                "post-action",
                Text,
                Absent,
                Note("not run: this program starts no other programs"),
                "command to run after writing",
            ),
            key("post-action-mode", Text, Absent, Ignored, "whether to wait for the command"),
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
            PUBLISH,
            REGION,
            REGION_TYPE,
            REGION_EXPAND,
        ],
    ),
    section(
        "soln-plugin-nancheck[-SUFFIX]",
        Honoured,
        false,
        "Stops the run when the solution is no longer finite",
        &[key("nsteps", Integer, Required, Honoured, "steps between checks"), ENABLED, TRIGGER, TRIGGER_NAME],
    ),
    section(
        "soln-plugin-residual[-SUFFIX]",
        Honoured,
        false,
        "Writes the size of du/dt",
        &[
            key("nsteps", Integer, Required, Honoured, "steps between rows"),
            FILE,
            HEADER,
            key("norm", Text, Value("2"), Honoured, "exponent of the norm over all solution points, or inf"),
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
            PUBLISH,
        ],
    ),
    section(
        "soln-plugin-integrate[-SUFFIX]",
        NotYet,
        true,
        "Writes integrals of expressions",
        &[
            key("nsteps", Integer, Required, Honoured, "steps between rows"),
            FILE,
            HEADER,
            key("int-NAME", Expression, Absent, Honoured, "what to integrate"),
            key("quad-deg", Integer, Absent, Honoured, "degree of the rule"),
            key("norm", Text, Value("none"), Honoured, "none, an exponent or inf"),
        ],
    ),
    section("soln-plugin-fluidforce-NAME", NotYet, true, "Writes the force on the boundary NAME", &[]),
    section("soln-plugin-dtstats[-SUFFIX]", NotYet, true, "Writes the time steps taken", &[]),
    section("soln-plugin-sampler[-SUFFIX]", NotYet, true, "Writes the solution at points", &[]),
    section("soln-plugin-tavg[-SUFFIX]", NotYet, true, "Writes averages over time", &[]),
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
    section("solver-plugin-source", NO_SOURCE, true, "Source terms", &[]),
    section("solver-plugin-turbulence[-SUFFIX]", NO_SOURCE, true, "Turbulence at an inflow", &[]),
    section("trigger-NAME", NotYet, true, "A condition that starts or stops plugins", &[]),
];
