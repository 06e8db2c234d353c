//! What operators have written down about their clusters: Java properties, MM2's own file, references to config providers,
//! addresses of brokers.
//!
//! There is one reader for each of these, whichever file or flag the text comes from. None of them reads a file or the
//! environment: what Kafka's config providers would look up comes through [`ProviderAccess`], which an edge implements.
//! What is not asked for is not resolved and not checked.

mod address;
mod java_properties;
mod logical_lines;
mod mm2_error;
mod mm2_flow;
mod mm2_properties;
mod outline;
mod place;
mod provider;
mod recognise;
mod reference;

pub use address::{AddressError, BootstrapServers};
pub use java_properties::{JavaProperties, PropertiesSyntaxError};
pub use mm2_error::{FlowClue, PropertiesError};
pub use mm2_properties::{ClusterClients, Mm2Link, Mm2Properties, NamingOverride};
pub use place::Place;
pub use provider::{NoAccess, ProviderAccess, Providers, Resolved};
pub use recognise::{OtherFile, OtherKind, OtherLink};
pub use reference::ReferenceError;
