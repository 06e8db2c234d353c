use crate::Error;

/// Why a transaction did not come about. Nothing of it counts, or, in the last case, nobody can tell yet.
#[derive(Debug)]
pub enum Setback {
    /// It was aborted. The next one may come about.
    Aborted(Box<Error>),
    /// It cannot be tried again with any prospect.
    Final(Box<Error>),
    /// This producer can do nothing more: another one under the same name learns what became of it.
    Spent(Box<Error>),
}

impl Setback {
    /// What went wrong.
    pub fn error(&self) -> &Error {
        match self {
            Self::Aborted(error) | Self::Final(error) | Self::Spent(error) => error,
        }
    }

    /// What went wrong.
    pub fn into_error(self) -> Error {
        match self {
            Self::Aborted(error) | Self::Final(error) | Self::Spent(error) => *error,
        }
    }
}
