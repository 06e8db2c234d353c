//! Where things are in this workspace.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or_else(|| xtask.to_owned(), Path::to_owned)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR");
    workspace().join(folder.unwrap_or_else(|| "target".into()))
}

/// What the rig of `tests/` needs and leaves.
pub(crate) fn rig() -> PathBuf {
    target().join("rig")
}

/// Tools that setup installs for this workspace alone.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}
