use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use offsets_core::link::Side;
use offsets_kafka::{Cluster, Deadline, Endpoint, Error, Stop};

/// One cluster of the link, connected to when it is first needed, and again when that did not succeed.
pub(super) struct ClusterSide<'a> {
    pub(super) side: Side,
    endpoint: &'a Endpoint,
    timeout: Duration,
    stop: &'a Stop,
    cluster: Mutex<Option<Arc<Cluster>>>,
}

impl<'a> ClusterSide<'a> {
    pub(super) fn new(side: Side, endpoint: &'a Endpoint, timeout: Duration, stop: &'a Stop) -> Self {
        Self { side, endpoint, timeout, stop, cluster: Mutex::new(None) }
    }

    /// The cluster, and whether this is the first time it was reached.
    pub(super) fn cluster(&self) -> Result<(Arc<Cluster>, bool), Error> {
        let mut cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = &*cluster {
            return Ok((Arc::clone(cluster), false));
        }
        let fresh = Arc::new(self.endpoint.connect(&self.deadline())?);
        *cluster = Some(Arc::clone(&fresh));
        Ok((fresh, true))
    }

    /// How long it may take to answer, unless the recording stops.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout).or_stop(self.stop)
    }
}
