//! The promises of the communicator, kept by real MPI ranks.
//!
//! Every test starts this very program again under `mpirun`, where the same test finds itself to be a rank.
#![cfg(feature = "mpi")]

mod support;

use solver::parallel::mpi::{Mpi, PANIC_STATUS};
use solver::parallel::{Communicator, Reduce, agree, fail, sum, world};
use std::alloc::{GlobalAlloc, Layout, System};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Set for the processes that act as ranks.
const RANK: &str = "SOLVER_TEST_RANK";
const LIMIT: Duration = Duration::from_secs(60);

/// Counts allocations, for the promise that an exchange makes none.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

fn this_test(name: &str, mut command: Command) -> Command {
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(RANK, "1")
        .env("RUST_BACKTRACE", "0");
    command
}

/// Runs `body` as every rank of an MPI job; the launching process gets the job's end instead.
fn on_ranks(ranks: usize, name: &str, body: impl FnOnce(Arc<dyn Communicator>)) -> Option<Output> {
    if std::env::var_os(RANK).is_some() {
        body(world().expect("started by mpirun"));
        return None;
    }
    if support::skip_mpi() {
        return None;
    }
    // One job at a time: two would fight for the cores.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut mpirun = support::mpirun(ranks);
    mpirun.arg(std::env::current_exe().expect("a test has a file"));
    Some(support::run(&mut this_test(name, mpirun), LIMIT))
}

fn must_succeed(output: Option<Output>) -> String {
    let Some(output) = output else { return String::new() };
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    stdout.into_owned()
}

#[test]
fn collectives_do_what_they_say() {
    must_succeed(on_ranks(4, "collectives_do_what_they_say", |comm| {
        let me = comm.rank();
        assert_eq!((comm.size(), comm.local_rank(), comm.local_size()), (4, me, 4));
        let mut low = [me as f64, -(me as f64), if me == 2 { f64::NAN } else { 0.0 }];
        let mut high = low;
        comm.reduce_f64(Reduce::Min, &mut low);
        comm.reduce_f64(Reduce::Max, &mut high);
        assert_eq!((low[0], low[1], high[0], high[1]), (0.0, -3.0, 3.0, 0.0));
        assert!(low[2].is_nan() && high[2].is_nan());
        let mut sums = [me as u64, u64::MAX];
        comm.sum_u64(&mut sums);
        assert_eq!(sums, [6, u64::MAX - 3]);
        // Whole and in pieces of 3 bytes.
        for comm in [Arc::clone(&comm), Mpi::init().expect("in use").in_pieces_of(3)] {
            assert_eq!(comm.all_gather(&[]), [[0u8; 0]; 4]);
            let mine = vec![me as u8; 5 * me];
            assert_eq!(comm.all_gather(&mine), [vec![], vec![1; 5], vec![2; 10], vec![3; 15]]);
            let mut told = if me == 1 { b"from one".to_vec() } else { b"rubbish of another length".to_vec() };
            comm.broadcast(1, &mut told);
            assert_eq!(told, b"from one");
        }
        comm.barrier();
        let error =
            agree(&*comm, if me == 2 { Err("no such file") } else { Ok(()) }).expect_err("one rank failed");
        assert_eq!((error.to_string().as_str(), error.quiet), ("rank 2 of 4: no such file", me != 0));
    }));
}

#[test]
fn messages_arrive_in_every_cycle() {
    must_succeed(on_ranks(4, "messages_arrive_in_every_cycle", |comm| {
        let me = comm.rank();
        let pieces: Arc<dyn Communicator> = Mpi::init().expect("in use").in_pieces_of(100);
        let others: Vec<usize> = (0..4).filter(|&r| r != me).collect();
        // From nothing over eager sizes to those that need a handshake.
        let bytes = |from: usize, to: usize| [0, 1, 64, 1_000, 200_000][(3 * from + 2 * to) % 5];
        let sends: Vec<_> = others.iter().map(|&to| (to, bytes(me, to))).collect();
        let receives: Vec<_> = others.iter().map(|&from| (from, bytes(from, me))).collect();
        let small =
            |list: &[(usize, usize)]| list.iter().map(|&(r, n)| (r, n.min(1_500))).collect::<Vec<_>>();
        let mut whole = comm.exchange(&sends, &receives);
        let mut cut = pieces.exchange(&small(&sends), &small(&receives));
        let mut before = 0;
        for cycle in 0..100u8 {
            for (i, &to) in others.iter().enumerate() {
                whole.send_buffer(i).fill(cycle ^ (16 * me + to) as u8);
                cut.send_buffer(i).fill(!cycle ^ (16 * me + to) as u8);
            }
            // Two exchanges between the same ranks at once do not mix.
            whole.start();
            cut.start();
            whole.progress();
            cut.finish();
            whole.progress();
            whole.finish();
            for (i, &from) in others.iter().enumerate() {
                let expected = cycle ^ (16 * from + me) as u8;
                assert_eq!(whole.receive_buffer(i).len(), bytes(from, me));
                assert!(whole.receive_buffer(i).iter().all(|&b| b == expected));
                assert!(cut.receive_buffer(i).iter().all(|&b| b == expected ^ 255));
                assert_eq!(whole.receive_buffer(i).as_ptr() as usize % 64, 0);
            }
            if cycle == 50 {
                before = ALLOCATIONS.load(Ordering::Relaxed);
            }
        }
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before, "an exchange allocates");
    }));
}

#[test]
fn sums_are_the_same_bits_on_any_number_of_ranks() {
    let sum_on = |ranks: usize| {
        let output = on_ranks(ranks, "sums_are_the_same_bits_on_any_number_of_ranks", |comm| {
            // Terms over 60 binary orders of both signs: in plain arithmetic every order gives another result.
            let term = |i: u64| {
                let bits = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (bits as i64) as f64 * 2f64.powi((bits % 60) as i32 - 90)
            };
            let mine = (0..10_000u64).filter(|i| *i as usize * 7 % 11 % comm.size() == comm.rank()).map(term);
            let total = sum::sum(&*comm, mine);
            if comm.rank() == 0 {
                println!("\nsum {:016x}", total.to_bits());
            }
        });
        let text = must_succeed(output);
        text.lines().find_map(|line| line.strip_prefix("sum ").map(str::to_owned))
    };
    let one = sum_on(1);
    if std::env::var_os(RANK).is_none() && !support::skip_mpi() {
        assert!(one.is_some());
        assert_eq!(one, sum_on(2));
        assert_eq!(one, sum_on(4));
    }
}

/// The job must have ended with this status, and said `message` once.
fn must_fail(output: Option<Output>, status: i32, message: &str) {
    let Some(output) = output else { return };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert_eq!(stderr.matches(message).count(), 1, "{stderr}");
}

#[test]
fn a_panic_on_one_rank_ends_the_job() {
    let output = on_ranks(4, "a_panic_on_one_rank_ends_the_job", |comm| {
        assert!(comm.rank() != 2, "bad state");
        comm.barrier();
    });
    must_fail(output, PANIC_STATUS, "bad state");
}

#[test]
fn a_panic_on_a_worker_thread_ends_the_job() {
    let output = on_ranks(2, "a_panic_on_a_worker_thread_ends_the_job", |comm| {
        if comm.rank() == 1 {
            // Nobody ever joins this thread.
            std::thread::spawn(|| panic!("bad worker"));
        }
        comm.barrier();
        loop {
            comm.barrier();
        }
    });
    must_fail(output, PANIC_STATUS, "bad worker");
}

#[test]
fn a_panic_on_all_ranks_is_told_once() {
    let output = on_ranks(4, "a_panic_on_all_ranks_is_told_once", |comm| {
        comm.barrier();
        panic!("all bad");
    });
    must_fail(output, PANIC_STATUS, "all bad");
}

#[test]
fn the_status_of_a_failing_rank_is_the_job_s() {
    let output = on_ranks(4, "the_status_of_a_failing_rank_is_the_job_s", |comm| {
        if comm.rank() > 1 {
            fail(&*comm, 7, || eprintln!("disk full"));
        }
        comm.barrier();
    });
    must_fail(output, 7, "disk full");
}

#[test]
fn mismatched_messages_end_the_job() {
    let output = on_ranks(2, "mismatched_messages_end_the_job", |comm| {
        let (sends, receives) =
            if comm.rank() == 0 { (vec![(1, 8)], vec![]) } else { (vec![], vec![(0, 16)]) };
        Arc::clone(&comm).exchange(&sends, &receives);
    });
    must_fail(output, PANIC_STATUS, "rank 0 sends 8 bytes to rank 1, which expects 16 bytes");
}

#[test]
fn a_process_started_alone_does_without_mpi() {
    let name = "a_process_started_alone_does_without_mpi";
    if std::env::var_os(RANK).is_none() {
        let mut alone = this_test(name, Command::new(std::env::current_exe().expect("a test has a file")));
        // As in a batch script of Slurm.
        alone.envs([("SLURM_NTASKS", "4"), ("SLURM_PROCID", "0")]);
        must_succeed(Some(support::run(&mut alone, LIMIT)));
        must_succeed((!support::skip_mpi()).then(|| support::run(alone.env("SOLVER_MPI", "1"), LIMIT)));
        return;
    }
    let comm = world().expect("one process");
    assert_eq!((comm.size(), comm.rank(), comm.local_size()), (1, 0, 1));
    assert_eq!(comm.all_gather(b"me"), [b"me"]);
    assert_eq!(std::env::var_os("SOLVER_MPI").is_some(), mpi::environment::is_initialized());
}

#[test]
fn another_library_s_launcher_is_refused() {
    let name = "another_library_s_launcher_is_refused";
    if std::env::var_os(RANK).is_none() {
        if !support::skip_mpi() {
            let mut alone =
                this_test(name, Command::new(std::env::current_exe().expect("a test has a file")));
            // What a launcher leaves of which the MPI library knows nothing.
            alone.envs([("MV2_COMM_WORLD_SIZE", "3"), ("MV2_COMM_WORLD_RANK", "1")]);
            must_succeed(Some(support::run(&mut alone, LIMIT)));
        }
        return;
    }
    let error = world().err().expect("one of three processes is alone");
    assert!(error.to_string().contains("started 3 processes, but MPI finds 1"), "{error}");
    assert!(error.to_string().contains(&solver::parallel::mpi::library()), "{error}");
    assert!(error.quiet());
}
