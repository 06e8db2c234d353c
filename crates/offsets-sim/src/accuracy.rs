use serde::Serialize;

/// What groups read again, by how far they lag and by the evidence that was used.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accuracy {
    /// What the link is called.
    pub link: String,
    /// Each kind of evidence alone as far as that was asked for, then `all` of them, then `mm2` for its own rule.
    pub evidence: Vec<EvidenceRereads>,
}

/// What groups read again from positions that follow from some evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceRereads {
    /// The name of the kind, `all` or `mm2`.
    pub evidence: &'static str,
    /// By rising lag.
    pub lags: Vec<LagRereads>,
}

/// What groups read again that lag about so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LagRereads {
    /// How many records they lag.
    pub lag: u32,
    /// How many commits were looked at that have a position which skips nothing.
    pub commits: u64,
    /// The mean of what they read again.
    pub mean: f64,
    /// What 99 in 100 of them do not exceed.
    pub p99: u64,
}

impl LagRereads {
    /// Sums up what commits read again.
    pub(crate) fn of(lag: u32, rereads: &[u64]) -> Self {
        let mut sorted = rereads.to_vec();
        sorted.sort_unstable();
        let commits = sorted.len() as u64;
        let nearest = (commits * 99).div_ceil(100).saturating_sub(1);
        Self {
            lag,
            commits,
            mean: sorted.iter().sum::<u64>() as f64 / commits.max(1) as f64,
            p99: sorted.get(nearest as usize).copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_read_more_than_the_99th_percentile() {
        let rereads: Vec<u64> = (1..=200).rev().collect();
        let LagRereads { commits, mean, p99, .. } = LagRereads::of(0, &rereads);
        assert_eq!((commits, mean, p99), (200, 100.5, 198));
        assert_eq!(LagRereads::of(0, &[7]).p99, 7);
        assert_eq!(LagRereads::of(0, &[]).commits, 0);
    }
}
