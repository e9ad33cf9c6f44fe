//! The ranks of an MPI job.
//!
//! MPI is initialised once and finalised when the last handle (communicator or exchange) goes. Calls may come from any thread,
//! one at a time: a lock sees to that, and it is not for rayon's workers to call at all, since collectives would come in
//! another order on every rank.
//!
//! A panic on any thread of a job of several ranks ends the whole job with exit status [`PANIC_STATUS`]: without that the
//! other ranks would wait for ever.

use super::buffer::AlignedBytes;
use super::{Communicator, Exchange, Reduce, checks, failure, order};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::{Threading, Universe};
use mpi::ffi;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{AsRaw, Communicator as _, CommunicatorCollectives as _, Root as _};
use std::os::raw::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Exit status of a job of which a rank panicked; what a Rust program that panics ends with.
pub const PANIC_STATUS: i32 = 101;

/// Why there is no MPI to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MpiError {
    /// MPI cannot be initialised a second time.
    #[error("MPI was already initialised by other code, or finalised: it can be used once in a process")]
    Used,
    /// The library does not support programs with threads.
    #[error(
        "the MPI library ({library}) does not support programs with threads (it offers {offered}, needed is Serialized): \
         use another build of it"
    )]
    Threads {
        /// The library's name and version.
        library: String,
        /// The level of thread support.
        offered: String,
    },
}

/// MPI calls are made one at a time (`MPI_THREAD_SERIALIZED`).
static CALLS: Mutex<()> = Mutex::new(());

/// The communicator in use, so that asking twice gives the same one.
static CURRENT: Mutex<Weak<Mpi>> = Mutex::new(Weak::new());

fn serialized() -> MutexGuard<'static, ()> {
    CALLS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn world() -> SimpleCommunicator {
    SimpleCommunicator::world()
}

/// Name and version of the MPI library this program was built with, on one line.
pub fn library() -> String {
    let text = mpi::environment::library_version().unwrap_or_else(|_| "unknown".to_owned());
    let line = text.lines().next().unwrap_or_default();
    // Open MPI goes on with package, identity and release date.
    line.split(", package").next().unwrap_or(line).trim().to_owned()
}

/// All ranks of the job.
pub struct Mpi {
    session: Arc<Session>,
    rank: usize,
    size: usize,
    local_rank: usize,
    local_size: usize,
    /// Longest message of a single call, bytes: MPI counts in `c_int`.
    piece: usize,
}

/// MPI from initialisation to finalisation.
struct Session {
    universe: Mutex<Option<Universe>>,
    /// Exchanges set up so far, the same on every rank, for their tags.
    exchanges: AtomicUsize,
}

impl Drop for Session {
    fn drop(&mut self) {
        let _one = serialized();
        drop(self.universe.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Mpi {
    /// Initialises MPI, or returns the communicator that is in use.
    ///
    /// # Errors
    /// [`MpiError`] when MPI was used and finalised before, or cannot serve a program with threads.
    pub fn init() -> Result<Arc<Self>, MpiError> {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(comm) = current.upgrade() {
            return Ok(comm);
        }
        let (universe, offered) =
            mpi::environment::initialize_with_threading(Threading::Serialized).ok_or(MpiError::Used)?;
        if offered < Threading::Serialized {
            return Err(MpiError::Threads { library: library(), offered: format!("{offered:?}") });
        }
        let (rank, size) = (world().rank(), world().size() as usize);
        let machine = world().split_shared(rank);
        if size > 1 {
            end_job_on_panic(rank as usize);
        }
        let comm = Arc::new(Self {
            session: Arc::new(Session {
                universe: Mutex::new(Some(universe)),
                exchanges: AtomicUsize::new(0),
            }),
            rank: rank as usize,
            size,
            local_rank: machine.rank() as usize,
            local_size: machine.size() as usize,
            piece: 1 << 30,
        });
        *current = Arc::downgrade(&comm);
        Ok(comm)
    }

    /// The same ranks with messages cut into pieces of at most `bytes`; shows that long messages arrive without needing
    /// gigabytes. All ranks must ask for the same.
    pub fn in_pieces_of(&self, bytes: usize) -> Arc<Self> {
        Arc::new(Self { session: Arc::clone(&self.session), piece: bytes.clamp(1, 1 << 30), ..*self })
    }
}

/// Lets a panic end all ranks. The message is the usual one; a lower rank that panics too is given the time to speak alone.
fn end_job_on_panic(rank: usize) {
    let report = std::panic::take_hook();
    let mut turn = failure::turn(rank);
    if rank > 0 && std::env::var_os("RUST_BACKTRACE").is_some_and(|v| v != "0") {
        // The lower rank finds the names of a backtrace before it aborts, which takes a second or two.
        turn += Duration::from_secs(3);
    }
    std::panic::set_hook(Box::new(move |info| {
        std::thread::sleep(turn);
        report(info);
        // No lock: the thread that holds it may be the one that panics, and after this call nobody needs it.
        world().abort(PANIC_STATUS)
    }));
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn local_rank(&self) -> usize {
        self.local_rank
    }

    fn local_size(&self) -> usize {
        self.local_size
    }

    fn barrier(&self) {
        let _one = serialized();
        world().barrier();
    }

    fn reduce_f64(&self, op: Reduce, values: &mut [f64]) {
        if values.is_empty() {
            return;
        }
        let keys: Vec<u64> = values.iter().map(|&v| order::key(op, v)).collect();
        let mut merged = vec![0u64; keys.len()];
        let operation = match op {
            Reduce::Min => SystemOperation::min(),
            Reduce::Max => SystemOperation::max(),
        };
        {
            let _one = serialized();
            world().all_reduce_into(&keys[..], &mut merged[..], operation);
        }
        values.iter_mut().zip(merged).for_each(|(v, key)| *v = order::value(key));
    }

    fn sum_u64(&self, values: &mut [u64]) {
        if values.is_empty() {
            return;
        }
        let mine = values.to_vec();
        let _one = serialized();
        world().all_reduce_into(&mine[..], values, SystemOperation::sum());
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lengths = vec![0u64; self.size];
        {
            let _one = serialized();
            world().all_gather_into(&(bytes.len() as u64), &mut lengths[..]);
        }
        let total: u64 = lengths.iter().sum();
        if total > self.piece as u64 {
            return (0..self.size)
                .map(|root| {
                    let mut theirs = if root == self.rank { bytes.to_vec() } else { Vec::new() };
                    self.broadcast_known(root, &mut theirs, lengths[root] as usize);
                    theirs
                })
                .collect();
        }
        if total == 0 {
            return vec![Vec::new(); self.size];
        }
        // The address of an empty slice may be 1, which Open MPI takes for MPI_IN_PLACE: send from a real place.
        let bytes = if bytes.is_empty() { &[0u8; 1][..0] } else { bytes };
        let counts: Vec<c_int> = lengths.iter().map(|&n| n as c_int).collect();
        let starts: Vec<c_int> =
            counts.iter().scan(0, |at, n| Some(std::mem::replace(at, *at + n))).collect();
        let mut all = vec![0u8; total as usize];
        {
            let _one = serialized();
            let mut parts = PartitionMut::new(&mut all[..], &counts[..], &starts[..]);
            world().all_gather_varcount_into(bytes, &mut parts);
        }
        starts.iter().zip(&counts).map(|(&at, &n)| all[at as usize..][..n as usize].to_vec()).collect()
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) {
        let mut length = bytes.len() as u64;
        {
            let _one = serialized();
            world().process_at_rank(root as c_int).broadcast_into(&mut length);
        }
        self.broadcast_known(root, bytes, length as usize);
    }

    fn exchange(self: Arc<Self>, sends: &[(usize, usize)], receives: &[(usize, usize)]) -> Box<dyn Exchange> {
        checks::check_exchange(&*self, sends, receives);
        Box::new(Persistent::new(&self, sends, receives))
    }

    fn abort(&self, code: i32) -> ! {
        // Not serialised: another thread may hold the lock in a call that waits for ranks that will never come.
        world().abort(code)
    }
}

impl Mpi {
    /// A broadcast whose length every rank knows.
    fn broadcast_known(&self, root: usize, bytes: &mut Vec<u8>, length: usize) {
        bytes.resize(length, 0);
        let _one = serialized();
        for piece in bytes.chunks_mut(self.piece) {
            world().process_at_rank(root as c_int).broadcast_into(piece);
        }
    }
}

/// Tags are numbers below 2^15, which every MPI library allows: 11 bits name the exchange and 4 the piece of a message.
const PIECES: usize = 16;
const EXCHANGES: usize = 1 << 11;

/// Messages as persistent requests: matched and laid out once, started again every cycle without any allocation.
struct Persistent {
    sends: Vec<AlignedBytes>,
    receives: Vec<AlignedBytes>,
    /// Receives first, so that they are posted before messages arrive.
    requests: Vec<ffi::MPI_Request>,
    active: bool,
    /// Keeps MPI from being finalised before the requests are freed.
    _session: Arc<Session>,
}

// SAFETY: requests are handles that MPI lets any thread use, one call at a time, which the lock ensures.
unsafe impl Send for Persistent {}

impl Persistent {
    fn new(comm: &Mpi, sends: &[(usize, usize)], receives: &[(usize, usize)]) -> Self {
        let buffers =
            |list: &[(usize, usize)]| -> Vec<_> { list.iter().map(|m| AlignedBytes::zeroed(m.1)).collect() };
        let tag = comm.session.exchanges.fetch_add(1, Ordering::Relaxed) % EXCHANGES * PIECES;
        let mut new = Self {
            sends: buffers(sends),
            receives: buffers(receives),
            requests: Vec::new(),
            active: false,
            _session: Arc::clone(&comm.session),
        };
        let _one = serialized();
        let lists = [(receives, &mut new.receives, true), (sends, &mut new.sends, false)];
        for (list, buffers, receiving) in lists {
            for (&(peer, bytes), buffer) in list.iter().zip(buffers) {
                assert!(
                    bytes.div_ceil(comm.piece) <= PIECES,
                    "a message of {bytes} bytes to or from rank {peer} is too long: use more ranks"
                );
                for (i, piece) in buffer.as_mut().chunks_mut(comm.piece).enumerate() {
                    new.requests.push(request(piece, peer as c_int, (tag + i) as c_int, receiving));
                }
            }
        }
        new
    }

    fn count(&self) -> c_int {
        self.requests.len() as c_int
    }
}

/// A persistent request over `bytes`, which must stay in place until it is freed. MPI's errors end the job (the default
/// error handler), so return codes say nothing.
fn request(bytes: &mut [u8], peer: c_int, tag: c_int, receiving: bool) -> ffi::MPI_Request {
    let (at, count) = (bytes.as_mut_ptr().cast(), bytes.len() as c_int);
    // SAFETY: the buffer is `count` bytes long and outlives the request: `Persistent` frees its requests before its buffers,
    // which never grow. The handle is written before it is read.
    unsafe {
        let mut request = ffi::RSMPI_REQUEST_NULL;
        if receiving {
            ffi::MPI_Recv_init(at, count, ffi::RSMPI_UINT8_T, peer, tag, world().as_raw(), &mut request);
        } else {
            ffi::MPI_Send_init(at, count, ffi::RSMPI_UINT8_T, peer, tag, world().as_raw(), &mut request);
        }
        request
    }
}

impl Exchange for Persistent {
    fn send_buffer(&mut self, i: usize) -> &mut [u8] {
        assert!(!self.active, "a send buffer is not to be touched between start and finish");
        self.sends[i].as_mut()
    }

    fn receive_buffer(&self, i: usize) -> &[u8] {
        assert!(!self.active, "a receive buffer is not valid between start and finish");
        self.receives[i].as_ref()
    }

    fn start(&mut self) {
        assert!(!std::mem::replace(&mut self.active, true), "an exchange was started twice");
        let _one = serialized();
        // SAFETY: all requests are persistent and inactive; nobody touches the buffers while `active`.
        unsafe { ffi::MPI_Startall(self.count(), self.requests.as_mut_ptr()) };
    }

    fn progress(&mut self) {
        let (mut done, _one) = (0, serialized());
        // SAFETY: as many requests as said; those completed become inactive, which `finish` allows.
        unsafe {
            ffi::MPI_Testall(self.count(), self.requests.as_mut_ptr(), &mut done, ffi::RSMPI_STATUSES_IGNORE)
        };
    }

    fn finish(&mut self) {
        assert!(self.active, "an exchange was finished without a start");
        let _one = serialized();
        // SAFETY: as many requests as said.
        unsafe { ffi::MPI_Waitall(self.count(), self.requests.as_mut_ptr(), ffi::RSMPI_STATUSES_IGNORE) };
        self.active = false;
    }
}

impl Drop for Persistent {
    fn drop(&mut self) {
        if mpi::environment::is_finalized() {
            return;
        }
        if self.active {
            self.finish();
        }
        let _one = serialized();
        for request in &mut self.requests {
            // SAFETY: an inactive persistent request, freed once.
            unsafe { ffi::MPI_Request_free(request) };
        }
    }
}
