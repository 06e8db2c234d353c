use std::collections::{BTreeMap, HashSet};

use offsets_record::Identity;

use super::{Assumption, EvidencePolicy, Reread, RereadRange, Row, Seed, SeedGap, SeedLink, SeedPart};
use crate::evidence::{Evidence, Fingerprint, Query, Records, Scan, Span};
use crate::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};

/// The seeds that evidence gives for answers of groups, one a group, as it stands: the same that an
/// [`Translator`](super::Translator) comes to whose only source is this evidence, without the queries.
pub fn seeds(evidence: &Evidence, rules: &EvidencePolicy, rows: &[Row]) -> Vec<Seed> {
    let mut seeding = Seeding::of(rows, evidence, rules);
    while seeding.queries().is_some() {
        seeding.take(&evidence.source_records);
    }
    seeding.finish()
}

/// The seeds of groups in the making: what they had read of the records that come again, looked up on the source.
///
/// Records are dropped by their looks, and whatever is dropped that was not read is skipped. So nothing is sown that looks
/// like a record the group has yet to read, and nothing at all where not every such record that can come inside the window is
/// known.
#[derive(Debug, Clone)]
pub(super) struct Seeding {
    seeds: Vec<Seed>,
    /// What is still to be looked up, the next last.
    left: Vec<Wanted>,
    asked: Vec<Wanted>,
    exactly_once: bool,
    source_alive: bool,
}

/// What has to be known of one partition.
#[derive(Debug, Clone)]
struct Wanted {
    /// Whose seed it is for.
    seed: usize,
    source: TopicPartition,
    target: TopicPartition,
    from: TargetOffset,
    commit: SourceOffset,
    reread: Reread,
    /// The source's log, while it can be asked for.
    log: Option<LogRange<SourceOffset>>,
    span: LogRange<SourceOffset>,
    assumptions: Vec<String>,
}

/// How many partitions are looked up at a time.
const AT_ONCE: usize = 16;

/// How many source offsets are looked at beyond those that have to be: records that look alike mostly stand close by.
const LOOK_AHEAD: u64 = 1024;

impl Seeding {
    /// What is to be looked up for these answers, group by group.
    pub(super) fn of(rows: &[Row], evidence: &Evidence, rules: &EvidencePolicy) -> Self {
        let link = &evidence.link;
        let mut seeding = Self {
            seeds: Vec::new(),
            left: Vec::new(),
            asked: Vec::new(),
            exactly_once: link.exactly_once,
            source_alive: evidence.source.is_alive(),
        };
        let mut rows: Vec<_> =
            rows.iter().filter_map(|row| Some((row.group.as_ref()?, &row.source, row))).collect();
        rows.sort_by_key(|(group, source, _)| (*group, *source));
        for (group, _, row) in rows {
            if seeding.seeds.last().is_none_or(|seed| seed.group != *group) {
                let link = SeedLink { source: link.source.clone(), target: link.target.clone() };
                seeding.seeds.push(Seed::new(evidence.as_of, link, group.clone()));
            }
            let seed = seeding.seeds.len() - 1;
            let wanted = Wanted::of(row, seed, evidence, rules);
            match wanted {
                Ok(wanted) => seeding.left.extend(wanted),
                Err(why) => seeding.refuse(seed, &row.target, why),
            }
        }
        seeding.left.reverse();
        seeding
    }

    /// The next stretches of the source to look up.
    pub(super) fn queries(&mut self) -> Option<Vec<Query>> {
        self.asked = self.left.split_off(self.left.len().saturating_sub(AT_ONCE));
        let span = |wanted: &Wanted| Span { partition: wanted.source.clone(), offsets: wanted.span };
        let spans = Span::joined(self.asked.iter().map(span).collect());
        (!spans.is_empty()).then(|| vec![Query::SourceRecords(spans)])
    }

    /// Takes what was found of the stretches asked for last; tells of which partitions.
    pub(super) fn take(&mut self, records: &Records<SourceOffset>) -> Vec<TopicPartition> {
        let asked = std::mem::take(&mut self.asked);
        for wanted in &asked {
            match self.sown(wanted, records.of(&wanted.source)) {
                Ok(sowing) => self.seeds[wanted.seed].windows.extend(sowing),
                Err(why) => self.refuse(wanted.seed, &wanted.target, why),
            }
        }
        asked.into_iter().map(|wanted| wanted.source).collect()
    }

    /// The seeds, one a group.
    pub(super) fn finish(mut self) -> Vec<Seed> {
        for wanted in std::mem::take(&mut self.left) {
            self.refuse(wanted.seed, &wanted.target, "the source was not asked".to_owned());
        }
        for seed in &mut self.seeds {
            seed.windows.sort_by(|a, b| a.partition.cmp(&b.partition));
            seed.unseeded.sort_by(|a, b| a.partition.cmp(&b.partition));
        }
        self.seeds
    }

    fn refuse(&mut self, seed: usize, target: &TopicPartition, why: String) {
        self.seeds[seed].unseeded.push(SeedGap { partition: target.clone(), why });
    }

    /// The window of a partition, nothing where nothing comes again, or why it has none.
    fn sown(&self, wanted: &Wanted, scans: &[Scan<SourceOffset>]) -> Result<Option<SeedPart>, String> {
        let found = Found::of(scans, wanted.span, wanted.first_unread());
        if found.records.is_empty() && scans.is_empty() {
            return Err(if self.source_alive {
                "the source's records could not be read".to_owned()
            } else {
                "the source is dead, and no archive kept what its records there are recognised by".to_owned()
            });
        }
        if !self.is_complete(wanted, &found) {
            let (reach, commit) = (found.reach, wanted.commit);
            return Err(format!(
                "of the records from {commit} on, which the group has yet to read, only those below source offset {reach} \
                 are known; others that it reads inside the window may look like ones it has read"
            ));
        }
        let unread: HashSet<_> = found.records.range(wanted.commit..).map(|(_, look)| *look).collect();
        // A timestamp of the source's broker is its producer's on the target.
        let is_unread =
            |(created, content)| unread.contains(&(created, content)) || unread.contains(&(None, content));
        let read: Vec<_> = found.records.range(..wanted.commit).map(|(_, look)| *look).collect();
        let named = read.iter().filter(|look| !is_unread(**look));
        let sown: Vec<Identity> =
            named.filter_map(|&(created, content)| Identity::of_copied(created, content)).collect();
        let left_out = (read.len() - sown.len()) as u64;
        if sown.is_empty() && left_out > 0 {
            return Err(format!(
                "its {left_out} records look like ones that the group has yet to read, or have no timestamp of their producer"
            ));
        }
        Ok((!sown.is_empty()).then(|| SeedPart {
            partition: wanted.target.clone(),
            from: wanted.from,
            until: Some(wanted.reread.until),
            read: sown,
            left_out,
            assumptions: wanted.assumptions.clone(),
        }))
    }

    /// Whether every record is known that the group has not read and that can come inside the window: all that the source
    /// holds; or as many, from one that was not copied before it, as the window has offsets, for a replicator that copies in source order
    /// cannot have got further. With transactions nothing is copied twice, and the record at the window's end tells.
    fn is_complete(&self, wanted: &Wanted, found: &Found) -> bool {
        if wanted.log.is_some_and(|log| found.reach >= log.end) {
            return true;
        }
        let Reread { uncopied, until, through, .. } = wanted.reread;
        let copies = wanted.from.distance_to(until);
        let known = found.records.range(uncopied..found.reach.max(uncopied)).count() as u64;
        let reached = through.is_none_or(|through| through < found.reach);
        reached && (known >= copies || self.exactly_once && through.is_some())
    }
}

impl Wanted {
    /// What is to be looked up for an answer, nothing where nothing comes again, or why that cannot be told.
    fn of(
        row: &Row,
        seed: usize,
        evidence: &Evidence,
        rules: &EvidencePolicy,
    ) -> Result<Option<Self>, String> {
        let reread = match row.rereading {
            RereadRange::Nothing => return Ok(None),
            RereadRange::Of(reread) => reread,
            RereadRange::RereadUnknown(why) => return Err(why.to_string()),
        };
        let Some(from) = row.position.target() else { return Ok(None) };
        let log = evidence.source_logs.get(&row.source).filter(|_| evidence.source.is_alive());
        let copies = from.distance_to(reread.until);
        let commit = row.committed.offset;
        let needed = [reread.uncopied.plus(copies), commit.next(), reread.through.unwrap_or(commit).next()];
        let needed = needed.into_iter().fold(SourceOffset::ZERO, SourceOffset::max);
        let clipped = |end: SourceOffset| log.map_or(end, |log| end.min(log.end));
        let start = log.map_or(reread.from, |log| reread.from.max(log.start));
        let (least, limit) = (start.distance_to(clipped(needed)), rules.probe_max_records);
        if least > limit {
            return Err(format!("{least} source offsets would have to be read (--probe-max-records)"));
        }
        let end = clipped(needed.plus(copies).plus(LOOK_AHEAD));
        let span = LogRange { start, end: end.min(start.plus(limit)) };
        if span.is_empty() {
            return Err("the source holds none of its records any more".to_owned());
        }
        let mut needs: Vec<_> = row.assumptions.clone();
        needs.push(Assumption::DistinctRecords);
        needs.sort();
        needs.dedup();
        Ok(Some(Self {
            seed,
            source: row.source.clone(),
            target: row.target.clone(),
            from,
            commit,
            reread,
            log,
            span,
            assumptions: needs.into_iter().map(|need| need.name().to_owned()).collect(),
        }))
    }

    /// The first record that the group has yet to read, as far as the source has it.
    fn first_unread(&self) -> SourceOffset {
        self.log.map_or(self.commit, |log| self.commit.max(log.start))
    }
}

/// What is known of a stretch of the source.
struct Found {
    /// By offset, for a stretch may have been read twice: the producer's timestamp, where there is one, and the content.
    records: BTreeMap<SourceOffset, (Option<i64>, Fingerprint)>,
    /// Every record is known from the first unread one up to here.
    reach: SourceOffset,
}

impl Found {
    fn of(scans: &[Scan<SourceOffset>], span: LogRange<SourceOffset>, unread: SourceOffset) -> Self {
        let mut scans: Vec<_> = scans.iter().collect();
        scans.sort_by_key(|scan| scan.offsets.start);
        let mut found = Self { records: BTreeMap::new(), reach: unread };
        for scan in scans {
            if scan.offsets.start <= found.reach {
                found.reach = found.reach.max(scan.offsets.end.min(span.end));
            }
            let within = scan.records.iter();
            let within = within.filter(|record| span.start <= record.offset && record.offset < span.end);
            let looks = within.map(|record| (record.offset, (record.created_ms, record.content)));
            found.records.extend(looks);
        }
        found
    }
}
