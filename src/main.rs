//! The program. Everything is in the library; see [`solver::cli`].

fn main() -> std::process::ExitCode {
    solver::cli::main()
}
