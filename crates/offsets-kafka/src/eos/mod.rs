//! Taking records as a member of a group and giving results in transactions: what a stream processor needs of Kafka.
//!
//! ```text
//! GroupConsumer -> RebalanceEvent -> assign -> RecordQueues -> (the caller decides) -> TransactionalProducer -> commit
//! ```
//!
//! What is put out, and the positions up to which was read, become visible in one step or not at all
//! ([KIP-98](https://cwiki.apache.org/confluence/display/KAFKA/KIP-98+-+Exactly+Once+Delivery+and+Transactional+Messaging)). A member that has been
//! replaced cannot commit any more: the coordinator knows the generation of the group that each commit is of
//! ([KIP-447](https://cwiki.apache.org/confluence/display/KAFKA/KIP-447%3A+Producer+scalability+for+exactly+once+semantics)).

mod group_consumer;
mod membership;
mod record_queue;
mod topics;
mod transaction_error;
mod transactional_producer;

pub use group_consumer::{Assignment, GroupConsumer, GroupConsumerOptions, Position};
pub use membership::RebalanceEvent;
pub use record_queue::{Head, RecordQueue};
pub use topics::NewTopic;
pub use transaction_error::TransactionError;
pub use transactional_producer::{ProducerRecord, TransactionalProducer};
