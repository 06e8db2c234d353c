#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1, --reset-offsets --from-file with a line that was cut off: topic and partition without an offset, or a
# topic alone. Expected: an error. Seen: what a line lacks is 0, so `orders,1` moves the group to the beginning of partition 1 and
# `orders` to that of partition 0, without a warning and with exit code 0. (A field too many is an error.)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 2 > /dev/null
for key in a b c d e f g h; do echo "$key:1"; done \
  | kafka_produce orders --reader-property parse.key=true --reader-property key.separator=:
plan() { # the lines of the file
  printf '%s\n' "$@" > "$work/plan.csv"
  kafka_groups --group app --reset-offsets --from-file "$work/plan.csv" --dry-run 2>&1 | awk '$1 == "app" {print $2 "-" $3, "at", $4}' \
    | sort | paste -sd,
}
expect "a whole line, and one without an offset" "orders-0 at 2,orders-1 at 0" "$(plan orders,0,2 orders,1)"
expect "a line with an empty offset" "orders-1 at 0" "$(plan orders,1,)"
expect "a topic alone" "orders-0 at 0" "$(plan orders)"
