//! Transactions that brokers refuse.

use std::time::Duration;

use offsets_core::model::{GroupId, TopicPartition};
use offsets_kafka::eos::{GroupConsumer, ProducerRecord, TransactionError, TransactionalProducer};
use offsets_kafka::{ClientSettings, Deadline};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

/// The client fails a transaction while it is given records, and keeps one that it had just let in: seen as a wait for its time to
/// be over, with no answer at the end of it. It is a race, which one in ten to twenty rounds lost.
#[test]
fn a_transaction_that_failed_tells_why_though_the_client_kept_a_record_of_it() {
    const TIME: Duration = Duration::from_secs(30);
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("out", 1, 1).unwrap();
    let settings =
        ClientSettings::builder("mock").bootstrap_servers(mock.bootstrap_servers()).build().unwrap();
    let group = GroupId::from("refused");
    let member = GroupConsumer::manual(&settings, &group, vec![TopicPartition::new("in", 0)]).unwrap();
    let next = [(TopicPartition::new("in", 0), 1)];
    let record = ProducerRecord { value: Some(b"v"), ..ProducerRecord::to("out") };
    let mut producer =
        TransactionalProducer::open(&settings, "refused", TIME, &Deadline::after(TIME)).unwrap();
    for _ in 0..100 {
        mock.request_errors(
            RDKafkaApiKey::AddPartitionsToTxn,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED],
        );
        let deadline = Deadline::after(TIME);
        let refused = (0..5_000)
            .try_for_each(|_| producer.send(&record, &deadline))
            .and_then(|()| producer.commit(&next, "", &member, &deadline))
            .unwrap_err();
        assert!(matches!(refused, TransactionError::Fatal(_)), "{}", refused.error());
        producer.abort(&Deadline::after(TIME)).map_err(TransactionError::into_error).unwrap();
    }
}
