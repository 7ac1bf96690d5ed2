//! What a person types to choose from a numbered list.

/// The numbers that `text` names, each from 1 to `last`: single ones, ranges, or `all`. `None` if it names anything else.
pub(super) fn numbers(text: &str, last: usize) -> Option<Vec<usize>> {
    if text.eq_ignore_ascii_case("all") {
        return Some((1..=last).collect());
    }
    let mut chosen = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let (first, end) = word.split_once('-').unwrap_or((word, word));
        let (first, end): (usize, usize) = (first.parse().ok()?, end.parse().ok()?);
        if first == 0 || first > end || end > last {
            return None;
        }
        chosen.extend(first..=end);
    }
    (!chosen.is_empty()).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_ranges_and_all_are_understood_and_nothing_else() {
        assert_eq!(numbers("2", 3), Some(vec![2]));
        assert_eq!(numbers("1, 3", 3), Some(vec![1, 3]));
        assert_eq!(numbers("1-3", 3), Some(vec![1, 2, 3]));
        assert_eq!(numbers("ALL", 2), Some(vec![1, 2]));
        for odd in [
            "0",
            "4",
            "3-1",
            "x",
            "1 x",
            "-1",
            "",
            "1-",
            "99999999999999999999",
        ] {
            assert_eq!(numbers(odd, 3), None, "{odd}");
        }
    }
}
