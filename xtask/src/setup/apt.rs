//! Packages of Debian and its kin.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{answer, run};

/// `apt-get`, whose package lists are refreshed once, before the first installation.
#[derive(Default)]
pub(crate) struct Apt {
    refreshed: bool,
}

impl Apt {
    /// Installs packages.
    ///
    /// # Errors
    ///
    /// When this is not root, there is no `apt-get`, or it fails.
    pub(crate) fn install(&mut self, packages: &[&str]) -> Result<()> {
        if answer("apt-get", &["--version"]).is_none() {
            bail!("there is no apt-get to install {} with", packages.join(" "));
        }
        if answer("id", &["-u"]).as_deref() != Some("0") {
            bail!("not root, so apt-get cannot install {}", packages.join(" "));
        }
        if !self.refreshed {
            run(apt_get().args(["-q", "update"]))?;
            self.refreshed = true;
        }
        run(apt_get().args(["-q", "install", "-y", "--no-install-recommends"]).args(packages))
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // there is no terminal to answer a question
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    command
}
