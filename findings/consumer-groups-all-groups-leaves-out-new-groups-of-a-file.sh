#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1, --all-groups --reset-offsets --from-file on a cluster that some of the file's groups are new to, as after
# a failover. Expected: each group of the file is moved, or named as missing. Seen: groups that the cluster does not have yet are left
# out without a word, exit code 0; named one by one with --group they are created.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 1 > /dev/null
printf 'a:1\nb:1\nc:1\n' | kafka_produce orders --reader-property parse.key=true --reader-property key.separator=:
kafka_groups --group old --topic orders --reset-offsets --to-earliest --execute > /dev/null 2>&1
printf 'old,orders,0,1\nnew,orders,0,1\n' > "$work/plan.csv"
planned() {
  kafka_groups "$@" --reset-offsets --from-file "$work/plan.csv" --dry-run > "$work/out" 2>&1 || return 1
  awk '$2 == "orders" {print $1}' "$work/out" | sort | paste -sd,
}
expect "moved with --all-groups, exit code 0" "old" "$(planned --all-groups)"
expect "a word about the other group" "0" "$(grep -c '\bnew\b' "$work/out" || true)"
expect "moved with --group new --group old" "new,old" "$(planned --group new --group old)"
