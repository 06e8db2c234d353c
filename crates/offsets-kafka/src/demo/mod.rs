//! Two clusters inside the process, to try everything on without a Kafka at hand.
//!
//! They are librdkafka's mock brokers on loopback: real sockets and real requests, so that everything runs through the
//! same code as on real clusters. What they cannot do is written at [`DemoCluster`]. [`DemoLink`] fills two of them with
//! the story of a link.

mod cluster;
mod contents;
mod deliveries;
mod link;

pub use cluster::{DemoCluster, DemoClusters, DemoRecord};
pub use link::DemoLink;
