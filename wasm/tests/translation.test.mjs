import assert from "node:assert/strict";
import { test } from "node:test";

import { parseExactly } from "./support/exact_json.mjs";
import { Dump, dumpText, webModule } from "./support/module.mjs";

const BEYOND = 2n ** 53n;
const LAST = 2n ** 63n - 1n;

const dump = new Dump(dumpText("beyond-2-53.json"));
const all = dump.translate({ allGroups: true });

/** One row of a translation as an object of its cells. */
function row(columns, group, topic, partition) {
    const at = columns.topic.findIndex(
        (name, at) => columns.group[at] === group && name === topic && columns.partition[at] === partition,
    );
    assert.notEqual(at, -1, `there is no row for ${group} on ${topic}-${partition}`);
    return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[at]]));
}

test("offsets beyond 2^53 are exact", () => {
    const exact = row(all.columns(), "app-g", "orders", 0);
    assert.equal(exact.sourceOffset, 9007199254740993n);
    assert.equal(exact.targetOffset, 9007199254741001n);
    assert.equal(exact.low, 9007199254741001n);
    assert.equal(exact.high, 9007199254741001n);
    assert.equal(exact.class, "exact");
    assert.equal(exact.rereadMax, 0n);
    assert.notEqual(BigInt(Number(exact.sourceOffset)), exact.sourceOffset, "a Number would have done");
});

test("offsets at the end of 64 bits are exact", () => {
    const floor = row(all.columns(), "app-g", "orders", 2);
    assert.equal(floor.sourceOffset, LAST - 3n);
    assert.equal(floor.targetOffset, LAST - 6n);
    assert.equal(floor.class, "floor");
});

test("a bracket wider than 2^53 is exact", () => {
    const bounded = row(all.columns(), "app-g", "orders", 1);
    assert.equal(bounded.class, "bounded");
    assert.deepEqual([bounded.low, bounded.high], [1n, BEYOND + 51n]);
    assert.equal(bounded.rereadMax, BEYOND + 50n);
});

test("what is not known is null", () => {
    const columns = all.columns();
    const floor = row(columns, "app-g", "quiet", 0);
    assert.deepEqual([floor.low, floor.high, floor.rereadMax], [3n, null, null]);
    assert.deepEqual([floor.mm2TargetOffset, floor.mm2RereadMax], [null, null]);
    const unsafe = row(columns, "app-g", "recreated", 0);
    assert.deepEqual([unsafe.class, unsafe.targetOffset, unsafe.high], ["unsafe", 0n, null]);
    const unknown = row(columns, "app-g", "unmirrored", 0);
    assert.deepEqual(
        [unknown.class, unknown.targetOffset, unknown.low, unknown.high, unknown.rereadMax],
        ["unknown", null, null, null, null],
    );
    assert.equal(all.summary.rereadMax, null);
});

test("columns have the declared types and one length", () => {
    const columns = all.columns();
    assert.ok(columns.sourceOffset instanceof BigInt64Array);
    assert.ok(columns.partition instanceof Int32Array);
    for (const [name, column] of Object.entries(columns)) {
        assert.equal(column.length, all.summary.partitions, name);
    }
});

test("columns and JSON say the same", () => {
    const columns = all.columns();
    const { partitions } = parseExactly(all.toJson());
    const number = (value) => (value === null ? null : `number ${value}`);
    const rows = partitions.map((_, at) => ({
        group: columns.group[at],
        topic: columns.topic[at],
        partition: number(columns.partition[at]),
        sourceOffset: number(columns.sourceOffset[at]),
        targetTopic: columns.targetTopic[at],
        targetOffset: number(columns.targetOffset[at]),
        low: number(columns.low[at]),
        high: number(columns.high[at]),
        class: columns.class[at],
        rereadMax: number(columns.rereadMax[at]),
        rereadMap: number(columns.rereadMap[at]),
        rereadAge: number(columns.rereadAge[at]),
        asOf: columns.asOf[at],
        committedAt: columns.committedAt[at],
        assumptions: columns.assumptions[at],
        evidence: columns.evidence[at],
        mm2: {
            targetOffset: number(columns.mm2TargetOffset[at]),
            rereadMax: number(columns.mm2RereadMax[at]),
            known: columns.mm2Known[at],
        },
    }));
    assert.deepEqual(rows, partitions);
});

test("summary, link and time are those of the JSON", () => {
    const json = parseExactly(all.toJson());
    const summary = Object.fromEntries(
        Object.entries(all.summary).map(([name, value]) => [name, value === null ? null : `number ${value}`]),
    );
    assert.deepEqual(summary, json.summary);
    assert.deepEqual({ source: all.source, target: all.target }, json.link);
    assert.equal(all.asOf, json.asOf);
    assert.equal(all.isSound, false);
});

test("offsets as strings survive JSON.parse", () => {
    const [exact] = JSON.parse(all.toJson(true)).partitions;
    assert.equal(exact.sourceOffset, "9007199254740993");
    assert.equal(exact.targetOffset, "9007199254741001");
    assert.equal(exact.mm2.targetOffset, "9007199254741001");
    const [rounded] = JSON.parse(all.toJson()).partitions;
    assert.equal(typeof rounded.sourceOffset, "number");
});

test("groups are selected by name, by pattern and by topic", () => {
    const groups = (selection) => [...new Set(dump.translate(selection).columns().group)];
    assert.deepEqual(groups({ allGroups: true }), ["app-g", "audit", 'tenant, "ä".v1']);
    assert.deepEqual(groups({ groups: ['tenant, "ä".v1'] }), ['tenant, "ä".v1']);
    assert.deepEqual(groups({ groupsRegex: "a.*" }), ["app-g", "audit"]);
    assert.deepEqual(groups({ groupsRegex: "a" }), [], "a pattern matches whole names");
    assert.deepEqual(groups({ allGroups: true, topics: ["quiet"] }), ["app-g"]);
    assert.deepEqual(groups({ groups: undefined, allGroups: true, topics: [] }).length, 3);
});

test("a named group without commits is listed and is no error", () => {
    const translation = dump.translate({ groups: ["app-g", "nobody"], topics: ["orders"] });
    assert.deepEqual(translation.missingGroups, ["nobody"]);
    assert.equal(translation.summary.partitions, 3);
    assert.equal(translation.isSound, false);
    assert.deepEqual(JSON.parse(translation.toJson()).missingGroups, ["nobody"]);
});

test("offsets kept outside Kafka are translated without a group", () => {
    const translation = dump.translate({
        offsets: [
            { topic: "orders", partition: 0, offset: BEYOND + 1001n },
            { topic: "orders", partition: 2, offset: LAST - 100n },
        ],
    });
    const columns = translation.columns();
    assert.deepEqual(columns.group, [null, null]);
    assert.deepEqual(columns.targetOffset, [BEYOND + 951n, LAST - 7n]);
    assert.ok(translation.isSound);
});

test("a dead source answers from its last checkpoints", () => {
    const translation = new Dump(dumpText("source-dead.json")).translate({ groups: ["app-g"] });
    const checkpoint = row(translation.columns(), "app-g", "orders", 0);
    assert.equal(checkpoint.sourceOffset, BEYOND + 1n);
    assert.equal(checkpoint.targetOffset, BEYOND + 9n);
    assert.equal(checkpoint.asOf, "2026-11-23T07:59:57.25Z");
    assert.deepEqual(
        checkpoint.evidence.map(({ kind }) => kind),
        ["source-dead", "checkpoint", "open-end"],
    );
});

test("the package for a page answers as the one for Node", async () => {
    const web = await import("../pkg/web/index.js");
    web.initSync({ module: webModule() });
    const translation = new web.Dump(dumpText("beyond-2-53.json")).translate({ allGroups: true });
    assert.equal(translation.toJson(), all.toJson());
    assert.deepEqual(translation.columns(), all.columns());
});
