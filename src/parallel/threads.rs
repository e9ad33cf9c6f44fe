//! Several ranks as threads of one process, for tests and examples.
//!
//! Stricter than MPI: a rank that panics, returns early or calls another collective than the rest ends all of them with a
//! panic that says so, and nothing hangs.

use super::buffer::AlignedBytes;
use super::{Communicator, Exchange, Reduce, checks, order};
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What [`run`] panics with when a rank called [`Communicator::abort`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted {
    /// The exit status asked for.
    pub code: i32,
}

/// Unwinds a rank because another one failed; the other one's payload is what counts.
struct EndedByOther;

/// Runs `body` on `size` ranks, each a thread, and returns their results in the order of ranks.
///
/// # Panics
/// With the panic of the first rank that panicked, after all of them have ended.
pub fn run<T: Send>(size: usize, body: impl Fn(Arc<dyn Communicator>) -> T + Sync) -> Vec<T> {
    let shared = Arc::new(Shared {
        size,
        state: Mutex::new(State { left: vec![false; size], offers: vec![None; size], ..State::default() }),
        changed: Condvar::new(),
    });
    let rank_body = |rank: usize| {
        let comm = Arc::new(Threads { rank, shared: Arc::clone(&shared), exchanges: AtomicUsize::new(0) });
        let result = catch_unwind(AssertUnwindSafe(|| body(comm)));
        let mut state = shared.lock();
        state.left[rank] = true;
        let value = match result {
            Ok(value) => Some(value),
            Err(payload) => {
                if !payload.is::<EndedByOther>() {
                    state.failure.get_or_insert(payload);
                }
                state.ended = true;
                None
            }
        };
        shared.changed.notify_all();
        value
    };
    let results: Vec<Option<T>> = std::thread::scope(|scope| {
        let ranks: Vec<_> = (0..size).map(|rank| scope.spawn(move || rank_body(rank))).collect();
        ranks.into_iter().map(|rank| rank.join().expect("panics are caught inside")).collect()
    });
    if let Some(payload) = shared.lock().failure.take() {
        resume_unwind(payload);
    }
    results.into_iter().map(|value| value.expect("without a panic every rank has a result")).collect()
}

/// What all ranks see.
struct Shared {
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Set once a rank has failed: every waiting rank unwinds.
    ended: bool,
    /// The first failure.
    failure: Option<Box<dyn Any + Send>>,
    /// Ranks that have returned or failed.
    left: Vec<bool>,
    /// What each rank has brought to the collective under way: its name and bytes.
    offers: Vec<Option<(&'static str, Vec<u8>)>>,
    /// Result of the last collective, and how many have been completed.
    gathered: Arc<Vec<Vec<u8>>>,
    completed: usize,
    /// Messages under way by exchange, sender and receiver.
    messages: HashMap<(usize, usize, usize), Slot>,
}

#[derive(Default)]
struct Slot {
    sent: VecDeque<Vec<u8>>,
    /// Buffers already received, for the next messages: steady exchanges do not allocate.
    spare: Vec<Vec<u8>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` gives something; `absent` names a rank without which that can never happen.
    fn wait<R>(
        &self,
        mut state: MutexGuard<'_, State>,
        rank: usize,
        mut ready: impl FnMut(&mut State) -> Option<R>,
        absent: impl Fn(&State) -> Option<usize>,
    ) -> R {
        loop {
            if state.ended {
                drop(state);
                resume_unwind(Box::new(EndedByOther));
            }
            if let Some(result) = ready(&mut state) {
                return result;
            }
            if let Some(gone) = absent(&state) {
                drop(state);
                panic!("rank {gone} has returned while rank {rank} waits for it");
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One rank of [`run`].
struct Threads {
    rank: usize,
    shared: Arc<Shared>,
    /// Number of exchanges set up: all ranks count alike, which names them.
    exchanges: AtomicUsize,
}

impl Threads {
    /// The bytes of every rank: the one collective from which the others are made.
    fn gather(&self, name: &'static str, bytes: Vec<u8>) -> Arc<Vec<Vec<u8>>> {
        let mut state = self.shared.lock();
        if let Some((other, offer)) =
            state.offers.iter().enumerate().find_map(|(r, o)| Some((r, o.as_ref()?)))
            && offer.0 != name
        {
            let theirs = offer.0;
            drop(state);
            panic!("rank {} calls {name} while rank {other} calls {theirs}", self.rank);
        }
        let mine = state.completed;
        state.offers[self.rank] = Some((name, bytes));
        if state.offers.iter().all(Option::is_some) {
            state.gathered =
                Arc::new(state.offers.iter_mut().filter_map(Option::take).map(|o| o.1).collect());
            state.completed += 1;
            self.shared.changed.notify_all();
        }
        // No later collective can complete before this rank has left this one, so `gathered` is still ours.
        self.shared.wait(
            state,
            self.rank,
            |s| (s.completed > mine).then(|| Arc::clone(&s.gathered)),
            |s| (0..s.left.len()).find(|&r| s.left[r] && s.offers[r].is_none()),
        )
    }

    /// Combines words elementwise.
    fn combine(&self, name: &'static str, words: &[u64], with: impl Fn(u64, u64) -> u64) -> Vec<u64> {
        let all = self.gather(name, bytemuck::cast_slice(words).to_vec());
        let mut result: Vec<u64> = words.to_vec();
        for (rank, bytes) in all.iter().enumerate().filter(|&(rank, _)| rank != self.rank) {
            let theirs: Vec<u64> = bytemuck::pod_collect_to_vec(bytes);
            assert!(
                theirs.len() == result.len(),
                "{name}: {} values here, {} on {rank}",
                result.len(),
                theirs.len()
            );
            result.iter_mut().zip(theirs).for_each(|(a, b)| *a = with(*a, b));
        }
        result
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.shared.size
    }

    fn local_rank(&self) -> usize {
        self.rank
    }

    fn local_size(&self) -> usize {
        self.shared.size
    }

    fn barrier(&self) {
        self.gather("barrier", Vec::new());
    }

    fn reduce_f64(&self, op: Reduce, values: &mut [f64]) {
        let keys: Vec<u64> = values.iter().map(|&v| order::key(op, v)).collect();
        let keys = self.combine("reduce_f64", &keys, |a, b| order::pick(op, a, b));
        values.iter_mut().zip(keys).for_each(|(v, key)| *v = order::value(key));
    }

    fn sum_u64(&self, values: &mut [u64]) {
        let sums = self.combine("sum_u64", values, u64::wrapping_add);
        values.copy_from_slice(&sums);
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.gather("all_gather", bytes.to_vec()).to_vec()
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) {
        let mine = if self.rank == root { std::mem::take(bytes) } else { Vec::new() };
        bytes.clone_from(&self.gather("broadcast", mine)[root]);
    }

    fn exchange(self: Arc<Self>, sends: &[(usize, usize)], receives: &[(usize, usize)]) -> Box<dyn Exchange> {
        checks::check_exchange(&*self, sends, receives);
        let buffers =
            |list: &[(usize, usize)]| list.iter().map(|&(r, n)| (r, AlignedBytes::zeroed(n))).collect();
        let id = self.exchanges.fetch_add(1, Ordering::Relaxed);
        Box::new(Mailbox {
            id,
            sends: buffers(sends),
            receives: buffers(receives),
            active: false,
            comm: self,
        })
    }

    fn abort(&self, code: i32) -> ! {
        resume_unwind(Box::new(Aborted { code }))
    }
}

/// An [`Exchange`] through the shared memory of the process.
struct Mailbox {
    comm: Arc<Threads>,
    id: usize,
    sends: Vec<(usize, AlignedBytes)>,
    receives: Vec<(usize, AlignedBytes)>,
    active: bool,
}

impl Exchange for Mailbox {
    fn send_buffer(&mut self, i: usize) -> &mut [u8] {
        assert!(!self.active, "a send buffer is not to be touched between start and finish");
        self.sends[i].1.as_mut()
    }

    fn receive_buffer(&self, i: usize) -> &[u8] {
        assert!(!self.active, "a receive buffer is not valid between start and finish");
        self.receives[i].1.as_ref()
    }

    fn start(&mut self) {
        assert!(!std::mem::replace(&mut self.active, true), "an exchange was started twice");
        let mut state = self.comm.shared.lock();
        for (to, bytes) in &self.sends {
            let slot = state.messages.entry((self.id, self.comm.rank, *to)).or_default();
            let mut message = slot.spare.pop().unwrap_or_default();
            message.clear();
            message.extend_from_slice(bytes.as_ref());
            slot.sent.push_back(message);
        }
        self.comm.shared.changed.notify_all();
    }

    fn finish(&mut self) {
        assert!(std::mem::replace(&mut self.active, false), "an exchange was finished without a start");
        let (id, me, shared) = (self.id, self.comm.rank, &self.comm.shared);
        for (from, buffer) in &mut self.receives {
            let key = (id, *from, me);
            let receive = |state: &mut State| {
                let slot = state.messages.get_mut(&key)?;
                let message = slot.sent.pop_front()?;
                buffer.as_mut().copy_from_slice(&message);
                slot.spare.push(message);
                Some(())
            };
            shared.wait(shared.lock(), me, receive, |state| state.left[*from].then_some(*from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the panic that ends a run.
    fn panic_of(size: usize, body: impl Fn(Arc<dyn Communicator>) + Sync) -> String {
        let payload = catch_unwind(AssertUnwindSafe(|| run(size, body))).unwrap_err();
        payload
            .downcast_ref::<String>()
            .cloned()
            .or(payload.downcast_ref::<&str>().map(|s| s.to_string()))
            .unwrap()
    }

    #[test]
    fn collectives_do_what_they_say() {
        let seen = run(4, |comm| {
            let me = comm.rank();
            let mut low = [me as f64, -(me as f64), if me == 2 { f64::NAN } else { 0.0 }];
            let mut high = low;
            comm.reduce_f64(Reduce::Min, &mut low);
            comm.reduce_f64(Reduce::Max, &mut high);
            assert_eq!((low[0], low[1], high[0], high[1]), (0.0, -3.0, 3.0, 0.0));
            assert!(low[2].is_nan() && high[2].is_nan());
            let mut sums = [me as u64, u64::MAX];
            comm.sum_u64(&mut sums);
            assert_eq!(sums, [6, u64::MAX - 3]);
            assert_eq!(comm.all_gather(&vec![me as u8; me]), [&[][..], &[1], &[2, 2], &[3, 3, 3]]);
            let mut told = if me == 1 { b"from one".to_vec() } else { b"rubbish of other length".to_vec() };
            comm.broadcast(1, &mut told);
            assert_eq!(told, b"from one");
            comm.barrier();
            (me, comm.size(), comm.local_rank(), comm.local_size())
        });
        assert_eq!(seen, [(0, 4, 0, 4), (1, 4, 1, 4), (2, 4, 2, 4), (3, 4, 3, 4)]);
    }

    #[test]
    fn messages_arrive_in_their_cycle() {
        run(3, |comm| {
            let (me, left, right) = (comm.rank(), (comm.rank() + 2) % 3, (comm.rank() + 1) % 3);
            // Two exchanges at once, one of them one-way, so that a sender may run ahead.
            let mut ring = Arc::clone(&comm).exchange(&[(left, 65), (right, 8)], &[(right, 65), (left, 8)]);
            let one_way = if me == 0 {
                (vec![(1, 16)], vec![])
            } else {
                (vec![], if me == 1 { vec![(0, 16)] } else { vec![] })
            };
            let mut one_way = comm.exchange(&one_way.0, &one_way.1);
            for cycle in 0..100u8 {
                ring.send_buffer(0).fill(cycle ^ left as u8);
                ring.send_buffer(1).fill(cycle ^ right as u8);
                if me == 0 {
                    one_way.send_buffer(0).fill(cycle);
                }
                ring.start();
                one_way.start();
                ring.progress();
                one_way.finish();
                ring.finish();
                assert_eq!(ring.receive_buffer(0), [cycle ^ me as u8; 65]);
                assert_eq!(ring.receive_buffer(1), [cycle ^ me as u8; 8]);
                assert_eq!(ring.receive_buffer(1).as_ptr() as usize % 64, 0);
                if me == 1 {
                    assert_eq!(one_way.receive_buffer(0), [cycle; 16]);
                }
            }
        });
    }

    #[test]
    fn a_panic_ends_all_ranks_and_comes_out() {
        let text = panic_of(4, |comm| {
            let mut exchange = Arc::clone(&comm).exchange(
                &if comm.rank() == 3 { vec![(0, 8)] } else { vec![] },
                &if comm.rank() == 0 { vec![(3, 8)] } else { vec![] },
            );
            assert!(comm.rank() != 3, "bad state");
            exchange.start();
            exchange.finish();
            comm.barrier();
        });
        assert_eq!(text, "bad state");
    }

    #[test]
    fn a_rank_that_leaves_early_is_named() {
        let text = panic_of(2, |comm| {
            if comm.rank() == 0 {
                comm.barrier();
            }
        });
        assert_eq!(text, "rank 1 has returned while rank 0 waits for it");
    }

    #[test]
    fn different_collectives_are_told_apart() {
        let text = panic_of(2, |comm| if comm.rank() == 0 { comm.barrier() } else { comm.sum_u64(&mut [1]) });
        assert!(text.contains("calls barrier") && text.contains("calls sum_u64"), "{text}");
    }

    #[test]
    fn mismatched_messages_are_refused() {
        let text = panic_of(2, |comm| {
            let (sends, receives) =
                if comm.rank() == 0 { (vec![(1, 8)], vec![]) } else { (vec![], vec![(0, 16)]) };
            comm.exchange(&sends, &receives);
        });
        assert_eq!(
            text,
            "an exchange does not match: rank 0 sends 8 bytes to rank 1, which expects 16 bytes"
        );
        let text = panic_of(2, |comm| drop(comm.exchange(&[(2, 8)], &[])));
        assert!(text.ends_with("sends to rank 2, but there are only 2 ranks"), "{text}");
    }
}
