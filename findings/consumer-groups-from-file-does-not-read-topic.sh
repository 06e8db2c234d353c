#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1, --reset-offsets --from-file together with --topic. Expected: of the file's lines those of the topics
# and partitions that --topic names, or an error because two options say what to move. Seen: --topic is not read, and every line of
# the file is carried out, exit code 0.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 2 > /dev/null
for key in a b c d e f g h; do echo "$key:1"; done \
  | kafka_produce orders --reader-property parse.key=true --reader-property key.separator=:
printf 'orders,0,1\norders,1,1\n' > "$work/plan.csv"
kafka_groups --group app --topic orders:1 --reset-offsets --from-file "$work/plan.csv" --execute > "$work/out" 2>&1 && code=0 || code=$?
moved=$(kafka_groups --group app --describe --offsets 2> /dev/null | awk '$1 == "app" {print $2 "-" $3}' | sort | paste -sd,)
expect "what --topic orders:1 moved, and the exit code" "orders-0,orders-1 0" "$moved $code"
