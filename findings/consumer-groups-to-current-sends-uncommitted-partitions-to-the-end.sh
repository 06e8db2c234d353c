#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1, --reset-offsets --to-current --export: often used to save where a group is before a move.
# Expected: partitions without a commit are left out. Seen: they get the log END, so the saved file, read back with
# --from-file, puts the group past records that it never read.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 2 > /dev/null
for key in a b c d e f g h; do echo "$key:1"; done \
  | kafka_produce orders --reader-property parse.key=true --reader-property key.separator=:
kafka_groups --group app --topic orders:0 --reset-offsets --to-offset 1 --execute > /dev/null 2>&1
saved=$(kafka_groups --group app --topic orders --reset-offsets --to-current --export --dry-run 2> /dev/null \
  | grep -v '^$' | tr -d '"' | sort | paste -sd' ')
end=$(kafka_run org.apache.kafka.tools.GetOffsetShell --bootstrap-server "$bootstrap" --topic-partitions orders:1 | cut -d: -f3)
[ "$end" -gt 0 ]
expect "what --to-current saves, partition 1 without a commit and $end records" "orders,0,1 orders,1,$end" "$saved"
