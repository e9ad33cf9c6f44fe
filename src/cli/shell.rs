//! `solver completions` and `solver man`: what shells and `man` want to know.

use super::print_all;
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::PathBuf;

/// Name of the program.
const NAME: &str = "solver";

/// Print what a shell needs to complete arguments
///
///   solver completions bash > ~/.local/share/bash-completion/completions/solver
///   solver completions zsh > ~/.zfunc/_solver
///   solver completions fish > ~/.config/fish/completions/solver.fish
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn execute(self) -> Result<()> {
        let mut text = vec![];
        clap_complete::generate(self.shell, &mut super::Arguments::command(), NAME, &mut text);
        print_all(&String::from_utf8_lossy(&text))
    }
}

/// Write the manual pages: one of the program, one of each command
///
///   solver man ~/.local/share/man/man1
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Man {
    /// Folder for the pages, made if it is not there
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Man {
    pub fn execute(self) -> Result<()> {
        let failed = || format!("cannot write manual pages to '{}'", self.folder.display());
        std::fs::create_dir_all(&self.folder).with_context(failed)?;
        clap_mangen::generate_to(super::Arguments::command(), &self.folder).with_context(failed)?;
        line!("{}: see 'man {}'", self.folder.display(), self.folder.join("solver.1").display());
        Ok(())
    }
}
