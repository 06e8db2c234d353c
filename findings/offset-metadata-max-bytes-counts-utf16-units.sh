#!/usr/bin/env bash
# Kafka broker 4.3.1, offset.metadata.max.bytes (4096 by default): what it counts.
# Expected by its name: bytes. Seen: UTF-16 code units (String.length in OffsetMetadataManager.isMetadataInvalid): 4,096 times a
# character of three bytes is taken (12,288 bytes), while a character beyond U+FFFF counts twice.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install kafka-python==3.0.12
kafka_topics --create --topic orders --partitions 1 > /dev/null
cat > "$work/seen.py" <<'PYTHON'
import sys
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetMetadataTooLargeError
from kafka.structs import OffsetAndMetadata

consumer = KafkaConsumer(bootstrap_servers=sys.argv[1], group_id="app", enable_auto_commit=False)

def taken(text):
    try:
        consumer.commit({TopicPartition("orders", 0): OffsetAndMetadata(0, text, -1)})
        return True
    except OffsetMetadataTooLargeError:
        return False

for character in ("a", "\u00e9", "\u20ac", "\U00010348"):
    fits, too_many = 0, 5000
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if taken(character * middle) else (fits, middle)
    print(f"U+{ord(character):04X} {fits} = {len(character.encode()) * fits} bytes")
PYTHON
seen=$("$work/venv/bin/python" "$work/seen.py" "$bootstrap")
expect "longest metadata that is taken" "U+0061 4096 = 4096 bytes
U+00E9 4096 = 8192 bytes
U+20AC 4096 = 12288 bytes
U+10348 2048 = 8192 bytes" "$seen"
