#!/usr/bin/env bash
# confluent-kafka 2.16.1 (Python): the metadata string of a commit.
# Expected: 'abc' is stored as three characters. Seen: four are stored, the last a NUL; `Consumer.commit` and
# `AdminClient.alter_consumer_group_offsets` both do it, and reading it back with the same library hides it. Other clients see
# it (kafka-python 3.0.12 here), and so 4,095 characters are the most that a broker with the default limit of 4,096 takes.
# The other way round, metadata with a NUL inside is cut there when it is read.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install confluent-kafka==2.16.1 kafka-python==3.0.12
kafka_topics --create --topic orders --partitions 1 > /dev/null
echo 1 | kafka_produce orders
cat > "$work/seen.py" <<'PYTHON'
import sys
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka import KafkaConsumer
from kafka.structs import OffsetAndMetadata, TopicPartition as Partition

server = sys.argv[1]
orders = Partition("orders", 0)

def confluent(group):
    return Consumer({"bootstrap.servers": server, "group.id": group, "enable.auto.commit": False})

def python(group):
    return KafkaConsumer(bootstrap_servers=server, group_id=group, enable_auto_commit=False)

def commit(consumer, metadata):
    try:
        consumer.commit(offsets=[TopicPartition("orders", 0, 1, metadata=metadata)], asynchronous=False)
        return "taken"
    except KafkaException as error:
        return error.args[0].name()

by_consumer = confluent("by-consumer")
commit(by_consumer, "abc")
moves = [ConsumerGroupTopicPartitions("by-admin", [TopicPartition("orders", 0, 1, metadata="abc")])]
admin = AdminClient({"bootstrap.servers": server})
for future in admin.alter_consumer_group_offsets(moves).values():
    future.result(60)
for group in ("by-consumer", "by-admin"):
    print(group, repr(python(group).committed(orders, metadata=True).metadata),
          repr(confluent(group).committed([TopicPartition("orders", 0)], timeout=30)[0].metadata))
print("4095", commit(by_consumer, "x" * 4095), "4096", commit(by_consumer, "x" * 4096))
python("by-python").commit({orders: OffsetAndMetadata(1, "x\0y", -1)})
print("x NUL y read as", repr(confluent("by-python").committed([TopicPartition("orders", 0)], timeout=30)[0].metadata))
PYTHON
seen=$("$work/venv/bin/python" "$work/seen.py" "$bootstrap")
expect "stored and read back" "by-consumer 'abc\\x00' 'abc'
by-admin 'abc\\x00' 'abc'
4095 taken 4096 OFFSET_METADATA_TOO_LARGE
x NUL y read as 'x'" "$seen"
