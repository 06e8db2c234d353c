use crate::Error;

/// Why a transaction failed. Nothing of it counts; in the last case that is not known yet.
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
