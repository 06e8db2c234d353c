#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1 and librdkafka (confluent-kafka 2.16.1): a date shortly before 1970 is sent as milliseconds below
# zero, and ListOffsets gives -1 (latest), -2 (earliest) and -3 (the record with the greatest timestamp) meanings of their own.
# Expected: the first record, as for 1970-01-01. Seen: one millisecond before 1970 puts the group at the log END, past every
# record; three before, in the middle. The Java consumer and kafka-python refuse such times, these two do not.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install confluent-kafka==2.16.1
kafka_topics --create --topic orders --partitions 1 --config retention.ms=-1 > /dev/null
# ten records; the one at offset 4 has the greatest timestamp
"$work/venv/bin/python" - "$bootstrap" <<'PYTHON'
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
for number in range(10):
    at = 1_700_000_000_000 + number * 1000 + (60_000 if number == 4 else 0)
    producer.produce("orders", str(number), timestamp=at)
producer.flush(30)
PYTHON

to() { kafka_groups --group app --topic orders --reset-offsets --to-datetime "$1" --dry-run 2> /dev/null | awk '$1 == "app" {print $4}'; }
expect "kafka-consumer-groups, 1970-01-01T00:00:00.000Z" 0 "$(to 1970-01-01T00:00:00.000Z)"
expect "kafka-consumer-groups, 1969-12-31T23:59:59.999Z" 10 "$(to 1969-12-31T23:59:59.999Z)"
expect "kafka-consumer-groups, 1969-12-31T23:59:59.998Z" 0 "$(to 1969-12-31T23:59:59.998Z)"
expect "kafka-consumer-groups, 1969-12-31T23:59:59.997Z" 4 "$(to 1969-12-31T23:59:59.997Z)"
seen=$("$work/venv/bin/python" - "$bootstrap" <<'PYTHON'
import sys
from confluent_kafka import Consumer, TopicPartition
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "app"})
times = [consumer.offsets_for_times([TopicPartition("orders", 0, at)], timeout=30)[0].offset for at in (0, -1, -2, -3)]
print(*times)
PYTHON
)
expect "confluent-kafka offsets_for_times of 0, -1, -2, -3 ms" "0 10 0 4" "$seen"
