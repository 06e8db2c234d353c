//! The words of the project: Kafka's and the field's own. `words.tsv` lists those that are not used, with what is written instead.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::places;

/// A word that is not used.
struct Unused {
    word: String,
    instead: String,
}

/// Files whose text is prose or code of this project.
const ENDINGS: [&str; 5] = ["rs", "md", "toml", "sh", "ts"];

/// Folders of what is built or brought.
const MADE: [&str; 3] = ["target", "pkg", "node_modules"];

/// The change log names what things were called before, and the list names the words themselves.
const LEFT_OUT: [&str; 3] = ["CHANGELOG.md", "xtask/words.tsv", "xtask/src/words.rs"];

/// Looks for unused words in every file of the project.
///
/// # Errors
///
/// Names each with its file and line, and what is written instead.
pub(crate) fn check() -> Result<()> {
    let root = places::workspace();
    let list = std::fs::read_to_string(root.join("xtask/words.tsv")).context("read xtask/words.tsv")?;
    let unused = read(&list)?;
    let mut found = Vec::new();
    for path in files(&root)? {
        let text =
            std::fs::read_to_string(root.join(&path)).with_context(|| format!("read {}", path.display()))?;
        let lines = places_of(&unused, &text).into_iter();
        found.extend(lines.map(|(line, unused)| {
            format!("{}:{line}: `{}`: write {}", path.display(), unused.word, unused.instead)
        }));
    }
    ensure!(found.is_empty(), "{}\n{} words of xtask/words.tsv are used", found.join("\n"), found.len());
    Ok(())
}

fn read(list: &str) -> Result<Vec<Unused>> {
    let rows = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let (word, instead) = row.split_once('\t').with_context(|| format!("no tab in {row:?}"))?;
        Ok(Unused { word: word.to_owned(), instead: instead.to_owned() })
    })
    .collect()
}

/// The line, from 1, of each place where one of the words stands.
fn places_of<'u>(unused: &'u [Unused], text: &str) -> Vec<(usize, &'u Unused)> {
    let mut places = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let hits = unused.iter().filter(|unused| stands_in(&unused.word, line));
        places.extend(hits.map(|unused| (number, unused)));
    }
    places
}

fn stands_in(word: &str, line: &str) -> bool {
    let is_part_of_a_name = word.starts_with(|first: char| first.is_ascii_uppercase());
    let lowered = line.to_lowercase();
    let line = if is_part_of_a_name { line } else { &lowered };
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let ends = after.is_none_or(|after| !after.is_lowercase());
        if is_part_of_a_name {
            return ends;
        }
        ends && before.is_none_or(|before| !before.is_alphanumeric())
    })
}

/// The project's own files, relative to the workspace.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            let path = folder.join(&name);
            let is_made = name.to_string_lossy().starts_with('.') || MADE.iter().any(|made| name == *made);
            if entry.file_type()?.is_dir() {
                folders.extend((!is_made).then_some(path));
            } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
                && !LEFT_OUT.iter().any(|left_out| path == Path::new(left_out))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "there are no files below {}", root.display());
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_where_it_stands_and_nowhere_else() {
        let unused =
            read("# words\nWitness\tEvidenceSource\nso many\tnumber of\nrehearse\tdry_run\n").unwrap();
        let found = |text| {
            places_of(&unused, text)
                .into_iter()
                .map(|(line, unused)| (line, &*unused.word))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("struct KafkaWitness;\nenum WitnessError {}"), [(1, "Witness"), (2, "Witness")]);
        assert_eq!(
            found("/// So many records.\nfn x() {}\nfn can_rehearse() {}"),
            [(1, "so many"), (3, "rehearse")]
        );
        assert_eq!(found("// eyewitness, Witnesses, also many, rehearsed"), []);
    }

    #[test]
    fn a_row_without_a_replacement_is_an_error() {
        assert!(read("Witness\n").is_err());
    }

    #[test]
    fn every_word_has_something_to_write_instead() {
        let list = include_str!("../words.tsv");
        assert!(read(list).unwrap().iter().all(|unused| !unused.instead.trim().is_empty()));
    }
}
