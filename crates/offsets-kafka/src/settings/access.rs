use std::fs;

use offsets_core::config::ProviderAccess;

/// The environment of this process and the files of its machine. A relative path begins at the working directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalAccess;

impl ProviderAccess for LocalAccess {
    fn variable(&self, name: &str) -> Option<String> {
        // A name that the system cannot even ask for is not set.
        let can_be_set = !name.is_empty() && !name.contains(['=', '\0']);
        can_be_set.then(|| std::env::var(name).ok()).flatten()
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_what_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "t0ken").unwrap();
        assert_eq!(LocalAccess.file(file.to_str().unwrap()), Ok(b"t0ken".to_vec()));
        assert!(LocalAccess.file("/nowhere/at/all").is_err_and(|problem| problem.contains("No such file")));
        assert!(LocalAccess.file(folder.path().to_str().unwrap()).is_err());
        for name in ["", "A=B", "NOT_SET_ANYWHERE_SURELY"] {
            assert_eq!(LocalAccess.variable(name), None);
        }
    }
}
