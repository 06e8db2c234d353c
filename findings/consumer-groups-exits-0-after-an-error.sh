#!/usr/bin/env bash
# kafka-consumer-groups 4.3.1: the exit code after an error.
# Expected: not 0. Seen: 0 after «Error: …» for a reset of a partition or topic that does not exist (--execute), for the
# deletion and for the description of a group that does not exist; 1 where the arguments are refused. A script has to read stdout.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'kafka_stop; rm -rf "$work"' EXIT

kafka_start
kafka_topics --create --topic orders --partitions 1 > /dev/null
outcome() {
  local code=0; kafka_groups "$@" > "$work/out" 2> /dev/null || code=$?
  echo "exit $code, $(grep -c '^Error: ' "$work/out" || true) error on stdout"
}
expect "reset of a partition that is not there" "exit 0, 1 error on stdout" \
  "$(outcome --group app --topic orders:9 --reset-offsets --to-earliest --execute)"
expect "reset on a topic that is not there" "exit 0, 1 error on stdout" \
  "$(outcome --group app --topic nowhere --reset-offsets --to-earliest --execute)"
expect "deletion of a group that is not there" "exit 0, 1 error on stdout" "$(outcome --group absent --delete)"
expect "description of a group that is not there" "exit 0, 1 error on stdout" "$(outcome --group absent --describe)"
