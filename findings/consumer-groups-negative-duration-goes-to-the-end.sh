#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1, --by-duration: the ISO 8601 duration may carry a sign.
# Expected: PT-1H is refused, or taken as an hour. Seen: it means an hour ahead of now, no record is that young, and the group
# goes to the log end; nothing warns of it, and with --execute the records in between are skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 1 > /dev/null
seq 10 | kafka_produce orders
by() { kafka_groups --group app --topic orders --reset-offsets --by-duration "$1" --execute 2>&1 | awk '$1 == "app" {print $4}'; }
expect "--by-duration PT1H" 0 "$(by PT1H)"
expect "--by-duration PT-1H" 10 "$(by PT-1H)"
expect "--by-duration -PT1H" 10 "$(by -PT1H)"
