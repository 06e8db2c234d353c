use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

/// Standard output, for as long as it has a reader. `| head` ends no command half-way: what it does beside printing is done, and
/// its exit code is its own.
pub(crate) fn stdout() -> BufWriter<IgnoreBrokenPipe<Stdout>> {
    BufWriter::new(IgnoreBrokenPipe::new(io::stdout()))
}

/// A writer to which nothing is said any more once the reader is gone.
pub(crate) struct IgnoreBrokenPipe<W> {
    out: W,
    is_closed: bool,
}

impl<W: Write> IgnoreBrokenPipe<W> {
    fn new(out: W) -> Self {
        Self { out, is_closed: false }
    }

    fn attempt<T>(&mut self, write: impl FnOnce(&mut W) -> io::Result<T>, otherwise: T) -> io::Result<T> {
        if self.is_closed {
            return Ok(otherwise);
        }
        match write(&mut self.out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for IgnoreBrokenPipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|out| out.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(W::flush, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes this number of bytes, then fails for this reason.
    struct FailingWriter(usize, ErrorKind);

    impl Write for FailingWriter {
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
        let mut writer = IgnoreBrokenPipe::new(FailingWriter(3, ErrorKind::BrokenPipe));
        for _ in 0..3 {
            assert!(writer.write_all(b"ab").and_then(|()| writer.flush()).is_ok());
        }
        let mut writer = IgnoreBrokenPipe::new(FailingWriter(3, ErrorKind::StorageFull));
        assert!(writer.write_all(b"ab").is_ok());
        assert!(writer.write_all(b"ab").is_err());
    }
}
