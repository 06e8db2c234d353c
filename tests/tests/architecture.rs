//! The dependency rule: dependencies point one way, and only the edges do I/O.
//!
//! `cli` and `tests` stand on `offsets-kafka` and the other edges, these and `wasm` stand on `offsets-core`, and `offsets-core`
//! stands on nothing that could touch the world: what it may stand on is a list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Who may name rdkafka in a manifest: the Kafka edge, and the packages that test and measure against real brokers.
const MAY_NAME_RDKAFKA: [&str; 3] = ["offsets-kafka", "offsets-tests", "offsets-benches"];

/// Who may name a storage engine.
const MAY_NAME_AN_ENGINE: [&str; 1] = ["offsets-store"];

/// Every crate that `offsets-core` may stand on.
const UNDER_THE_CORE: [&str; 29] = [
    "allocator-api2",
    "base64",
    "csv",
    "csv-core",
    "equivalent",
    "foldhash",
    "hashbrown",
    "itoa",
    "jiff",
    "jiff-core",
    "memchr",
    "offsets-core",
    "offsets-record",
    "proc-macro2",
    "quote",
    "regex",
    "regex-automata",
    "regex-syntax",
    "ryu",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "syn",
    "thiserror",
    "thiserror-impl",
    "twox-hash",
    "unicode-ident",
    "zmij",
];

/// Most crates, ours among them, that a program compiles that uses an operator and no feature.
const MOST_UNDER_AN_OPERATOR: usize = 12;

#[test]
fn only_the_kafka_edge_and_what_tests_it_name_rdkafka() -> Result<()> {
    for (package, dependencies) in manifests()? {
        for client in ["rdkafka", "rdkafka-sys"] {
            let may = MAY_NAME_RDKAFKA.contains(&package.as_str());
            ensure!(may || !dependencies.contains(client), "{package} names {client}");
        }
    }
    Ok(())
}

#[test]
fn only_the_store_names_its_engines() -> Result<()> {
    for (package, dependencies) in manifests()? {
        let may = MAY_NAME_AN_ENGINE.contains(&package.as_str());
        for engine in ["sled", "redb"] {
            ensure!(may || !dependencies.contains(engine), "{package} names {engine}");
        }
    }
    Ok(())
}

#[test]
fn the_store_and_the_kafka_edge_do_not_know_each_other() -> Result<()> {
    ensure!(!tree("offsets-store")?.contains("offsets-kafka"));
    ensure!(!tree("offsets-kafka")?.contains("offsets-store"));
    Ok(())
}

#[test]
fn the_core_stands_on_nothing_that_is_not_listed() -> Result<()> {
    let tree = tree("offsets-core")?;
    let listed: BTreeSet<String> = UNDER_THE_CORE.iter().map(|name| (*name).to_owned()).collect();
    let (new, gone): (Vec<_>, Vec<_>) =
        (tree.difference(&listed).collect(), listed.difference(&tree).collect());
    ensure!(new.is_empty(), "offsets-core stands on {new:?}, which the list here does not have");
    ensure!(gone.is_empty(), "offsets-core does not stand on {gone:?} any more: take them off the list here");
    Ok(())
}

#[test]
fn a_program_that_uses_one_operator_compiles_few_crates() -> Result<()> {
    let tree = tree_with("offsets-reconcile", &["--no-default-features"])?;
    ensure!(tree.len() <= MOST_UNDER_AN_OPERATOR, "{} crates: {tree:?}", tree.len());
    Ok(())
}

#[test]
fn the_command_and_the_web_module_do_not_know_each_other() -> Result<()> {
    ensure!(!tree("offsets-cli")?.contains("offsets-wasm"));
    ensure!(!tree("offsets-wasm")?.contains("offsets-cli"));
    Ok(())
}

#[test]
fn the_web_module_stands_on_the_core_alone() -> Result<()> {
    let manifests = manifests()?;
    let tree = tree("offsets-wasm")?;
    let ours: Vec<_> = tree.iter().filter(|name| manifests.contains_key(*name)).collect();
    let allowed = |name: &str| ["offsets-wasm", "offsets-core", "offsets-record"].contains(&name);
    ensure!(ours.iter().all(|name| allowed(name)), "offsets-wasm stands on {ours:?}");
    Ok(())
}

#[test]
fn every_file_in_a_folder_of_tests_is_part_of_a_test() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for package in [
        "crates/offsets-core",
        "crates/offsets-kafka",
        "crates/offsets-reconcile",
        "crates/offsets-sim",
        "crates/offsets-store",
        "cli",
        "tests",
    ] {
        let mut folders = vec![root.join(package).join("tests")];
        while let Some(folder) = folders.pop() {
            let paths = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
            let (inner, files): (Vec<_>, Vec<_>) =
                paths.collect::<Result<Vec<_>>>()?.into_iter().partition(|path| path.is_dir());
            folders.extend(inner);
            let files: Vec<_> =
                files.into_iter().filter(|path| path.extension() == Some("rs".as_ref())).collect();
            let Some(root) = files.iter().find(|path| path.ends_with("main.rs") || path.ends_with("mod.rs"))
            else {
                continue;
            };
            let text = std::fs::read_to_string(root)?;
            for file in files.iter().filter(|file| *file != root) {
                let name = file.file_stem().and_then(|name| name.to_str()).context("a name")?;
                ensure!(text.contains(&format!("mod {name};")), "nothing runs {}", file.display());
                seen += 1;
            }
        }
    }
    ensure!(seen > 0, "there are no such files");
    Ok(())
}

/// The map in ARCHITECTURE.md: what it names exists, and each crate and each folder of its code is named.
#[test]
fn the_map_of_the_architecture_is_whole_and_true() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let map =
        text.split("## The map").nth(1).and_then(|rest| rest.split("\n## ").next()).context("no map")?;
    let (mut named, mut package) = (BTreeSet::new(), PathBuf::new());
    for line in map.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = line.split_whitespace().next().filter(|_| indent <= 6) else { continue };
        let path = match indent {
            4 => {
                package = PathBuf::from(name);
                package.clone()
            }
            _ if root.join(&package).join("src").is_dir() => package.join("src").join(name),
            _ => package.join(name),
        };
        ensure!(root.join(&path).exists(), "the map names {}, which does not exist", path.display());
        named.insert(path.components().collect::<PathBuf>());
    }
    for package in ["crates/*", "cli", "wasm", "tests", "benches", "findings", "xtask"] {
        let packages = match package.strip_suffix("/*") {
            Some(folder) => {
                folders(&root.join(folder))?.iter().map(|name| Path::new(folder).join(name)).collect()
            }
            None => vec![PathBuf::from(package)],
        };
        for package in packages {
            ensure!(named.contains(&package), "the map does not name {}", package.display());
            if !package.starts_with("crates") && package != Path::new("cli") {
                continue;
            }
            for folder in folders(&root.join(&package).join("src"))? {
                let folder = package.join("src").join(folder);
                ensure!(named.contains(&folder), "the map does not name {}", folder.display());
            }
        }
    }
    Ok(())
}

/// The folders in one that hold something.
fn folders(parent: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && std::fs::read_dir(entry.path())?.next().is_some() {
            names.push(entry.file_name().to_str().context("a name")?.to_owned());
        }
    }
    Ok(names)
}

/// A run that is to stop ends whatever it waits for: in the runner no deadline is made that the stop does not end.
#[test]
fn every_deadline_of_the_runner_is_ended_by_its_stop() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/offsets-streams/src");
    let (mut folders, mut seen) = (vec![root], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for made in code.split("Deadline::after(").skip(1) {
                let statement = made.split(';').next().unwrap_or_default();
                let is_bound = statement.contains(".or_stop(") || statement.contains(".or_after_stop(");
                ensure!(is_bound, "{}: Deadline::after({statement}", path.display());
                seen += 1;
            }
        }
    }
    ensure!(seen > 0, "there are no such deadlines");
    Ok(())
}

/// What each package of the workspace names in its manifest, dependencies of tests and builds among them.
fn manifests() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let manifest = |package: &Value| {
        let dependencies = package["dependencies"].as_array()?.iter().filter_map(name).collect();
        Some((name(package)?, dependencies))
    };
    Ok(packages.iter().filter_map(manifest).collect())
}

/// Everything that `package` stands on when it is built, itself among them.
fn tree(package: &str) -> Result<BTreeSet<String>> {
    tree_with(package, &["--all-features"])
}

/// The same with some of its features.
fn tree_with(package: &str, features: &[&str]) -> Result<BTreeSet<String>> {
    let arguments = ["tree", "--package", package, "--edges", "normal,build"];
    let printed = ["--prefix", "none", "--format", "{p}", "--locked"];
    let text = cargo(&[&arguments[..], features, &printed].concat())?;
    let names: BTreeSet<String> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    ensure!(names.contains(package), "cargo tree does not know {package}");
    Ok(names)
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = command.current_dir(workspace).args(arguments).output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
