//! What tests and checks need beyond Rust: found where it is installed, else installed, else named in the error.
//!
//! Programs come from the distribution's packages (`apt-get`, as root); what only this workspace uses goes under
//! `target/`. Nothing else on the machine is changed.

mod apt;
mod browser;
mod deny;
mod jars;
mod wasm;

use anyhow::{Result, bail};

use self::apt::Apt;
use crate::command::answer;

pub(crate) use self::browser::{browser, bundler};
pub(crate) use self::deny::deny;
pub(crate) use self::wasm::Toolchain as WasmToolchain;

/// One thing that is needed.
pub(crate) struct Need {
    /// What it is, with the least version.
    name: &'static str,
    /// What is there, if it will do.
    find: fn() -> Option<String>,
    /// Tries to get it.
    get: fn(&mut Apt) -> Result<()>,
    /// How a person gets it.
    remedy: &'static str,
}

/// rdkafka builds librdkafka with its own makefiles.
pub(crate) const C_TOOLS: Need = Need {
    name: "C and C++ compiler and make",
    find: || {
        answer("c++", &["--version"]).and(answer("cc", &["--version"]))?;
        first_line(&answer("make", &["--version"])?)
    },
    get: |apt| apt.install(&["build-essential"]),
    remedy: "install build-essential",
};

/// Kafka 4 runs on Java 17 and newer.
pub(crate) const JAVA: Need = Need {
    name: "Java 17 or newer",
    find: || {
        let program = match std::env::var("JAVA_HOME") {
            Ok(home) => format!("{home}/bin/java"),
            Err(_) => "java".to_owned(),
        };
        first_line(&answer(&program, &["-version"])?).filter(|version| java_release(version) >= Some(17))
    },
    get: |apt| {
        // the default of an old distribution is too old, the named version is missing from a new one
        apt.install(&["default-jre-headless"])?;
        if (JAVA.find)().is_none() { apt.install(&["openjdk-17-jre-headless"]) } else { Ok(()) }
    },
    remedy: "install openjdk-17-jre-headless or newer, or point JAVA_HOME at one",
};

/// A broker, MirrorMaker 2 and Kafka's tools, from Maven's central repository.
pub(crate) const JARS: Need = Need {
    name: "Kafka jars",
    find: || jars::RIG.find(),
    get: |apt| jars::RIG.get(apt),
    remedy: "install maven and a way to its central repository, then run `cargo xtask setup` again",
};

/// What reconciliation is measured beside, from Maven's central repository. No test needs it.
pub(crate) const STREAMS_JARS: Need = Need {
    name: "Kafka Streams jars",
    find: || jars::STREAMS.find(),
    get: |apt| jars::STREAMS.get(apt),
    remedy: "install maven and a way to its central repository, then run `cargo xtask bench streams` again",
};

/// Runs the tests of the WebAssembly module.
pub(crate) const NODE: Need = Need {
    name: "Node 18 or newer",
    find: || answer("node", &["--version"]).filter(|version| node_release(version) >= Some(18)),
    get: |apt| apt.install(&["nodejs"]),
    remedy: "install nodejs",
};

/// Builds the WebAssembly module.
pub(crate) const WASM: Need = Need {
    name: "a toolchain for wasm32-unknown-unknown",
    find: wasm::find,
    get: wasm::get,
    remedy: "run `rustup target add wasm32-unknown-unknown`",
};

/// Opens a page that uses the WebAssembly module.
pub(crate) const BROWSER: Need = Need {
    name: "Chromium",
    find: browser::find_browser,
    get: browser::get_browser,
    remedy: browser::BROWSER_REMEDY,
};

/// Bundles a program that uses the npm package.
pub(crate) const BUNDLER: Need = Need {
    name: "esbuild",
    find: browser::find_bundler,
    get: browser::get_bundler,
    remedy: browser::BUNDLER_REMEDY,
};

/// Parent-death signals and process groups of the rig.
pub(crate) const SETPRIV: Need = Need {
    name: "setpriv (Linux)",
    find: || answer("setpriv", &["--version"]),
    get: |apt| apt.install(&["util-linux"]),
    remedy: "install util-linux; the rig runs on Linux only",
};

/// Checks licences, bans and sources of dependencies.
pub(crate) const DENY: Need =
    Need { name: "cargo-deny", find: deny::find, get: deny::get, remedy: deny::REMEDY };

/// What the tests need.
pub(crate) const FOR_TESTS: &[Need] = &[C_TOOLS, SETPRIV, JAVA, JARS, NODE, WASM, BROWSER, BUNDLER];

/// What the rig alone needs.
pub(crate) const FOR_RIG: &[Need] = &[C_TOOLS, SETPRIV, JAVA, JARS];

/// What any chore needs.
pub(crate) const EVERYTHING: &[Need] = &[C_TOOLS, SETPRIV, JAVA, JARS, NODE, WASM, BROWSER, BUNDLER, DENY];

/// Finds or gets all of `needs`.
///
/// # Errors
///
/// When something is missing and cannot be installed here: each such thing is named, with the reason and how to get
/// it.
pub(crate) fn bring(needs: &[Need]) -> Result<()> {
    let mut apt = Apt::default();
    let mut missing = Vec::new();
    for need in needs {
        let found = (need.find)().map_or_else(|| get(need, &mut apt), Ok);
        match found {
            Ok(found) => eprintln!("{}: {found}", need.name),
            Err(why) => missing.push(format!("  {}: {why:#}; {}", need.name, need.remedy)),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing, and not to be installed from here:\n{}", missing.join("\n"))
}

fn get(need: &Need, apt: &mut Apt) -> Result<String> {
    eprintln!("{}: not found, getting it", need.name);
    (need.get)(apt)?;
    match (need.find)() {
        Some(found) => Ok(found),
        None => bail!("what was installed does not do"),
    }
}

fn first_line(text: &str) -> Option<String> {
    text.lines().next().map(str::to_owned)
}

/// The 17 of `openjdk version "17.0.15" 2025-04-15`; the 8 of `java version "1.8.0_292"` is a 1.
fn java_release(version: &str) -> Option<u32> {
    number_at(version.split('"').nth(1)?)
}

/// The 20 of `v20.20.2`.
fn node_release(version: &str) -> Option<u32> {
    number_at(version.strip_prefix('v')?)
}

fn number_at(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_what_the_programs_print() {
        assert_eq!(java_release("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(java_release("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(java_release("java version \"1.8.0_292\""), Some(1));
        assert_eq!(java_release("bash: java: command not found"), None);
        assert_eq!(node_release("v20.20.2"), Some(20));
        assert_eq!(node_release("nothing"), None);
    }

    #[test]
    fn everything_that_is_missing_is_named_with_its_remedy() {
        const LAMP: Need = Need {
            name: "a lamp",
            find: || None,
            get: |_| bail!("the shop is closed"),
            remedy: "wait for the morning",
        };
        const SUN: Need = Need { name: "the sun", find: || None, get: |_| Ok(()), remedy: "wait longer" };
        let error = bring(&[LAMP, SUN]).unwrap_err().to_string();
        assert!(error.contains("a lamp: the shop is closed; wait for the morning"), "{error}");
        assert!(error.contains("the sun: what was installed does not do; wait longer"), "{error}");
    }
}
