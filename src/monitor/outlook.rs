//! What is known of the output of a run before it begins.

use super::Monitor;
use crate::backend::Precision;
use crate::engine::estimate::Size;
use crate::output::name::NameTemplate;
use crate::output::solution::EXTENSION;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// A run that is yet to begin, as far as the size of its output depends on it.
#[derive(Clone, Debug)]
pub struct Outlook<'a> {
    /// Initial and final time.
    pub span: (f64, f64),
    /// Steps, where their size is known.
    pub steps: Option<u64>,
    /// The discrete problem.
    pub size: &'a Size,
    /// Numbers a point in files for people: 1 for a scalar field, 3 for a vector.
    pub components: u64,
    /// Working precision.
    pub precision: Precision,
}

/// Output of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Number of files.
    pub files: u64,
    /// Their bytes, before any compression.
    pub bytes: u64,
}

/// What people should know of a run over `span` before it begins: that its last state will be in no file.
pub fn lost_end(monitors: &[Box<dyn Monitor>], span: (f64, f64)) -> Option<String> {
    let ends: Vec<bool> = monitors.iter().filter_map(|monitor| monitor.writes_end(span)).collect();
    match &ends[..] {
        [] => Some("no solution will be written; add [soln-plugin-writer] for files to look at".into()),
        _ if ends.contains(&true) => None,
        _ => Some(format!(
            "the state at the end, t = {}, will be in no file: choose dt-out of [soln-plugin-writer] so that an output falls on it",
            span.1
        )),
    }
}

/// The most outputs of a monitor whose names are compared.
const COMPARED: usize = 10_000;

/// Times of outputs every `interval` from the start of `span` to its end, as far as they are compared.
pub(super) fn times(span: (f64, f64), interval: f64) -> impl Iterator<Item = f64> {
    let outputs = ((span.1 - span.0) / interval + 1e-9).floor().max(0.0).min(COMPARED as f64) as u64;
    (0..=outputs).map(move |k| span.0 + k as f64 * interval)
}

/// What people should know of a run over `span` before it begins: outputs that will take each other's place, for they have one
/// name, or that of a checkpoint (their folder and name).
pub fn shared_names(
    monitors: &[Box<dyn Monitor>],
    checkpoints: (&Path, &NameTemplate),
    span: (f64, f64),
) -> Vec<String> {
    let mut texts = vec![];
    let mut owners: HashMap<PathBuf, usize> = HashMap::new();
    for (i, monitor) in monitors.iter().enumerate() {
        let (mut others, mut again) = (BTreeMap::new(), vec![]);
        for file in monitor.files(span) {
            // Terminals, pipes.
            if file.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
                continue;
            }
            match owners.entry(file.clone()) {
                Entry::Vacant(free) => drop(free.insert(i)),
                Entry::Occupied(owner) if *owner.get() == i => again.push(file),
                // One file of a pair is enough.
                Entry::Occupied(owner) => drop(others.entry(*owner.get()).or_insert(file)),
            }
        }
        let does = monitor.describe();
        for (owner, file) in others {
            let other = monitors[owner].describe();
            let file = file.display();
            texts.push(format!(
                "{file} has two plugins, one {other}, one {does}: give one of them another name"
            ));
        }
        if let Some(file) = again.first() {
            let (count, file) = (again.len(), file.display());
            texts.push(format!(
                "{count} outputs take the place of earlier ones of the same name, such as {file}, where a plugin {does}: \
                 more digits in basename, or {{n:04d}}, tell them apart"
            ));
        }
        if let Some(file) = monitor.files(span).iter().find(|file| is_checkpoint(file, checkpoints)) {
            let file = file.display();
            texts.push(format!(
                "{file} has the name of a checkpoint, of which older ones are deleted, where a plugin {does}: give one of \
                 them another name"
            ));
        }
    }
    texts
}

/// Whether a solution file is called like checkpoints of this folder and name.
fn is_checkpoint(file: &Path, (folder, name): (&Path, &NameTemplate)) -> bool {
    let below = file.strip_prefix(folder).ok().and_then(Path::to_str);
    below.and_then(|below| below.strip_suffix(EXTENSION)).is_some_and(|below| name.fits(below))
}
