//! Taking records as a member of a group and giving results in transactions: what a stream processor needs of Kafka.
//!
//! ```text
//! Member -> Change -> take_up -> Intakes -> (whoever decides) -> Outbox -> commit
//! ```
//!
//! What is put out, and the positions up to which was read, become visible in one step or not at all
//! ([KIP-98](https://cwiki.apache.org/confluence/display/KAFKA/KIP-98+-+Exactly+Once+Delivery+and+Transactional+Messaging)). A member that has been
//! replaced cannot commit any more: the coordinator knows the generation of the group that each commit is of
//! ([KIP-447](https://cwiki.apache.org/confluence/display/KAFKA/KIP-447%3A+Producer+scalability+for+exactly+once+semantics)).

mod intake;
mod member;
mod membership;
mod outbox;
mod setback;
mod topics;

pub use intake::{Head, Intake};
pub use member::{Assignment, Member, MemberOptions, Position};
pub use membership::Change;
pub use outbox::{Outbox, Outgoing};
pub use setback::Setback;
pub use topics::NewTopic;
