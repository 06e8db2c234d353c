use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Which spaces of a log are open in a table of this process; clones of a log share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<BTreeSet<u32>>>);

/// The claim on one space of a log, which ends when it is dropped.
///
/// Two tables over one space would each write what the other does not know of, so that half of it is lost.
#[derive(Debug)]
pub struct Claim {
    space: u32,
    /// `None` where a log has no other handle that a second table could be opened over.
    shared: Option<Claims>,
}

impl Claims {
    /// `None` where the space is claimed already.
    pub(crate) fn claim(&self, space: u32) -> Option<Claim> {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.insert(space).then(|| Claim { space, shared: Some(self.clone()) })
    }
}

impl Claim {
    /// The claim on a space of a log that is its only handle.
    pub fn unshared(space: u32) -> Self {
        Self { space, shared: None }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(Claims(claimed)) = &self.shared {
            claimed.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.space);
        }
    }
}
