#!/usr/bin/env bash
# KafkaJS 2.2.4, admin.resetOffsets: what it commits.
# Expected: the offset of the beginning or of the end, as kafka-consumer-groups does. Seen: it commits the sentinels -2 (earliest)
# and -1 (latest) themselves, and the broker (4.3.1) stores them. KafkaJS reads them as instructions; for every other client they
# are no commit, so auto.offset.reset decides; kafka-consumer-groups shows «-» and refuses --to-current for the whole group;
# librdkafka's committed() returns -2 as if it were an offset.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 1 > /dev/null
seq 10 | kafka_produce orders
( cd "$work" && npm init -y > /dev/null 2>&1 && npm install --silent kafkajs@2.2.4 > /dev/null )
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install confluent-kafka==2.16.1
cat > "$work/reset.js" <<'JS'
const { Kafka, logLevel } = require('kafkajs')
const admin = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING }).admin()
const committed = async (groupId) => (await admin.fetchOffsets({ groupId, topics: ['orders'] }))[0].partitions[0].offset
const run = async () => {
  await admin.connect()
  await admin.resetOffsets({ groupId: 'to-earliest', topic: 'orders', earliest: true })
  await admin.resetOffsets({ groupId: 'to-latest', topic: 'orders' })
  console.log(await committed('to-earliest'), await committed('to-latest'))
  await admin.disconnect()
}
run()
JS
expect "committed, as KafkaJS reads it" "-2 -1" "$(cd "$work" && timeout 60 node reset.js "$bootstrap")"
shown=$(kafka_groups --group to-earliest --describe --offsets 2> /dev/null | awk '$1 == "to-earliest" {print $4}')
expect "kafka-consumer-groups --describe, CURRENT-OFFSET" "-" "$shown"
saved=$(kafka_groups --group to-earliest --topic orders --reset-offsets --to-current --dry-run 2> /dev/null | grep '^Error: ')
expect "--to-current" \
  "Error: Executing consumer group command failed due to Expected a valid current offset for topic partition: orders-0" "$saved"
librdkafka=$("$work/venv/bin/python" -c '
import sys
from confluent_kafka import Consumer, TopicPartition
print(*(Consumer({"bootstrap.servers": sys.argv[1], "group.id": g}).committed([TopicPartition("orders", 0)], timeout=30)[0].offset
        for g in ("to-earliest", "to-latest")))' "$bootstrap")
expect "librdkafka, committed() (-1001 is its «none»)" "-2 -1001" "$librdkafka"
