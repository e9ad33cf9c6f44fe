//! Monitors that write values of the flow, a row every so many steps: integrals, forces, samples.

use super::MonitorKind;
use super::reader::{Reader, with_csv};
use crate::case::keys::Fallback::{Absent, Required, Value};
use crate::case::keys::Kind::{Choice, Expression, Flag, Integer, Literal, Text};
use crate::case::keys::Status::{Honoured, Ignored};
use crate::case::keys::plugins::{
    ENABLED, FILE, FILE_DATASET, FILE_FORMAT, HEADER, PUBLISH, REGION, REGION_EXPAND, REGION_TYPE, TRIGGER,
    TRIGGER_NAME,
};
use crate::case::keys::{self, key, section};
use crate::case::points;
use crate::monitor::fluidforce::ForceSettings;
use crate::monitor::integrate::{self, Integrands, Norm};
use crate::monitor::rows::Rows;
use crate::monitor::sampler::SampleSettings;
use crate::monitor::{Fluidforce, Integrate, Monitor, Sampler};
use crate::physics::expr::lex::number;

/// Integrals of expressions.
pub const INTEGRATE: MonitorKind = MonitorKind {
    section: section(
        "soln-plugin-integrate[-SUFFIX]",
        Honoured,
        true,
        "Writes integrals of expressions of the primitive variables, their gradients (grad_u_x), x, y, z, t; other keys \
         are helpers for %(name)s",
        &[
            key("nsteps", Integer, Required, Honoured, "steps between rows; there is one at the start, too"),
            FILE,
            HEADER,
            key("int-NAME", Expression, Absent, Honoured, "what to integrate; the name of the column"),
            key(
                "norm",
                Text,
                Value("none"),
                Honoured,
                "none for integrals, an exponent p for (integral of |f|^p)^(1/p), inf for the largest magnitude",
            ),
            key(
                "quad-deg",
                Integer,
                Absent,
                Honoured,
                "degree of the rule; without, the solution points have their own weights",
            ),
            key("quad-deg-SHAPE", Integer, Absent, Honoured, "the same for elements of one shape"),
            key(
                "quad-pts-SHAPE",
                Text,
                Absent,
                Ignored,
                "family of the rule; of no effect, ours of the same degree is taken",
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
    make: integrate,
};

fn integrate(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let rows = (reader.path("file"), reader.flag("header"));
    let norm = reader.text("norm").and_then(|text| match text.as_str() {
        "none" => Some(Norm::None),
        "inf" => Some(Norm::Largest),
        text => match number(text).filter(|p| *p >= 1.0) {
            Some(p) => Some(Norm::Power(p)),
            None => reader.refuse("norm", text, "none, a number of at least 1, or inf"),
        },
    });
    let degrees = reader.degrees()?;
    let list = reader.named("int-");
    if list.is_empty() {
        return reader.report("int-NAME", "missing; add one, such as 'int-mass = rho'");
    }
    let names = integrate::variables(&reader.facts?.primitive, reader.facts?.dims);
    let integrands = Integrands {
        list: reader.parsed(list, &names)?,
        primitives: reader.facts?.primitive.len(),
        dims: reader.facts?.dims,
        norm: norm?,
        region: reader.region()?,
        degrees,
    };
    Some(Box::new(Integrate::new(nsteps?, integrands, Rows::new(with_csv(rows.0?), rows.1?))))
}

/// Forces on a boundary.
pub const FLUIDFORCE: MonitorKind = MonitorKind {
    section: section(
        "soln-plugin-fluidforce-NAME",
        Honoured,
        false,
        "Writes the force of the flow on the boundary NAME: t,px,py,pz by pressure, mpx,... its moment, vx,... and mvx,... by \
         friction",
        &[
            key("nsteps", Integer, Required, Honoured, "steps between rows; there is one at the start, too"),
            FILE,
            HEADER,
            FILE_FORMAT,
            FILE_DATASET,
            key(
                "morigin",
                Literal,
                Absent,
                Honoured,
                "point (x, y) or (x, y, z) that moments are taken about; without, there are no moments",
            ),
            key(
                "quad-deg",
                Integer,
                Absent,
                Honoured,
                "degree of the rule on faces; without, two more than twice the order",
            ),
            key(
                "quad-deg-SHAPE",
                Integer,
                Absent,
                Honoured,
                "the same for faces of one shape: line, tri, quad",
            ),
            key(
                "quad-pts-SHAPE",
                Text,
                Absent,
                Ignored,
                "family of the rule; of no effect, ours of the same degree is taken",
            ),
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
            PUBLISH,
        ],
    ),
    make: fluidforce,
};

fn fluidforce(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let rows = reader.record();
    let degrees = reader.degrees();
    let origin = match reader.has("morigin") {
        true if reader.facts?.dims == 1 => {
            return reader.report("morigin", "there are no moments in one dimension; remove it");
        }
        true => Some(reader.literal("morigin", points::point)?),
        false => None,
    };
    let boundary = keys::placeholder("soln-plugin-fluidforce-NAME", reader.section)?.to_string();
    let settings = ForceSettings { boundary, origin, degrees: degrees? };
    Some(Box::new(Fluidforce::new(nsteps?, settings, rows?)))
}

/// Values at points.
pub const SAMPLER: MonitorKind = MonitorKind {
    section: section(
        "soln-plugin-sampler[-SUFFIX]",
        Honoured,
        false,
        "Writes the solution at points, a row t,x,y,z,variables each",
        &[
            key(
                "nsteps",
                Integer,
                Required,
                Honoured,
                "steps between samples; there is one at the start, too",
            ),
            key(
                "samp-pts",
                Literal,
                Required,
                Honoured,
                "the points, [(x, y, z), ...]; constants may be used",
            ),
            key(
                "format",
                Choice(&["primitive", "conservative"]),
                Value("primitive"),
                Honoured,
                "which variables",
            ),
            key(
                "sample-gradients",
                Flag,
                Value("false"),
                Honoured,
                "whether to write their gradients too, grad_u_x",
            ),
            FILE,
            HEADER,
            FILE_FORMAT,
            FILE_DATASET,
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
        ],
    ),
    make: sampler,
};

fn sampler(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let rows = reader.record();
    let format = reader.values.choice(reader.section, "format");
    let gradients = reader.flag("sample-gradients");
    let points = reader.literal("samp-pts", points::points)?;
    let primitive = format?.value == "primitive";
    let settings = SampleSettings { points, primitive, gradients: gradients? };
    Some(Box::new(Sampler::new(nsteps?, settings, rows?)))
}
