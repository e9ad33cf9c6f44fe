//! The small XML files around the pieces: `.pvtu`, which joins the pieces of all ranks, and `.pvd`, which lists the
//! outputs of a run with their physical times. Both name other files relative to themselves, so a folder can be moved.

use super::piece::Field;
use crate::output::atomic::write_atomically;
use crate::output::{OutputError, Precision};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// `path` with `suffix` appended (unlike `Path::with_extension`, which would cut `flow-0.25` at its point).
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// File of one rank's piece of `output` (a path without extension): `flow-0.25.p07.vtu` on 11 to 100 ranks.
pub fn piece_name(output: &Path, rank: usize, ranks: usize) -> PathBuf {
    let width = ranks.saturating_sub(1).max(1).ilog10() as usize + 1;
    with_suffix(output, &format!(".p{rank:0width$}.vtu"))
}

/// Writes the `.pvtu` file `path` that joins the `pieces` of one output; call it when all of them are on disk.
///
/// Fields and precision are those of the pieces; of a field only the name and the number of components matter. `marks`: the
/// names of whole numbers of the cells, such as `Part`.
///
/// # Errors
/// [`OutputError::Write`] when writing fails.
pub fn write_index(
    path: &Path,
    pieces: &[PathBuf],
    (fields, marks): (&[Field], &[&str]),
    precision: Precision,
) -> Result<(), OutputError> {
    let real = real_type(precision);
    let array = |kind: &str, name: &str, components: usize| {
        let name = escape(name);
        format!("      <PDataArray type=\"{kind}\" Name=\"{name}\" NumberOfComponents=\"{components}\"/>\n")
    };
    let points = array(real, "Points", 3);
    let fields: String = fields.iter().map(|f| array(real, &f.name, f.components)).collect();
    let marks: String = marks.iter().map(|name| array("Int32", name, 1)).collect();
    let pieces: String = pieces
        .iter()
        .map(|piece| format!("    <Piece Source=\"{}\"/>\n", escape(&relative(path, piece))))
        .collect();
    let body = format!(
        "  <PUnstructuredGrid GhostLevel=\"0\">\n    <PPoints>\n{points}    </PPoints>\n    <PPointData>\n{fields}    \
         </PPointData>\n    <PCellData>\n{marks}    </PCellData>\n{pieces}  </PUnstructuredGrid>\n"
    );
    write_vtk_file(path, "PUnstructuredGrid", "2.2", &body)
}

/// The `.pvd` file of a run: its outputs with their physical times.
#[derive(Clone, Debug)]
pub struct Series {
    path: PathBuf,
    /// Time and file relative to `path`, in order of writing.
    outputs: Vec<(f64, String)>,
}

impl Series {
    /// A series without outputs. Nothing is written before the first [`Series::push`].
    pub fn new(path: PathBuf) -> Series {
        Series { path, outputs: Vec::new() }
    }

    /// Continues the series of an earlier run that is restarted from time `t`: keeps its outputs up to and including `t`.
    ///
    /// A missing file gives an empty series.
    ///
    /// # Errors
    /// [`OutputError::Read`] when the file cannot be read, [`OutputError::Malformed`] when an entry makes no sense.
    pub fn resume(path: PathBuf, t: f64) -> Result<Series, OutputError> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Series::new(path)),
            Err(e) => return Err(OutputError::Read { path, cause: e.into() }),
        };
        let mut outputs = Vec::new();
        for (i, line) in text.lines().enumerate().filter(|(_, line)| line.contains("<DataSet ")) {
            let time = attribute(line, "timestep").and_then(|v| v.parse::<f64>().ok());
            let (Some(time), Some(file)) = (time, attribute(line, "file")) else {
                let (item, problem) = (format!("line {}", i + 1), "no timestep and file".into());
                return Err(OutputError::Malformed { path, item, problem });
            };
            if time <= t {
                outputs.push((time, file));
            }
        }
        Ok(Series { path, outputs })
    }

    /// Adds the output of time `t` (a `.vtu` or `.pvtu` that is on disk) and rewrites the file, which is complete and
    /// valid at any instant. An earlier entry for the same file is dropped: the file now holds the new time.
    ///
    /// # Errors
    /// [`OutputError::Write`] when writing fails; the entry is then written along with the next one.
    pub fn push(&mut self, t: f64, file: &Path) -> Result<(), OutputError> {
        let file = relative(&self.path, file);
        self.outputs.retain(|(_, other)| *other != file);
        self.outputs.push((t, file));
        let entries: String = self
            .outputs
            .iter()
            .map(|(t, file)| format!("    <DataSet timestep=\"{t}\" file=\"{}\"/>\n", escape(file)))
            .collect();
        let body = format!("  <Collection>\n{entries}  </Collection>\n");
        write_vtk_file(&self.path, "Collection", "1.0", &body)
    }

    /// Times and files (relative to the `.pvd`) so far.
    pub fn outputs(&self) -> &[(f64, String)] {
        &self.outputs
    }
}

/// VTK's name of the type of the values.
pub(super) fn real_type(precision: Precision) -> &'static str {
    match precision {
        Precision::Single => "Float32",
        Precision::Double => "Float64",
    }
}

/// Writes a small file of text around `body`, whole or not at all.
pub(super) fn write_vtk_file(path: &Path, kind: &str, version: &str, body: &str) -> Result<(), OutputError> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<VTKFile type=\"{kind}\" version=\"{version}\" \
         byte_order=\"LittleEndian\" header_type=\"UInt64\">\n{body}</VTKFile>\n"
    );
    write_atomically(path, |temporary| Ok(std::fs::write(temporary, text)?))
}

/// `to` as seen from the folder of the file `from`, with forward slashes.
fn relative(from: &Path, to: &Path) -> String {
    let folder: Vec<_> = from.parent().into_iter().flat_map(Path::components).collect();
    let target: Vec<_> = to.components().collect();
    let common = folder.iter().zip(&target).take_while(|(a, b)| a == b).count();
    if folder[common..].iter().any(|c| !matches!(c, Component::Normal(_))) {
        return to.to_string_lossy().into_owned(); // no way back from an unknown folder
    }
    let up = folder[common..].iter().map(|_| "..".into());
    let down = target[common..].iter().map(|c| c.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<String>>().join("/")
}

/// Text for a double-quoted XML attribute. Control characters, which XML cannot hold, become spaces.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Value of a double-quoted attribute of a line as [`Series::push`] writes it.
fn attribute(line: &str, name: &str) -> Option<String> {
    let value = line.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
    let unescaped = value.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<");
    Some(unescaped.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_lists_every_output_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let pvd = folder.path().join("flow.pvd");
        let file = |name: &str| folder.path().join(name);
        let mut series = Series::new(pvd.clone());
        series.push(0.0, &file("flow-0.vtu")).unwrap();
        series.push(0.1, &file("deep & \"down\"/flow-<1>.pvtu")).unwrap();
        series.push(0.30000000000000004, &file("flow-2.vtu")).unwrap();
        let mut again = Series::resume(pvd.clone(), 0.30000000000000004).unwrap();
        assert_eq!(again.outputs(), series.outputs());
        assert_eq!(again.outputs()[1].1, "deep & \"down\"/flow-<1>.pvtu");
        again.push(0.4, &file("flow-2.vtu")).unwrap();
        assert_eq!(again.outputs().iter().map(|o| o.0).collect::<Vec<_>>(), [0.0, 0.1, 0.4]);
        assert_eq!(Series::resume(pvd, 0.2).unwrap().outputs().len(), 2);
        assert!(Series::resume(file("none.pvd"), 1.0).unwrap().outputs().is_empty());
    }

    #[test]
    fn a_damaged_series_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let pvd = folder.path().join("flow.pvd");
        std::fs::write(&pvd, "<VTKFile>\n<DataSet timestep=\"soon\" file=\"a\"/>").unwrap();
        let text = Series::resume(pvd, 1.0).unwrap_err().to_string();
        assert!(text.contains("line 2"), "{text}");
    }

    #[test]
    fn files_are_named_relative_to_the_file_that_lists_them() {
        let r = |a: &str, b: &str| relative(Path::new(a), Path::new(b));
        assert_eq!(r("out/a.pvd", "out/a-1.vtu"), "a-1.vtu");
        assert_eq!(r("a.pvd", "sub/a-1.vtu"), "sub/a-1.vtu");
        assert_eq!(r("/x/pvd/a.pvd", "/x/vtu/a-1.vtu"), "../vtu/a-1.vtu");
        assert_eq!(r("../a.pvd", "/x/a.vtu"), "/x/a.vtu");
    }

    #[test]
    fn names_keep_their_points_and_sort_by_rank() {
        assert_eq!(with_suffix(Path::new("o/flow-0.25"), ".vtu"), Path::new("o/flow-0.25.vtu"));
        assert_eq!(piece_name(Path::new("flow-0.25"), 7, 11), Path::new("flow-0.25.p07.vtu"));
        assert_eq!(piece_name(Path::new("flow"), 0, 1), Path::new("flow.p0.vtu"));
    }
}
