//! The command line: one file per subcommand; parses, calls the library, prints. No numerics.

/// Prints a line as `println!` does, and goes on where nobody reads it (`| head`, a full disk): for commands whose files count,
/// not their lines.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print_line(format_args!($($text)*)) };
}

/// Prints a line as `println!` does, and ends the program with an error where it cannot be printed (a full disk): for commands
/// that were called for their lines.
macro_rules! line {
    ($($text:tt)*) => { $crate::cli::print_or_end(format_args!($($text)*)) };
}

mod bench;
mod check;
mod devices;
mod export;
mod fields;
mod figures;
mod files;
mod generate;
mod import;
mod info;
mod job;
mod keys;
mod look;
mod mesh;
mod partition;
mod plot;
mod progress;
mod restart;
mod run;
mod sample;
mod shell;
mod signals;
mod solution;

use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// High-order flow solver for unstructured meshes, on CPUs and GPUs.
///
/// A first run:
///
///   solver import mesh.msh          Gmsh file to mesh.smesh
///   solver partition 4              divide it into four parts
///   mpirun -np 4 solver run -b gpu case.ini
///
/// and open the .pvd file in ParaView.
#[derive(Parser, Debug)]
#[command(version, verbatim_doc_comment, arg_required_else_help = true)]
struct Arguments {
    /// Say more (-v what happens, -vv details); RUST_LOG has filters by module, as in RUST_LOG=solver::backend=debug
    #[arg(short, long, action = clap::ArgAction::Count, global = true, display_order = 900)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Import(import::Import),
    Generate(generate::Generate),
    Partition(partition::Partition),
    Check(check::Check),
    Run(run::Run),
    Restart(restart::Restart),
    Bench(bench::Bench),
    Export(export::Export),
    Info(info::Info),
    Sample(sample::Sample),
    Plot(plot::Plot),
    Mesh(mesh::MeshQuality),
    Keys(keys::Keys),
    Devices(devices::Devices),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// Parses the arguments and runs the subcommand. The exit status is 0 when it is done, 1 when it failed, 2 for wrong arguments;
/// runs have some more (`solver run --help`).
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = ["warn", "solver=info,warn", "solver=debug,info"][usize::from(arguments.verbose.min(2))];
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(filter)).init();
    hdf5::silence_errors(true);
    use Command::{Check, Completions, Devices, Generate, Info, Man, Mesh, Partition};
    if matches!(
        arguments.command,
        Check(_) | Completions(_) | Devices(_) | Generate(_) | Info(_) | Man(_) | Mesh(_) | Partition(_)
    ) {
        signals::end_with_reader();
    }
    signals::survive_large_files();
    // Runs have their own way.
    #[cfg(unix)]
    if !matches!(arguments.command, Command::Run(_) | Command::Restart(_) | Command::Bench(_)) {
        signals::end_without_traces();
    }
    let result = match arguments.command {
        Command::Import(command) => command.execute(),
        Command::Generate(command) => command.execute(),
        Command::Partition(command) => command.execute(),
        Command::Check(command) => match command.execute() {
            Ok(status) => return status,
            Err(error) => Err(error),
        },
        Command::Run(command) => return command.execute(),
        Command::Restart(command) => return command.execute(),
        Command::Bench(command) => return command.execute(),
        Command::Export(command) => return command.execute(),
        Command::Info(command) => command.execute(),
        Command::Sample(command) => command.execute(),
        Command::Plot(command) => command.execute(),
        Command::Mesh(command) => command.execute(),
        Command::Keys(command) => command.execute(),
        Command::Devices(command) => command.execute(),
        Command::Completions(command) => command.execute(),
        Command::Man(command) => command.execute(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error with its causes.
fn report(error: &anyhow::Error) {
    tell(format_args!("error: {error:#}"));
}

/// Prints what is probably not meant.
fn warning(text: impl std::fmt::Display) {
    tell(format_args!("warning: {text}"));
}

/// Prints something the user may want to know.
fn note(text: impl std::fmt::Display) {
    tell(format_args!("note: {text}"));
}

/// Prints a line to standard error if somebody reads it: without a reader the exit status still says how it went.
fn tell(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{}", printable(&text.to_string()));
}

/// Most characters of a line of a message, half of them at its start; what it quotes may be of any length.
const LONGEST: usize = 4000;

/// A message without what a terminal would take for orders, for it may quote a file, and without the middle of very long lines.
fn printable(text: &str) -> String {
    let line = |line: &str| {
        let tame: Vec<String> = (line.chars())
            .map(|c| if c.is_control() && c != '\t' { c.escape_default().to_string() } else { c.into() })
            .collect();
        let left_out = tame.len().saturating_sub(LONGEST);
        if left_out == 0 {
            return tame.concat();
        }
        let (start, end) = (&tame[..LONGEST / 2], &tame[tame.len() - LONGEST / 2..]);
        format!("{} ... ({} characters) ... {}", start.concat(), grouped(left_out as u64), end.concat())
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Prints a text for which a command was called. Whoever reads the first lines only (`| head`) has seen enough.
///
/// # Errors
/// It cannot be printed otherwise, as on a full disk.
fn print_all(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::from(error).context("cannot print"))
        }
        _ => Ok(()),
    }
}

/// Prints a line if somebody reads it; see `say!`.
fn print_line(text: std::fmt::Arguments<'_>) {
    // Hours of computing are not given up for a line.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line or ends the program; see `line!`.
fn print_or_end(text: std::fmt::Arguments<'_>) {
    if let Err(error) = print_all(&format!("{text}\n")) {
        report(&error);
        std::process::exit(1);
    }
}

/// A number with thousands separators.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Arguments::command().debug_assert();
    }

    #[test]
    fn messages_give_no_orders_to_terminals_and_end() {
        assert_eq!(super::printable("a\tb\n\u{1b}[2Jé\r"), "a\tb\n\\u{1b}[2Jé\\r");
        let long = super::printable(&format!("'{}' is no number: correct it", "7".repeat(100_000)));
        assert!(long.len() < 4100 && long.contains("characters) ... 7"), "{long}");
        assert!(long.starts_with("'777") && long.ends_with("is no number: correct it"), "{long}");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1234567].map(super::grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
