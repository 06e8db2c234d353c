/**
 * Which answers are wanted: exactly one of `groups`, `allGroups`, `groupsRegex` and `offsets`. A key that is not one
 * of these is an error.
 */
export type Selection =
    | {
          /** These groups, by name. One without any commit is no error: see `Translation.missingGroups`. */
          groups: string[];
          /** Only these topics, or partitions of them (`orders:0,1`), by their names on the source; all when left out or empty. */
          topics?: string[];
      }
    | { allGroups: true; topics?: string[] }
    | {
          /** Groups whose whole name matches this regular expression (Rust's syntax, which has no look-around). */
          groupsRegex: string;
          topics?: string[];
      }
    | {
          /** Source offsets that are kept outside Kafka. */
          offsets: BareOffset[];
      };

/** A source offset that no group committed. */
export interface BareOffset {
    /** The topic's name on the source. */
    topic: string;
    /** From 0. */
    partition: number;
    /** The next record to read on the source. */
    offset: bigint;
}

/**
 * How far an answer can be trusted. `exact`: proved. `bounded`: the position lies in `low..=high`. `floor`: it is not
 * below `low`. `unsafe`: the evidence contradicts itself. `unknown`: there is nothing to translate to.
 */
export type PositionClass = "exact" | "bounded" | "floor" | "unsafe" | "unknown";

/** A fact behind an answer, in words an operator can check. */
export interface Finding {
    kind: string;
    detail: string;
}

/**
 * The answers, one row a group and partition, sorted by group, topic and partition. All columns have the same length;
 * their names and meanings are those of the JSON that `offsets translate -o json` prints.
 *
 * Offsets are `bigint`, exact to 2^63 - 1. What is not known is `null`, never -1 and never 0n: columns in which that
 * can happen are therefore plain arrays.
 */
export interface Columns {
    /** `null` for an offset given by hand. */
    group: (string | null)[];
    /** The topic's name on the source. */
    topic: string[];
    partition: Int32Array;
    /** The group's commit on the source. */
    sourceOffset: BigInt64Array;
    /** The topic's name on the target. */
    targetTopic: string[];
    /** Where to go on: the same as `low`. `null` when the class is `unknown`. */
    targetOffset: (bigint | null)[];
    /** The true position is not below. `null` when the class is `unknown`. */
    low: (bigint | null)[];
    /** The true position is not above. `null` without a ceiling. */
    high: (bigint | null)[];
    class: PositionClass[];
    /** How many data records the group reads again at most; `null` when nothing limits it. */
    rereadMax: (bigint | null)[];
    /** How many of them the translation itself can make the group read again. `null` when nothing limits it. */
    rereadMap: (bigint | null)[];
    /** About how many of them the age of the commit makes it read again. `null` where the group's rate was not recorded. */
    rereadAge: (bigint | null)[];
    /** When the source offset was read or recorded: ISO 8601, UTC. */
    asOf: string[];
    /** The latest time at which the commit can have been made. `null` where that is not known. */
    committedAt: (string | null)[];
    /** What each answer takes for granted. */
    assumptions: string[][];
    /** The facts each answer follows from. */
    evidence: Finding[][];
    /** What MirrorMaker 2 itself would commit; `null` when it would leave the group without a position, or with `mm2Known` false. */
    mm2TargetOffset: (bigint | null)[];
    /** How much the group would read again from there, at most. */
    mm2RereadMax: (bigint | null)[];
    /** Whether MirrorMaker 2's answer is known: its offset syncs were read. */
    mm2Known: boolean[];
}

/** A partition of which a group has no known commit, though it has commits on other partitions of the topic. */
export interface UncommittedPartition {
    group: string;
    /** The topic's name on the source. */
    topic: string;
    partition: number;
    /** The topic's name on the target. */
    targetTopic: string;
    targetLogStart: bigint | null;
    targetLogEnd: bigint | null;
    /** What the group has committed there on the target itself; `null` where it has not, or that was not asked. */
    targetCommittedOffset: bigint | null;
}

/** How many answers there are of each class. */
export interface Summary {
    partitions: number;
    exact: number;
    bounded: number;
    floor: number;
    unsafe: number;
    unknown: number;
    /** The sum over all answers; `null` when one has no limit. */
    rereadMax: bigint | null;
    /** The same of what the translation makes groups read again. */
    rereadMap: bigint | null;
    /** The same of what the age of the commits makes them read again. */
    rereadAge: bigint | null;
    /** The same for MirrorMaker 2's own answers. */
    mm2RereadMax: bigint | null;
}

/** What `new Dump` throws. */
export interface DumpError extends Error {
    name: "DumpError";
    /**
     * `malformed-dump`: the text is not the JSON of a dump, cut short for example. `other-kind`: it is JSON of another
     * kind or version. `edited-dump`: its evidence is not what was written. `unusable-dump`: anything else.
     */
    code: "malformed-dump" | "other-kind" | "edited-dump" | "unusable-dump";
    /** Where a malformed dump stops being one: the line, from 1. Not there with another `code`. */
    line?: number;
    /** The column in that line, in bytes of UTF-8, as the `offsets` program counts. 0 at the very beginning. */
    column?: number;
}

/** What `Dump.translate` throws. */
export interface SelectionError extends Error {
    name: "SelectionError";
    /** `bad-pattern`: `groupsRegex` is not a regular expression. `bad-selection`: anything else. */
    code: "bad-pattern" | "bad-selection";
}
