//! A folder that cannot outlive the process that made it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use super::jars::workspace_target;

/// What the watcher runs: it waits until the pipe closes, that is until its owner is gone in whatever way, and
/// removes the folder. A killed broker may still be writing, so it tries more than once.
const WATCH: &str = r#"cat > /dev/null; for i in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$1" && exit; done"#;

/// A folder under `target/rig/run`, removed when this value is dropped or when this process dies, even by SIGKILL.
pub struct Scratch {
    folder: PathBuf,
    watcher: Child,
}

impl Scratch {
    /// Makes the folder and sets the watch on it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            workspace_target().join("rig").join("run").join(format!("{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let mut watcher = Command::new("sh");
        watcher.args(["-c", WATCH, "sh"]).arg(&folder).stdin(Stdio::piped());
        // its own group: an interrupt at the terminal must not reach the one who cleans up after it
        let watcher = watcher.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        Ok(Self { folder, watcher: watcher.context("run sh")? })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// A new folder inside it.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        self.watcher.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_gone_with_its_owner() {
        let scratch = Scratch::new().unwrap();
        let folder = scratch.folder("data").unwrap();
        fs::write(folder.join("log"), "x").unwrap();
        drop(scratch);
        assert!(!folder.parent().unwrap().exists());
    }
}
