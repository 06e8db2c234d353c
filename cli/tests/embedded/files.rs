//! Every file is written by one module and every text file read by another: a new caller of the library below them would bring
//! back modes of temporary files, half-written files and byte order marks.

use std::fs;
use std::path::{Path, PathBuf};

/// The sources of the command.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The sources that have one of these words, without what is behind their own tests.
fn with(words: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let has = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        words.iter().any(|word| code.contains(word))
    };
    let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
    let mut names: Vec<_> = found.iter().filter(|path| has(path)).map(name).collect();
    names.sort();
    names
}

/// P15, https://github.com/Stebalien/tempfile/issues/157 and https://github.com/chenxiaolong/avbroot/pull/122.
#[test]
fn files_are_written_in_one_place() {
    let writers = with(&["fs::write(", "File::create", "OpenOptions", "NamedTempFile", ".persist"]);
    assert_eq!(writers, ["new_file.rs"]);
}

/// P12, https://github.com/jqlang/jq/issues/45.
#[test]
fn text_files_are_read_in_one_place() {
    let readers = with(&["read_to_string(", "fs::read(", "File::open("]);
    // A folder that is flushed, and copies of state, which are no text.
    assert_eq!(readers, ["command/state.rs", "new_file.rs", "text.rs"]);
}
