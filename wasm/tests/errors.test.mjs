import assert from "node:assert/strict";
import { test } from "node:test";

import { Dump, dumpText } from "./support/module.mjs";

const text = dumpText("beyond-2-53.json");
const dump = new Dump(text);

function thrown(act) {
    try {
        act();
    } catch (error) {
        assert.ok(error instanceof Error, `${error} is no Error`);
        return error;
    }
    assert.fail("nothing was thrown");
}

const reading = (text) => thrown(() => new Dump(text));
const selecting = (selection) => thrown(() => dump.translate(selection));

test("a truncated dump is thrown with the line and column where it stops", () => {
    const lines = text.split("\n");
    const error = reading(text.slice(0, lines[0].length + 1 + 100));
    assert.equal(error.name, "DumpError");
    assert.equal(error.code, "malformed-dump");
    assert.deepEqual([error.line, error.column], [2, 100]);
    assert.match(error.message, /^the dump cannot be read at line 2, column 100: EOF while parsing/);
});

test("a dump cut anywhere is thrown with a place inside it", () => {
    const whole = text.trimEnd().length;
    for (let length = 0; length < whole; length++) {
        const cut = text.slice(0, length);
        const { code, line, column } = reading(cut);
        assert.equal(code, "malformed-dump", `cut at ${length}`);
        const lines = cut.split("\n");
        assert.ok(Number.isInteger(line) && line >= 1 && line <= lines.length, `line ${line}, cut at ${length}`);
        const bytes = Buffer.byteLength(lines[line - 1]);
        assert.ok(Number.isInteger(column) && column >= 1 && column <= Math.max(bytes, 1), `column ${column}, cut at ${length}`);
    }
});

test("an edited dump is thrown without a place", () => {
    const error = reading(text.replace("9007199254740993", "9007199254740992"));
    assert.deepEqual([error.name, error.code], ["DumpError", "edited-dump"]);
    assert.match(error.message, /^the dump was changed after it was written: its digest is [0-9a-f]{32}, and /);
    assert.ok(!("line" in error) && !("column" in error));
});

test("no changed digit goes unnoticed", () => {
    for (const { index } of text.matchAll(/\d/g)) {
        const digit = (Number(text[index]) + 1) % 10;
        const error = reading(text.slice(0, index) + digit + text.slice(index + 1));
        assert.equal(error.name, "DumpError", `digit at ${index}`);
    }
});

test("another document is thrown as what it is", () => {
    const error = reading(dump.translate({ allGroups: true }).toJson());
    assert.equal(error.code, "other-kind");
    assert.equal(
      error.message,
      "this is the output of `offsets translate -o json` (`Translation`), not a dump (`Evidence` of `offsets/v1`)",
    );
    assert.equal(reading("group,topic,partition,offset").code, "malformed-dump");
    assert.equal(reading("").code, "malformed-dump");
});

test("a pattern that is no regular expression is thrown", () => {
    const error = selecting({ groupsRegex: "app-(" });
    assert.deepEqual([error.name, error.code], ["SelectionError", "bad-pattern"]);
    assert.match(error.message, /^`app-\(` is not a regular expression: /);
});

test("a selection that makes no sense is thrown with its place", () => {
    const at = (offset) => ({ offsets: [{ topic: "orders", partition: 0, offset }] });
    const exactlyOne = /^a selection has exactly one of groups, allGroups, groupsRegex and offsets, not /;
    for (const [selection, message] of [
        [undefined, /^selection must be an object, not undefined$/],
        [["app-g"], /^selection must be an object, not object$/],
        [{}, exactlyOne],
        [{ allGroups: false }, exactlyOne],
        [{ allGroups: true, groupsRegex: ".*" }, exactlyOne],
        [{ group: "app-g" }, /^selection has no key `group`, only groups, allGroups, /],
        [{ groups: "app-g" }, /^selection\.groups must be an array, not string$/],
        [{ groups: ["app-g", 5] }, /^selection\.groups\[1\] must be a string, not number$/],
        [{ allGroups: true, topics: [null] }, /^selection\.topics\[0\] must be a string, not null$/],
        [{ topics: ["orders"], ...at(1n) }, /^topics cannot be combined with offsets/],
        [at(5), /^selection\.offsets\[0\]\.offset must be a bigint below 2\^63, not number$/],
        [at(undefined), /^selection\.offsets\[0\]\.offset must be a bigint below 2\^63, not undefined$/],
        [at(2n ** 63n), /^selection\.offsets\[0\]\.offset must be a bigint below 2\^63, not 9223372036854775808$/],
        [at(-1n), /^selection\.offsets\[0\]\.offset is negative: -1$/],
        [{ offsets: [{ topic: "orders", partition: 0.5, offset: 1n }] }, /^selection\.offsets\[0\]\.partition must be /],
        [{ offsets: [{ topic: "orders", partition: -1, offset: 1n }] }, /^selection\.offsets\[0\]\.partition is negative/],
        [{ offsets: [{ topic: "orders", offest: 1n }] }, /^selection\.offsets\[0\] has no key `offest`, only topic, /],
    ]) {
        const error = selecting(selection);
        assert.deepEqual([error.name, error.code], ["SelectionError", "bad-selection"]);
        assert.match(error.message, message);
    }
});

test("a dump answers again after a selection was refused", () => {
    selecting({ groupsRegex: "(" });
    assert.equal(dump.translate({ groups: ["audit"] }).summary.exact, 1);
});
