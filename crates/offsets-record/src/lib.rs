//! What a record of Kafka is recognised by, wherever it is read: a [`Fingerprint`] of its content, an [`Identity`] of the event
//! it is; what clients write in it where they have no value ([`sentinel`]); and the one grammar of times that are written as
//! text ([`parse_instant`]).
//!
//! It is the floor under `offsets-core`, which looks for records on the other cluster, and under `offsets-reconcile`, whose
//! operators drop and order them.

mod digest;
mod fingerprint;
mod hex;
mod identity;
mod instant;
#[cfg(feature = "json")]
mod parser_error;
pub mod sentinel;

pub use fingerprint::Fingerprint;
pub use identity::{Identity, NotAnIdentity};
pub use instant::parse_instant;
#[cfg(feature = "json")]
pub use parser_error::without_place;

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Fingerprint>();
    is_send_and_sync::<Identity>();
    is_send_and_sync::<NotAnIdentity>();
};
