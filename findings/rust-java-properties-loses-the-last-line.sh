#!/usr/bin/env bash
# java-properties 2.0.0 (Rust) beside java.util.Properties: two files that Java reads.
# Expected: the same keys. Seen: a comment with a Windows path (`# C:\users`) is an error, for the crate looks for \uXXXX in comments;
# and a last line that ends in a backslash without a line end is dropped, key and all, without an error.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/expect.sh"
trap 'rm -rf "$work"' EXIT

mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.1.0"
edition = "2021"

[dependencies]
java-properties = "=2.0.0"

[workspace]
TOML
cat > "$work/src/main.rs" <<'RUST'
fn main() {
    for text in ["# C:\\users\na=1\n", "a=1\nb=2\\"] {
        match java_properties::read(text.as_bytes()) {
            Ok(read) => println!("{:?}", std::collections::BTreeMap::from_iter(read)),
            Err(error) => println!("{error}"),
        }
    }
}
RUST
cat > "$work/Read.java" <<'JAVA'
import java.io.StringReader;
import java.util.*;

public class Read {
    public static void main(String[] arguments) throws Exception {
        for (String text : new String[] {"# C:\\users\na=1\n", "a=1\nb=2\\"}) {
            Properties read = new Properties();
            read.load(new StringReader(text));
            System.out.println(new TreeMap<>(read));
        }
    }
}
JAVA
expect "java.util.Properties" "{a=1}
{a=1, b=2}" "$(java "$work/Read.java")"
seen=$(cd "$work" && CARGO_TARGET_DIR="$work/target" cargo run -q 2> "$work/log" || cat "$work/log")
expect "java-properties" 'Malformed \uxxxx encoding: not hex. (line_number = 1)
{"a": "1"}' "$seen"
