use crate::Error;

/// Why a transaction did not come about. Nothing of it counts, or, in the last case, nobody can tell yet.
#[derive(Debug)]
pub enum TransactionError {
    /// It was aborted. The next one may come about.
    Abortable(Box<Error>),
    /// It cannot be tried again with any prospect.
    Fatal(Box<Error>),
    /// This producer can do nothing more: another one under the same name learns what became of it.
    ProducerInvalid(Box<Error>),
}

impl TransactionError {
    /// What went wrong.
    pub fn error(&self) -> &Error {
        match self {
            Self::Abortable(error) | Self::Fatal(error) | Self::ProducerInvalid(error) => error,
        }
    }

    /// What went wrong.
    pub fn into_error(self) -> Error {
        match self {
            Self::Abortable(error) | Self::Fatal(error) | Self::ProducerInvalid(error) => *error,
        }
    }
}
