//! A program of the user's that is started when an output is complete.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to start, and whether to wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostAction {
    /// The program and its arguments, in which `{soln}`, `{mesh}` and `{t}` stand for the solution file, the mesh file and the
    /// time. No shell is between: these may hold blanks.
    words: Vec<String>,
    /// Whether the next output waits for it. The computation never does.
    pub wait: bool,
    /// The mesh file.
    pub mesh: PathBuf,
}

/// What is wrong with a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It is empty.
    #[error("name a program, such as 'python3 look.py {{soln}}'")]
    Empty,
    /// A quotation mark without its partner.
    #[error("a quotation mark is not closed")]
    Quotes,
}

impl PostAction {
    /// From a command line: words divided by blanks, with quotation marks around words that hold some.
    ///
    /// # Errors
    /// There is no program, or quotation marks do not pair.
    pub fn parse(text: &str, wait: bool, mesh: PathBuf) -> Result<PostAction, ActionError> {
        let words = shell_words::split(text).map_err(|_| ActionError::Quotes)?;
        if words.first().is_none_or(String::is_empty) {
            return Err(ActionError::Empty);
        }
        Ok(PostAction { words, wait, mesh })
    }

    /// The words for one output.
    fn filled(&self, solution: &Path, t: f64) -> Vec<String> {
        let fill = |word: &String| {
            word.replace("{soln}", &solution.to_string_lossy())
                .replace("{mesh}", &self.mesh.to_string_lossy())
                .replace("{t}", &t.to_string())
        };
        self.words.iter().map(fill).collect()
    }

    /// Starts it for one output. What goes wrong is logged and does not end the run, whose results are there.
    pub fn start(&self, solution: &Path, t: f64) {
        let words = self.filled(solution, t);
        let Some((program, arguments)) = words.split_first() else { return };
        let shown = words.join(" ");
        let mut child = match Command::new(program).args(arguments).stdin(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) => return log::warn!("post-action '{shown}' could not be started: {error}"),
        };
        let mut wait = move || match child.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => log::warn!("post-action '{shown}' ended with {status}"),
            Err(error) => log::warn!("post-action '{shown}': {error}"),
        };
        if self.wait {
            wait();
        } else {
            // Somebody has to take note of its end.
            std::thread::spawn(wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_without_a_shell() {
        let action =
            PostAction::parse("look '{t} s' --mesh={mesh} {soln}; ls", true, "a b.smesh".into()).unwrap();
        let words = action.filled(Path::new("c d.ssoln"), 0.5);
        assert_eq!(words, ["look", "0.5 s", "--mesh=a b.smesh", "c d.ssoln;", "ls"]);
        for (text, error) in
            [("", ActionError::Empty), ("''", ActionError::Empty), ("a 'b", ActionError::Quotes)]
        {
            assert_eq!(PostAction::parse(text, true, PathBuf::new()), Err(error));
        }
    }

    #[cfg(unix)]
    #[test]
    fn it_is_started_with_the_file_of_the_output() {
        let folder = tempfile::tempdir().unwrap();
        let solution = folder.path().join("one two.ssoln");
        std::fs::write(&solution, "").unwrap();
        for wait in [true, false] {
            let copy = folder.path().join(format!("copy-{wait}"));
            let text = format!("cp {{soln}} '{}'", copy.display());
            PostAction::parse(&text, wait, PathBuf::new()).unwrap().start(&solution, 0.0);
            let begun = std::time::Instant::now();
            while !wait && !copy.exists() {
                assert!(begun.elapsed() < std::time::Duration::from_secs(10));
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            assert!(copy.exists());
        }
        // Nothing to start is no reason to stop.
        PostAction::parse("/nowhere/at-all", true, PathBuf::new()).unwrap().start(&solution, 0.0);
    }
}
