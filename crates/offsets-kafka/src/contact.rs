use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use offsets_core::link::Side;
use offsets_core::model::ClusterAlias;

use crate::Cause;

/// How a cluster is contacted: for how long at most, as which side of a link, and which watch is told while it does not answer.
///
/// Without one, a cluster is tried until the deadline of the call, and nothing is told meanwhile.
#[derive(Clone)]
pub struct Contact {
    /// Timeout for the first answer of any broker. It never extends the deadline of a call.
    pub within: Duration,
    /// The side of the link that the cluster is; `None` for one that belongs to no link.
    pub side: Option<Side>,
    /// What is told of a cluster that does not answer.
    pub watch: Arc<dyn ConnectionWatch>,
}

/// Is told of connections that fail while a call is waiting for them.
///
/// Calls come from any thread, also from those of librdkafka, and must return at once.
pub trait ConnectionWatch: Send + Sync {
    /// A cluster has not answered yet, or has stopped answering.
    fn waiting(&self, waiting: &Waiting<'_>);
}

/// A cluster that is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// The cluster.
    pub cluster: &'a ClusterAlias,
    /// The side of the link that it is.
    pub side: Option<Side>,
    /// The bootstrap servers.
    pub bootstrap: &'a str,
    /// The last connection error; `None` when nothing was heard at all.
    pub cause: Option<&'a Cause>,
    /// The time it is tried for, from now on; `None` after it had been reached, when each call has its own deadline.
    pub left: Option<Duration>,
}

impl fmt::Display for Waiting<'_> {
    /// What is the matter with the cluster, without the time: `cluster b: 127.0.0.1:1 refuses connections`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, bootstrap, cause, left, .. } = self;
        let verb =
            |one: &'static str, several: &'static str| if bootstrap.contains(',') { several } else { one };
        write!(f, "cluster {cluster}: {bootstrap} ")?;
        match cause {
            None if left.is_none() => f.write_str(verb("no longer answers", "no longer answer")),
            None => f.write_str(verb("does not answer", "do not answer")),
            Some(cause) if cause.is_refused_connection() => {
                f.write_str(verb("refuses connections", "refuse connections"))
            }
            Some(cause) if cause.is_unresolved_name() => {
                write!(f, "{}: {}", verb("cannot be resolved", "cannot be resolved"), cause.text)
            }
            Some(cause) => write!(f, "cannot be reached: {}", cause.text),
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("within", &self.within)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::types::RDKafkaErrorCode;

    use super::*;

    fn said(cause: Option<(RDKafkaErrorCode, &str)>, bootstrap: &str) -> String {
        let cause = cause.map(|(code, text)| Cause::from_code(code as i32, text));
        let cluster = ClusterAlias::from("b");
        let left = Some(Duration::from_secs(10));
        Waiting { cluster: &cluster, side: None, bootstrap, cause: cause.as_ref(), left }.to_string()
    }

    #[test]
    fn what_is_the_matter_is_said_in_words() {
        use RDKafkaErrorCode::{BrokerTransportFailure, Resolve};
        let refused = Some((
            BrokerTransportFailure,
            "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused",
        ));
        assert_eq!(said(refused, "127.0.0.1:1"), "cluster b: 127.0.0.1:1 refuses connections");
        assert_eq!(said(refused, "h:1,h:2"), "cluster b: h:1,h:2 refuse connections");
        assert_eq!(said(None, "h:1"), "cluster b: h:1 does not answer");
        let unresolved = said(Some((Resolve, "Failed to resolve 'h:1'")), "h:1");
        assert_eq!(unresolved, "cluster b: h:1 cannot be resolved: Failed to resolve 'h:1'");
        let other = said(Some((BrokerTransportFailure, "Disconnected")), "h:1");
        assert_eq!(other, "cluster b: h:1 cannot be reached: Disconnected");
    }
}
