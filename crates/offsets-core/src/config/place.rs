use std::fmt;
use std::sync::Arc;

/// Where a setting was written: what an error names so that it can be found and corrected.
///
/// Shown as `mm2.properties:7: src.security.protocol`, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller calls it; `None` for text that is not known to be in one.
    pub file: Option<Arc<str>>,
    /// The line, counted from 1; of a logical line that is continued, the first. `None` for a flag.
    pub line: Option<usize>,
    /// The key in full, as it was written.
    pub key: Arc<str>,
}

impl Place {
    /// A flag of a command line, or another place that has no line.
    pub fn named(key: impl Into<Arc<str>>) -> Self {
        Self { file: None, line: None, key: key.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.key)
    }
}
