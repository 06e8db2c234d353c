#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1: the plan of two groups, saved with --export and given back with --from-file.
# Expected: it is read as it was written. Seen: it is read, exit code 0, and for each group two stack traces of InvalidFormatException are
# printed, since the file is tried as one of three columns first; a script that looks for "Exception" takes the reset for failed.
# 4.4.0 prints none; the other findings about this tool were seen with 4.4.0 too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 1 > /dev/null
printf 'a:1\nb:1\nc:1\n' | kafka_produce orders --reader-property parse.key=true --reader-property key.separator=:
kafka_groups --group a --group b --topic orders --reset-offsets --to-latest --export --dry-run 2> /dev/null | grep . > "$work/plan.csv"
expect "the file" "a,orders,0,3 b,orders,0,3" "$(sort "$work/plan.csv" | paste -sd' ')"
kafka_groups --group a --group b --reset-offsets --from-file "$work/plan.csv" --execute > "$work/out" 2>&1 && code=0 || code=$?
moved=$(awk '$2 == "orders" {print $1 " at " $4}' "$work/out" | sort | paste -sd,)
expect "moved, with exit code" "a at 3,b at 3 0" "$moved $code"
expect "stack traces" "4" "$(grep -c '^com.fasterxml.jackson.databind.exc.InvalidFormatException' "$work/out")"
