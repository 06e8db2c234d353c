use crate::{ClientSettings, Cluster, Deadline, Directory, Error};

/// A cluster that can be connected to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    settings: ClientSettings,
    directory: Directory,
}

impl Endpoint {
    /// A cluster whose groups are known beforehand (see [`Directory`]).
    pub fn new(settings: ClientSettings, directory: Directory) -> Self {
        Self { settings, directory }
    }

    /// How it is reached.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// Connects.
    ///
    /// # Errors
    /// As [`Cluster::connect`].
    pub fn connect(&self, deadline: &Deadline) -> Result<Cluster, Error> {
        Cluster::connect_with(&self.settings, self.directory.clone(), deadline)
    }
}

impl From<ClientSettings> for Endpoint {
    fn from(settings: ClientSettings) -> Self {
        Self::new(settings, Directory::Broker)
    }
}
