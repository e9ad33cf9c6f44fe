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
        let mut peers: Vec<usize> = list.iter().map(|m| m.0).collect();
        peers.sort_unstable();
        if let Some(peer) = peers.iter().find(|peer| **peer >= size) {
            panic!("rank {me} {what} rank {peer}, but there are only {size} ranks");
        }
        if let Some(twice) = peers.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("rank {me} {what} rank {} twice in one exchange", twice[0]);
        }
    }
    // Sums of all that is sent and all that is expected. Lists of all ranks, which take memory on each, only for the error.
    let sum = |words: &mut dyn Iterator<Item = u64>| words.fold(0, u64::wrapping_add);
    let mut balance = [
        sum(&mut sends.iter().map(|&(to, bytes)| mixed(me, to, bytes))),
        sum(&mut receives.iter().map(|&(from, bytes)| mixed(from, me, bytes))),
    ];
    comm.sum_u64(&mut balance);
    if balance[0] == balance[1] {
        return;
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

/// A message as a number that others hardly have: G. L. Steele et al., "Fast splittable pseudorandom number generators",
/// OOPSLA 2014 (SplitMix64), once for each of its parts.
fn mixed(from: usize, to: usize, bytes: usize) -> u64 {
    [from, to, bytes].into_iter().fold(0, |state, part| {
        let mut z = (state ^ part as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

fn describe(bytes: Option<u64>) -> String {
    bytes.map_or("nothing".to_owned(), |n| format!("{n} bytes"))
}
