/// As `partition_point` on `0..len`, but looking outwards from `guess`: how many leading indices are `below`.
///
/// Offsets rise nearly evenly, so a guess in proportion is seldom far off, and each look elsewhere misses the cache.
/// However wrong the guess, it takes no more than about twice the looks of a binary search.
pub(super) fn partition_point_near(len: usize, guess: usize, below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    let mut step = 1;
    if guess < len && below(guess) {
        low = guess + 1;
        while low < high {
            let at = (low + step).min(high) - 1;
            if !below(at) {
                high = at;
                break;
            }
            low = at + 1;
            step *= 2;
        }
    } else {
        high = guess.min(len);
        while low < high {
            let at = high.saturating_sub(step);
            if below(at) {
                low = at + 1;
                break;
            }
            high = at;
            step *= 2;
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if below(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Which of `len` things that lie evenly in `0..=span` lies at `distance`, about.
pub(super) fn in_proportion(distance: u64, span: u64, len: usize) -> usize {
    match distance.checked_mul(len as u64) {
        Some(product) => (product / span.max(1)) as usize,
        None => (u128::from(distance) * len as u128 / u128::from(span.max(1))) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_guess_leads_to_the_same_place() {
        for len in 0..40 {
            for answer in 0..=len {
                for guess in 0..=len + 3 {
                    assert_eq!(partition_point_near(len, guess, |at| at < answer), answer);
                }
            }
        }
    }
}
