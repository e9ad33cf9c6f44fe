//! Memory that this process takes, as the system counts it. Only Linux tells; elsewhere there are no figures.

/// Bytes of a process that are in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Now.
    pub now: u64,
    /// The most so far, or since [`reset_peak`].
    pub peak: u64,
}

/// This process's memory.
pub fn resident() -> Option<Resident> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Lets the peak start anew from what is in memory now; false where that is not possible.
pub fn reset_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

fn parse(status: &str) -> Option<Resident> {
    let bytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    Some(Resident { now: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_figures_are_found_among_the_others() {
        let text =
            "Name:\tsolver\nVmPeak:\t  900 kB\nVmHWM:\t     300 kB\nVmRSS:\t     200 kB\nThreads:\t1\n";
        assert_eq!(parse(text), Some(Resident { now: 200 << 10, peak: 300 << 10 }));
        assert_eq!(parse("VmHWM:\t12 pages\nVmRSS:\t1 kB\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_array_that_was_touched_is_in_the_peak() {
        let before = resident().unwrap();
        let array = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(resident().unwrap().now >= before.now.min(before.peak) + array.len() as u64 / 2);
        drop(array);
        assert!(resident().unwrap().peak >= 64 << 20);
    }
}
