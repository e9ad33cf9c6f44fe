//! Signals that ask a run for a checkpoint, or a program to stop.

use crate::run::Asked;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status after a second Ctrl-C: that of a program ended by it.
const INTERRUPTED: i32 = 130;

/// What signals have asked for.
#[derive(Debug, Default)]
pub struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    write: Arc<AtomicBool>,
}

impl Signals {
    /// What is asked now. A checkpoint is asked for once, to stop for good.
    pub fn take(&self) -> Asked {
        let on = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        Asked {
            write: self.write.swap(false, Ordering::Relaxed),
            stop: on(&self.interrupted) || on(&self.terminated),
        }
    }
}

/// Watches for Ctrl-C, TERM (batch systems send it, sometimes twice), HUP, XCPU and USR1 where there are such. A second Ctrl-C ends the
/// process at once.
///
/// # Errors
/// The system does not allow it.
pub fn watch() -> io::Result<Signals> {
    use signal_hook::consts::SIGTERM;
    use signal_hook::flag;
    let signals = Signals::default();
    second_interrupt(Arc::clone(&signals.interrupted))?;
    flag::register(SIGTERM, Arc::clone(&signals.terminated))?;
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGUSR1, SIGXCPU};
        flag::register(SIGUSR1, Arc::clone(&signals.write))?;
        // The terminal is closed, the processor time of the job is over: what can be kept is, unless it is to go on (nohup).
        for signal in [SIGHUP, SIGXCPU].into_iter().filter(|signal| !is_ignored(*signal)) {
            flag::register(signal, Arc::clone(&signals.terminated))?;
        }
    }
    Ok(signals)
}

/// The first Ctrl-C raises the flag, the second ends the process. Half-written files are taken away before, which is nothing for a
/// signal handler, so that a thread waits for them. Should the file system be what hangs, a third ends the process all the same.
#[cfg(unix)]
fn second_interrupt(flag: Arc<AtomicBool>) -> io::Result<()> {
    use signal_hook::consts::SIGINT;
    let ending = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(&ending))?;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT])?;
    let wait = move || {
        for _ in signals.forever() {
            if flag.swap(true, Ordering::Relaxed) {
                ending.store(true, Ordering::Relaxed);
                crate::files::abandon();
                signal_hook::low_level::exit(INTERRUPTED);
            }
        }
    };
    std::thread::Builder::new().name("interrupts".into()).spawn(wait).map(drop)
}

#[cfg(not(unix))]
fn second_interrupt(flag: Arc<AtomicBool>) -> io::Result<()> {
    use signal_hook::consts::SIGINT;
    // In this order: the first one finds the flag down, and the next line raises it.
    signal_hook::flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(&flag))?;
    signal_hook::flag::register(SIGINT, flag).map(drop)
}

/// A file that grows beyond the limit of the system (`ulimit -f`) is an error where it is written, not the end of the process.
pub fn survive_large_files() {
    #[cfg(unix)]
    drop(signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()));
}

/// Lets Ctrl-C, TERM and the end of the terminal end the process as ever, where they do, and takes half-written files away before.
#[cfg(unix)]
pub fn end_without_traces() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let all: Vec<i32> = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)).collect();
    // Asked for where they are waited for: without a thread they end the process as ever. Nothing begins before it is ready.
    let (ready, begin) = std::sync::mpsc::channel();
    let wait = move || {
        let Ok(mut signals) = signal_hook::iterator::Signals::new(all) else { return };
        drop(ready);
        for signal in signals.forever() {
            crate::files::abandon();
            drop(signal_hook::low_level::emulate_default_handler(signal));
        }
    };
    drop(std::thread::Builder::new().name("signals".into()).spawn(wait));
    // Nothing is ever sent: the other end is dropped, whether there is a thread or not.
    let _: Result<(), _> = begin.recv();
}

/// Whether whoever started the process wants it to go on through a signal, as `nohup` does.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let mut now = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed (the second argument is null), and what is asked for is written into memory of its type, of which
    // zeros are a valid value.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Lets the process end quietly when what it prints is read no more (`| head`), as that of other programs does. Not for commands
/// that make files while they print, such as runs: these go on, see `say!`.
pub fn end_with_reader() {
    // Without it the next line that is printed is an error, and that is told.
    #[cfg(unix)]
    drop(signal_hook::flag::register_conditional_default(
        signal_hook::consts::SIGPIPE,
        Arc::new(AtomicBool::new(true)),
    ));
}
