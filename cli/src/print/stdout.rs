use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

/// Standard output, for as long as somebody reads it. `| head` ends no command half-way: what it does beside printing is done, and
/// its exit code is its own.
pub(crate) fn stdout() -> BufWriter<Heard<Stdout>> {
    BufWriter::new(Heard::new(io::stdout()))
}

/// A writer to which nothing is said any more once the reader is gone.
pub(crate) struct Heard<W> {
    out: W,
    is_gone: bool,
}

impl<W: Write> Heard<W> {
    fn new(out: W) -> Self {
        Self { out, is_gone: false }
    }

    fn say<T>(&mut self, say: impl FnOnce(&mut W) -> io::Result<T>, unsaid: T) -> io::Result<T> {
        if self.is_gone {
            return Ok(unsaid);
        }
        match say(&mut self.out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_gone = true;
                Ok(unsaid)
            }
            said => said,
        }
    }
}

impl<W: Write> Write for Heard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.say(|out| out.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.say(W::flush, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and has then gone for this reason.
    struct Taker(usize, ErrorKind);

    impl Write for Taker {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(self.1)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_is_gone_stops_nothing_and_a_full_disk_does() {
        let mut heard = Heard::new(Taker(3, ErrorKind::BrokenPipe));
        for _ in 0..3 {
            assert!(heard.write_all(b"ab").and_then(|()| heard.flush()).is_ok());
        }
        let mut heard = Heard::new(Taker(3, ErrorKind::StorageFull));
        assert!(heard.write_all(b"ab").is_ok());
        assert!(heard.write_all(b"ab").is_err());
    }
}
