// The same dump gives the same answer here and in the `offsets` program, which OFFSETS_BIN names.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";

import { parseExactly } from "./support/exact_json.mjs";
import { Dump, dumpPath, dumpText } from "./support/module.mjs";

const scratch = mkdtempSync(join(tmpdir(), "offsets-wasm-"));
after(() => rmSync(scratch, { recursive: true }));

/** Runs the program on a dump, away from any configuration of this machine. */
function offsets(dump, ...args) {
    const program = process.env.OFFSETS_BIN;
    assert.ok(program, "OFFSETS_BIN names no offsets program to compare with; `cargo xtask wasm test` builds one");
    const env = { ...process.env, HOME: scratch, XDG_CONFIG_HOME: scratch, NO_COLOR: "1" };
    delete env.OFFSETS_CONFIG;
    const run = spawnSync(resolve(program), ["translate", "--from-dump", dump, ...args], {
        cwd: scratch,
        encoding: "utf8",
        env,
        timeout: 60_000,
    });
    assert.ifError(run.error);
    return run;
}

/** Nothing in a group name may be taken for anything else. */
const AWKWARD = 'tenant, "ä".v1';

const EVERYTHING = [["--all-groups"], { allGroups: true }];
const ONE_GROUP = [["--group", AWKWARD], { groups: [AWKWARD] }];
const ONE_TOPIC = [["--group", "app-g", "--topic", "orders"], { groups: ["app-g"], topics: ["orders"] }];
const MATCHING = [["--groups-regex", "a.*"], { groupsRegex: "a.*" }];
const BARE = [
    ["--topic", "orders:1", "--offset", "9007199254740993"],
    { offsets: [{ topic: "orders", partition: 1, offset: 9007199254740993n }] },
];
const BARE_AT_THE_END = [
    ["--topic", "orders:2", "--offset", "9223372036854775707"],
    { offsets: [{ topic: "orders", partition: 2, offset: 9223372036854775707n }] },
];
const SEVERAL_GROUPS = [["--group", "audit", "--group", AWKWARD], { groups: ["audit", AWKWARD] }];

for (const [dump, cases] of [
    ["beyond-2-53.json", [EVERYTHING, ONE_GROUP, SEVERAL_GROUPS, ONE_TOPIC, MATCHING, BARE, BARE_AT_THE_END]],
    ["source-dead.json", [EVERYTHING, ONE_GROUP, ONE_TOPIC, MATCHING, BARE]],
]) {
    for (const [args, selection] of cases) {
        test(`${dump}: the program answers ${args.join(" ")} the same`, () => {
            const translation = new Dump(dumpText(dump)).translate(selection);
            for (const [form, asStrings] of [
                [[], false],
                [["--offsets-as-strings"], true],
            ]) {
                const run = offsets(dumpPath(dump), ...args, "-o", "json", ...form);
                // 3 says that an answer is unsafe or unknown; which ones is in the JSON.
                assert.ok(run.status === 0 || run.status === 3, `exit code ${run.status}: ${run.stderr}`);
                assert.deepEqual(parseExactly(run.stdout), parseExactly(translation.toJson(asStrings)));
            }
        });
    }
}

test("the program finds a truncated dump at fault in the same place", () => {
    const text = dumpText("beyond-2-53.json").slice(0, 500);
    const path = join(scratch, "truncated.json");
    writeFileSync(path, text);
    const run = offsets(path, "--all-groups");
    assert.equal(run.status, 2, run.stderr);
    assert.throws(
        () => new Dump(text),
        ({ line, column }) => run.stderr.includes(`line ${line}, column ${column}`),
        run.stderr,
    );
});
