use std::fmt;
use std::sync::Arc;

use offsets_core::config::{Place, ProviderAccess, Providers, ReferenceError, Resolved};

/// A property as it was written, its references in place. Until it is understood, it counts as a secret.
#[derive(Clone)]
pub(super) struct RawProperty {
    pub(super) value: String,
    pub(super) place: Option<Place>,
    /// What fills in its references.
    pub(super) providers: Arc<Providers>,
    /// Whether it is left out when its references lead nowhere.
    pub(super) is_optional: bool,
}

impl RawProperty {
    pub(super) fn resolve(&self, access: &dyn ProviderAccess) -> Result<Resolved, ReferenceError> {
        self.providers.resolve(&self.value, access)
    }
}

impl fmt::Debug for RawProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
