#!/usr/bin/env bash
# github.com/magiconair/properties 1.8.10 (Go), with which Go tools read Java properties files: a Kafka configuration that takes its
# secrets from a config provider.
# Expected: `${file:/run/secrets:password}` stays as it is, for Kafka to resolve. Seen: the library expands `${…}` itself, takes
# what stands inside as a key or an environment variable, and gives the EMPTY string without an error; only DisableExpansion leaves it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/expect.sh"
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

cat > "$work/go.mod" <<'GO'
module finding

go 1.21

require github.com/magiconair/properties v1.8.10
GO
cat > "$work/main.go" <<'GO'
package main

import (
	"fmt"

	"github.com/magiconair/properties"
)

const config = "ssl.keystore.password=${file:/run/secrets:password}\nsasl.password=pre-${env:KAFKA_PASSWORD}\n"

func main() {
	for _, loader := range []properties.Loader{
		{Encoding: properties.ISO_8859_1},
		{Encoding: properties.ISO_8859_1, DisableExpansion: true},
	} {
		read, err := loader.LoadBytes([]byte(config))
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, key := range read.Keys() {
			value, _ := read.Get(key)
			fmt.Printf("%s=%q\n", key, value)
		}
	}
}
GO
seen=$(cd "$work" && GOPATH="$work/go" GOFLAGS=-mod=mod go run . 2> "$work/log" || cat "$work/log")
expect "read with and without expansion" 'ssl.keystore.password=""
sasl.password="pre-"
ssl.keystore.password="${file:/run/secrets:password}"
sasl.password="pre-${env:KAFKA_PASSWORD}"' "$seen"
