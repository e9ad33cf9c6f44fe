//! What every communicator checks when an exchange is set up, so that a mistake is a sentence and not a hang.

use super::Communicator;

/// Compares the lists of all ranks; collective.
///
/// # Panics
/// When a rank is out of range or named twice, or when the two sides of a message disagree on its size. Every rank
/// compares its own messages, so at least one of the two sides speaks.
pub(super) fn check_exchange(comm: &dyn Communicator, sends: &[(usize, usize)], receives: &[(usize, usize)]) {
    let (me, size) = (comm.rank(), comm.size());
    for (list, what) in [(sends, "sends to"), (receives, "receives from")] {
        let mut seen = vec![false; size];
        for &(peer, _) in list {
            assert!(peer < size, "rank {me} {what} rank {peer}, but there are only {size} ranks");
            assert!(
                !std::mem::replace(&mut seen[peer], true),
                "rank {me} {what} rank {peer} twice in one exchange"
            );
        }
    }
    let words: Vec<u64> = sends.iter().flat_map(|&(peer, bytes)| [peer as u64, bytes as u64]).collect();
    let sent: Vec<Vec<u64>> = comm
        .all_gather(bytemuck::cast_slice(&words))
        .iter()
        .map(|b| bytemuck::pod_collect_to_vec(b))
        .collect();
    let expected = |from: usize| receives.iter().find(|r| r.0 == from).map(|r| r.1 as u64);
    for (from, list) in sent.iter().enumerate() {
        let offered = list.chunks_exact(2).find(|m| m[0] == me as u64).map(|m| m[1]);
        assert!(
            offered == expected(from),
            "an exchange does not match: rank {from} sends {} to rank {me}, which expects {}",
            describe(offered),
            describe(expected(from)),
        );
    }
}

fn describe(bytes: Option<u64>) -> String {
    bytes.map_or("nothing".to_owned(), |n| format!("{n} bytes"))
}
