use std::collections::BTreeMap;

use serde_json::Value;

/// The scalars of a document by the path that leads to each (`spec.clusters[0].alias`), enough to recognise it by.
#[derive(Debug, Default)]
pub(super) struct Outline(BTreeMap<String, String>);

impl Outline {
    pub(super) fn of_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

pub(super) fn outline_of_json(json: &Value) -> Outline {
    fn add(outline: &mut BTreeMap<String, String>, path: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let separator = if path.is_empty() { "" } else { "." };
                    add(outline, &format!("{path}{separator}{key}"), value);
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    add(outline, &format!("{path}[{at}]"), value);
                }
            }
            Value::String(text) => drop(outline.insert(path.to_owned(), text.clone())),
            scalar => drop(outline.insert(path.to_owned(), scalar.to_string())),
        }
    }
    let mut outline = Outline::default();
    add(&mut outline.0, "", json);
    outline
}

/// The block style that people write resources in: no flow style, no anchors, no text of several lines. What is written
/// otherwise is missing from the outline.
pub(super) fn outline_of_yaml(text: &str) -> Outline {
    let mut outline = BTreeMap::new();
    let mut path: Vec<Step> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') || content.starts_with("---") {
            continue;
        }
        let mut indent = line.len() - content.len();
        let mut content = content;
        while let Some(item) = content.strip_prefix("- ") {
            path.retain(|step| step.indent() <= indent);
            match path.last_mut() {
                Some(Step::Item { indent: at, number }) if *at == indent => *number += 1,
                _ => path.push(Step::Item { indent, number: 0 }),
            }
            content = item.trim_start_matches(' ');
            indent = line.len() - content.len();
        }
        let Some((key, value)) = content.split_once(':') else { continue };
        path.retain(|step| step.indent() < indent);
        path.push(Step::Key { indent, name: key.trim().trim_matches(['"', '\'']) });
        let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        if !value.is_empty() {
            outline.insert(Step::joined(&path), value.to_owned());
        }
    }
    Outline(outline)
}

/// One step of a path.
enum Step<'a> {
    Key { indent: usize, name: &'a str },
    Item { indent: usize, number: usize },
}

impl Step<'_> {
    fn indent(&self) -> usize {
        match self {
            Self::Key { indent, .. } | Self::Item { indent, .. } => *indent,
        }
    }

    fn joined(path: &[Self]) -> String {
        let mut joined = String::new();
        for step in path {
            match step {
                Self::Item { number, .. } => joined.push_str(&format!("[{number}]")),
                Self::Key { name, .. } => {
                    if !joined.is_empty() {
                        joined.push('.');
                    }
                    joined.push_str(name);
                }
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_lists_indented_or_not() {
        let text = "a:\n  b: 1\n  list:\n  - x: p\n    y: q\n  - x: r\n  after: s\n  deep:\n    - x: t\n      z:\n        w: u\nend: v\n";
        let outline = outline_of_yaml(text);
        let found: Vec<_> = outline.0.iter().map(|(path, value)| format!("{path}={value}")).collect();
        assert_eq!(
            found,
            [
                "a.after=s",
                "a.b=1",
                "a.deep[0].x=t",
                "a.deep[0].z.w=u",
                "a.list[0].x=p",
                "a.list[0].y=q",
                "a.list[1].x=r",
                "end=v"
            ]
        );
    }
}
