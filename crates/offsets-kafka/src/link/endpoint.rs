use crate::{ClientSettings, Cluster, Contact, Deadline, Error, GroupCatalog};

/// A cluster that can be connected to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    settings: ClientSettings,
    group_catalog: GroupCatalog,
    contact: Option<Contact>,
}

impl Endpoint {
    /// A cluster whose groups are known beforehand (see [`GroupCatalog`]).
    pub fn new(settings: ClientSettings, group_catalog: GroupCatalog) -> Self {
        Self { settings, group_catalog, contact: None }
    }

    /// The same cluster, contacted as `contact` has it.
    pub fn contacted(self, contact: Contact) -> Self {
        Self { contact: Some(contact), ..self }
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
        Cluster::reach(&self.settings, self.group_catalog.clone(), self.contact.as_ref(), deadline)
    }
}

impl From<ClientSettings> for Endpoint {
    fn from(settings: ClientSettings) -> Self {
        Self::new(settings, GroupCatalog::Broker)
    }
}
