use std::cell::OnceCell;

use offsets_core::translate::SeedPart;
use offsets_core::translate::{Assumption, Position, Row};

use crate::waivers::Waivers;
use crate::{Entry, Known, Resumption, Setting, Truth, World};

/// The law, for one world: nothing unread lies behind a position, the true position lies inside the bracket, `exact` is
/// proved, and no more is read again than was said.
///
/// Where the world breaks an assumption that an answer names, the answer is excused from what follows of that, and from
/// nothing else.
#[derive(Debug)]
pub struct Invariant<'a> {
    read: &'a World,
    now: &'a World,
    known: Known,
    truth: Truth,
    waivers: OnceCell<Waivers>,
    recreations: Option<Recreations>,
}

/// An answer that is not right.
#[derive(Debug, Clone)]
pub struct Violation {
    /// In which way.
    pub kind: ViolationKind,
    /// The assumption that the answer names and the world breaks, if that is why; else it is a breach of the law.
    pub waiver: Option<Assumption>,
    /// The answer and the truth, in words.
    pub detail: String,
}

/// In which way an answer can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ViolationKind {
    /// An unread record lies behind the position.
    Skips,
    /// There is no position though there is a mirror partition, or the other way round.
    Missing,
    /// The true position lies above the bracket.
    TooLow,
    /// A position that is called exact is below the first right one.
    NotExact,
    /// More records are read again than was said.
    RereadsMore,
    /// A seed drops a record that the group has not read.
    Drops,
}

/// What is different where topics were re-created: the truth is not one any more.
#[derive(Debug)]
struct Recreations {
    /// The topics of this name that a commit may have been made on, so far as the syncs tell.
    truths: Vec<Truth>,
    /// Syncs of an older mirror topic look as if they were of the present one: nothing can be expected then.
    stale: bool,
    /// Neither syncs nor log ends can show that a topic was re-created.
    unseen: bool,
    /// The syncs do not show that the target topic was re-created.
    target_unseen: bool,
    /// The source topic was re-created.
    of_source: bool,
}

impl ViolationKind {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skips => "skips",
            Self::Missing => "missing",
            Self::TooLow => "too-low",
            Self::NotExact => "not-exact",
            Self::RereadsMore => "rereads-more",
            Self::Drops => "drops",
        }
    }
}

impl<'a> Invariant<'a> {
    /// The law for answers from evidence that was gathered when the world was first as in `read`, then as `now`.
    pub fn of(read: &'a World, now: &'a World, known: Known) -> Self {
        let recreated = now.source.incarnation > 0 || now.target.incarnation > 0;
        Self {
            read,
            now,
            known,
            truth: Truth::of(now),
            waivers: OnceCell::new(),
            recreations: recreated.then(|| Recreations::of(read, now, known)),
        }
    }

    /// What is right for commits on the source topic as it is now.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Whether both topics are what they were, and one MM2 copies.
    pub(crate) fn is_plain(&self) -> bool {
        let Setting { preserving, shared, .. } = *self.now.setting();
        self.recreations.is_none() && !self.now.has_a_rival() && !preserving && !shared
    }

    /// Every way in which an answer breaks the law.
    pub fn breaches(&self, row: &Row) -> Vec<Violation> {
        let mut violations = self.violations(row);
        violations.retain(|violation| violation.waiver.is_none());
        violations
    }

    /// Every record that a group has not read and that its seed takes from it, when it reads on from an answer in a world as it
    /// is by `then`, with what excuses it. What another producer wrote no group has read.
    pub fn drops(&self, row: &Row, part: &SeedPart, then: &World) -> Vec<Violation> {
        let g = row.committed.offset.get();
        let was_read = |entry| match entry {
            Entry::Copy { incarnation, upstream } => {
                incarnation == self.now.source.incarnation && upstream < g
            }
            _ => false,
        };
        let reads = Resumption::of(then, part).reads.into_iter();
        let wrong = reads.filter(|&(_, entry, dropped)| dropped && !was_read(entry));
        let presumes = row.assumptions.contains(&Assumption::SameIncarnation) && self.recreations.is_some();
        // A record that the source has lost, or that lies further on than one of a link without a filter can, looks like another.
        let setting = then.setting();
        let strays = self.known.remembers() && setting.filter > 0;
        let hidden = |waivers: &Waivers| (waivers.lost || strays) && setting.twins > 1;
        wrong
            .map(|(offset, entry, _)| {
                // Of the world in which it reads.
                let waivers = Waivers::of(self.read, then, self.known);
                let names =
                    |assumption: Assumption| part.assumptions.iter().any(|named| named == assumption.name());
                let broken = [
                    (Assumption::SameIncarnation, presumes),
                    (Assumption::Order, waivers.disordered),
                    (Assumption::DistinctRecords, hidden(&waivers) || waivers.impersonated),
                ];
                let waiver = broken.into_iter().find(|&(assumption, broken)| broken && names(assumption));
                let detail = format!(
                    "of {g} the seed drops {entry:?} at {offset}: {:?}, {:?}, {part:?}",
                    row.position, row.rereading
                );
                Violation {
                    kind: ViolationKind::Drops,
                    waiver: waiver.map(|(assumption, _)| assumption),
                    detail,
                }
            })
            .collect()
    }

    /// Every way in which an answer is not right, with what excuses it.
    pub fn violations(&self, row: &Row) -> Vec<Violation> {
        match &self.recreations {
            _ if row.position.target().is_some() != self.truth.exists() => {
                vec![self.violation(ViolationKind::Missing, row, &self.truth)]
            }
            Some(recreations) => self.after_recreation(row, recreations),
            None => self.plainly(row),
        }
    }

    fn plainly(&self, row: &Row) -> Vec<Violation> {
        let g = row.committed.offset.get();
        let truth = &self.truth;
        let Some(target) = row.position.target().map(|target| target.get()) else { return Vec::new() };
        let (first, last) = (truth.first(g), truth.last(g));
        let too_low = row.position.high().is_some_and(|high| self.is_below(high.get(), first));
        let inexact = matches!(row.position, Position::Exact { .. }) && self.is_below(target, first);
        let more = row.reread_max.is_some_and(|most| truth.reread(target, g) > most);
        let wrong = [
            (target > last, ViolationKind::Skips),
            (too_low, ViolationKind::TooLow),
            (inexact, ViolationKind::NotExact),
            (more, ViolationKind::RereadsMore),
        ];
        let wrong = wrong.into_iter().filter(|(wrong, _)| *wrong);
        wrong.map(|(_, kind)| self.violation(kind, row, truth)).collect()
    }

    /// Whether a position lies below the first right one. Where offsets are preserved a commit cannot be told from the next
    /// record behind it, if nothing stands between.
    fn is_below(&self, at: i64, first: i64) -> bool {
        let target = &self.now.target;
        let read = |(offset, entry)| entry != Entry::Control && target.holds(offset);
        at < first && (!self.now.setting().preserving || target.between(at, first).any(read))
    }

    /// Where topics were re-created, a position that presumes they were not may be wrong, if it says so. One that is
    /// called `unsafe` may not, whichever of the source topics that the syncs tell of the commit was made on.
    fn after_recreation(&self, row: &Row, recreations: &Recreations) -> Vec<Violation> {
        let Recreations { truths, stale, unseen, of_source, .. } = recreations;
        if *stale {
            return Vec::new();
        }
        let names = |assumption| row.assumptions.contains(&assumption);
        // A commit that is read from the living source is on the topic as it is now, whatever the syncs tell of.
        let alive = self.known.source;
        let presumes = names(Assumption::SameIncarnation)
            && row.position.is_sound()
            && *unseen
            && (!alive || recreations.target_unseen);
        let headers = names(Assumption::OriginHeaders) && *of_source;
        let Some(target) = row.position.target().map(|target| target.get()) else { return Vec::new() };
        let skips = |truth: &&Truth| target > truth.last(row.committed.offset.get());
        let judged = if alive { std::slice::from_ref(&self.truth) } else { truths.as_slice() };
        let skipping = judged.iter().find(skips);
        let violation = skipping.map(|truth| {
            let mut violation = self.violation(ViolationKind::Skips, row, truth);
            let same = presumes.then_some(Assumption::SameIncarnation);
            violation.waiver = violation.waiver.or(same).or(headers.then_some(Assumption::OriginHeaders));
            violation
        });
        violation.into_iter().collect()
    }

    fn violation(&self, kind: ViolationKind, row: &Row, truth: &Truth) -> Violation {
        let Row { position, reread_max, evidence, assumptions, .. } = row;
        let g = row.committed.offset.get();
        let detail = format!(
            "{g} is right at {}..={}, {position:?} {}, re-read {reread_max:?}, {assumptions:?}, {evidence:?}",
            truth.first(g),
            truth.last(g),
            kind.name()
        );
        Violation { kind, waiver: self.waiver(kind, row), detail }
    }

    /// Whether a position passes records that were stranded before the first copy, though the flow back tells of that time:
    /// no assumption excuses it.
    fn passes_stranded(&self, row: &Row) -> bool {
        let tells = self.read.tells_of_originals(self.known);
        let target = &self.now.target;
        let before = target.entries().take_while(|(_, entry)| !matches!(entry, Entry::Copy { .. }));
        let mut stranded =
            before.filter(|&(offset, entry)| matches!(entry, Entry::Foreign) && target.holds(offset));
        let first = stranded.next().map(|(offset, _)| offset);
        let at = row.position.target().map(|at| at.get());
        self.now.setting().shared && tells && first.zip(at).is_some_and(|(first, at)| first < at)
    }

    fn waiver(&self, kind: ViolationKind, row: &Row) -> Option<Assumption> {
        use Assumption::{DistinctRecords, OffsetsPreserved, Order, SoleWriter, SourceKept, VisibleReplays};
        if kind == ViolationKind::Missing {
            return None;
        }
        let waivers = self.waivers.get_or_init(|| Waivers::of(self.read, self.now, self.known));
        let replayed = match kind {
            ViolationKind::Skips => waivers.unfinished,
            ViolationKind::RereadsMore => waivers.unfinished || waivers.doubled,
            ViolationKind::TooLow | ViolationKind::NotExact => waivers.passed_by,
            ViolationKind::Missing | ViolationKind::Drops => false,
        };
        let broken = [
            (Order, waivers.disordered),
            (VisibleReplays, replayed),
            (SoleWriter, waivers.foreign && !(kind == ViolationKind::Skips && self.passes_stranded(row))),
            (SourceKept, waivers.lost),
            (DistinctRecords, waivers.alike || waivers.impersonated && kind != ViolationKind::Skips),
            (OffsetsPreserved, waivers.foreign),
        ];
        let broken = broken.into_iter().filter(|(_, broken)| *broken).map(|(assumption, _)| assumption);
        broken.into_iter().find(|assumption| row.assumptions.contains(assumption))
    }
}

impl Recreations {
    fn of(read: &World, now: &World, known: Known) -> Self {
        let syncs = read.syncs();
        let fall = syncs.windows(2).rposition(|pair| pair[1].downstream <= pair[0].downstream);
        let present = &syncs[fall.map_or(0, |at| at + 1)..];
        let stale = present.iter().any(|sync| sync.target_incarnation != now.target.incarnation);
        let rising = present.windows(2).position(|pair| pair[1].upstream <= pair[0].upstream);
        let oldest = present.get(rising.unwrap_or(present.len().saturating_sub(1)));
        let oldest = oldest.map_or(0, |sync| sync.source_incarnation);
        let target_unseen = now.target.incarnation > 0 && (!known.syncs || fall.is_none());
        let of_source = now.source.incarnation > 0;
        Self {
            truths: (oldest..=now.source.incarnation).map(|of| Truth::of_incarnation(now, of)).collect(),
            stale: stale && known.syncs,
            unseen: target_unseen || of_source,
            target_unseen,
            of_source,
        }
    }
}
