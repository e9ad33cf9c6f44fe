//! One rank: nobody to talk to.

use super::buffer::AlignedBytes;
use super::{Communicator, Exchange, Reduce, checks, order};
use std::sync::Arc;

/// The only rank of a run that was not started by a parallel launcher.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Communicator for Serial {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn local_rank(&self) -> usize {
        0
    }

    fn local_size(&self) -> usize {
        1
    }

    fn barrier(&self) {}

    fn reduce_f64(&self, op: Reduce, values: &mut [f64]) {
        // Even alone: NaN comes out as the same NaN as from many ranks.
        for v in values {
            *v = order::value(order::key(op, *v));
        }
    }

    fn sum_u64(&self, _values: &mut [u64]) {}

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        vec![bytes.to_vec()]
    }

    fn broadcast(&self, _root: usize, _bytes: &mut Vec<u8>) {}

    fn exchange(self: Arc<Self>, sends: &[(usize, usize)], receives: &[(usize, usize)]) -> Box<dyn Exchange> {
        checks::check_exchange(&*self, sends, receives);
        let send = AlignedBytes::zeroed(sends.first().map_or(0, |s| s.1));
        let receive = AlignedBytes::zeroed(send.len());
        Box::new(ToMyself { send, receive })
    }

    fn abort(&self, code: i32) -> ! {
        // The one place below the command line that may end the process: it is what the caller asks for, and with one
        // rank there is nobody else to tell.
        // Another thread may be writing a file.
        crate::files::abandon();
        std::process::exit(code)
    }
}

/// A rank's message to itself.
struct ToMyself {
    send: AlignedBytes,
    receive: AlignedBytes,
}

impl Exchange for ToMyself {
    fn send_buffer(&mut self, _i: usize) -> &mut [u8] {
        self.send.as_mut()
    }

    fn receive_buffer(&self, _i: usize) -> &[u8] {
        self.receive.as_ref()
    }

    fn start(&mut self) {}

    fn finish(&mut self) {
        self.receive.as_mut().copy_from_slice(self.send.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_can_send_to_itself() {
        let mut exchange = Arc::new(Serial).exchange(&[(0, 100)], &[(0, 100)]);
        for cycle in 0..3 {
            exchange.send_buffer(0).fill(cycle);
            exchange.start();
            exchange.progress();
            exchange.finish();
            assert_eq!(exchange.receive_buffer(0), vec![cycle; 100]);
            assert_eq!(exchange.receive_buffer(0).as_ptr() as usize % 64, 0);
        }
    }

    #[test]
    fn alone_means_unchanged() {
        let mut values = [1.5, -0.0, f64::NEG_INFINITY];
        Serial.reduce_f64(Reduce::Max, &mut values);
        assert_eq!(values.map(f64::to_bits), [1.5, -0.0, f64::NEG_INFINITY].map(f64::to_bits));
        assert_eq!(Serial.all_gather(b"me"), [b"me"]);
    }
}
