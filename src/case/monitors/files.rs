//! Monitors that write files like solutions.

use super::MonitorKind;
use super::reader::Reader;
use crate::case::keys::Fallback::{Absent, Required, Value};
use crate::case::keys::Kind::{Choice, Expression, Flag, Integer, Number, Path, Text};
use crate::case::keys::Status::{Honoured, Ignored};
use crate::case::keys::plugins::{
    ENABLED, PUBLISH, REGION, REGION_EXPAND, REGION_TYPE, TRIGGER, TRIGGER_NAME,
};
use crate::case::keys::{key, section};
use crate::monitor::action::PostAction;
use crate::monitor::integrate;
use crate::monitor::tavg::{AverageSettings, Deviations};
use crate::monitor::{Monitor, Tavg, Writer};

/// Solutions.
pub const WRITER: MonitorKind = MonitorKind {
    section: section(
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
            key(
                "vtk-precision",
                Choice(&["single", "double"]),
                Value("single"),
                Honoured,
                "precision of the VTK files; solution files have that of the run",
            ),
            key(
                "write-gradients",
                Flag,
                Value("false"),
                Honoured,
                "whether to write the gradients of the primitive variables, too, as grad_NAME",
            ),
            key("async-timeout", Number, Value("60"), Ignored, "waiting time of writing in the background"),
            key(
                "post-action",
                Text,
                Absent,
                Honoured,
                "program to start after writing, with {soln}, {mesh} and {t} for the files and the time",
            ),
            key(
                "post-action-mode",
                Choice(&["blocking", "non-blocking"]),
                Value("blocking"),
                Honoured,
                "whether the next output waits for it; the computation never does",
            ),
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
            PUBLISH,
            REGION,
            REGION_TYPE,
            REGION_EXPAND,
        ],
    ),
    make: writer,
};

fn writer(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let dt_out = reader.interval("dt-out");
    let name = reader.output_name();
    let basedir = reader.path("basedir");
    let vtk = reader.flag("vtk");
    let precision = reader.precision("vtk-precision");
    let name = name?;
    // It holds the whole file: not for sections with mistakes.
    let origin = reader.origin.clone();
    let wait = reader.values.choice(reader.section, "post-action-mode")?.value == "blocking";
    let action = match reader.has("post-action").then(|| reader.text("post-action")).flatten() {
        None => None,
        Some(text) => match PostAction::parse(&text, wait, origin.mesh_file.clone()) {
            Ok(action) => Some(action),
            Err(error) => return reader.report("post-action", error.to_string()),
        },
    };
    let gradients = reader.flag("write-gradients")?;
    let state = reader.state_name();
    let vtk = precision.filter(|_| vtk == Some(true));
    let writer = Writer::new(&basedir?, name, dt_out?, vtk, origin, state);
    Some(Box::new(writer.with_action(action).with_gradients(gradients).with_region(reader.region()?)))
}

/// Averages over time.
pub const TAVG: MonitorKind = MonitorKind {
    section: section(
        "soln-plugin-tavg[-SUFFIX]",
        Honoured,
        true,
        "Writes averages over time of expressions of the primitive variables, their gradients (grad_u_x), x, y, z, t; other \
         keys are helpers for %(name)s",
        &[
            key(
                "nsteps",
                Integer,
                Required,
                Honoured,
                "steps between the moments that the trapezoidal rule takes, besides outputs",
            ),
            key(
                "dt-out",
                Number,
                Required,
                Honoured,
                "time between files, counted from the start of the averages",
            ),
            key(
                "basename",
                Text,
                Required,
                Honoured,
                "file name with {t} for the time and {n} for the number, as in {t:.2f} or {n:03d}",
            ),
            key("basedir", Path, Value("."), Honoured, "directory of the files"),
            key("avg-NAME", Expression, Absent, Honoured, "what to average"),
            key(
                "fun-avg-NAME",
                Expression,
                Absent,
                Honoured,
                "a function of the averages, which it knows by their NAME",
            ),
            key(
                "mode",
                Choice(&["windowed", "continuous"]),
                Value("windowed"),
                Honoured,
                "averages since the file before, or since the start",
            ),
            key(
                "std-mode",
                Choice(&["summary", "all", "none"]),
                Value("summary"),
                Honoured,
                "deviations of the means between two files from each other: the largest and the mean, at all points, or none",
            ),
            key(
                "precision",
                Choice(&["single", "double"]),
                Value("single"),
                Honoured,
                "precision of the files",
            ),
            key("tstart", Number, Absent, Honoured, "time of the start; without, the start of the run"),
            key(
                "vtk",
                Flag,
                Value("true"),
                Honoured,
                "whether to write VTK files beside the files of averages",
            ),
            key("async-timeout", Number, Value("60"), Ignored, "waiting time of writing in the background"),
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
            REGION,
            REGION_TYPE,
            REGION_EXPAND,
        ],
    ),
    make: averages,
};

fn averages(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let dt_out = reader.interval("dt-out");
    let name = reader.output_name();
    let folder = reader.path("basedir");
    let vtk = reader.flag("vtk");
    let [mode, deviations] = ["mode", "std-mode"].map(|key| reader.values.choice(reader.section, key));
    let precision = reader.precision("precision");
    let tstart = match reader.has("tstart") {
        true => Some(reader.values.number(reader.section, "tstart", "", |_| true)?),
        false => None,
    };
    let list = reader.named("avg-");
    if list.is_empty() {
        return reader.report("avg-NAME", "missing; add one, such as 'avg-u = u'");
    }
    if let Some(key) = list.iter().find(|key| key.contains('/')) {
        return reader.report(&key.clone(), "a name of averages cannot have a '/'");
    }
    let functions = reader.named("fun-avg-");
    let own: Vec<String> = list.iter().map(|key| key["avg-".len()..].to_string()).collect();
    let facts = reader.facts?;
    let averages = reader.parsed(list, &integrate::variables(&facts.primitive, facts.dims));
    let functions = reader.parsed(functions, &own);
    let averages = averages?;
    let gradients = integrate::gradients(facts.primitive.len(), facts.dims, averages.iter().map(|a| &a.1));
    let region = reader.region()?;
    Some(Box::new(Tavg::new(AverageSettings {
        state: reader.state_name(),
        nsteps: nsteps?,
        dt_out: dt_out?,
        tstart,
        continuous: mode?.value == "continuous",
        deviations: match deviations?.value.as_str() {
            "none" => Deviations::None,
            "all" => Deviations::All,
            _ => Deviations::Summary,
        },
        precision: precision?,
        averages,
        functions: functions?,
        gradients,
        folder: folder?,
        name: name?,
        vtk: vtk?,
        region,
        origin: reader.origin.clone(),
    })))
}
