use std::borrow::Cow;
use std::fmt;

/// Text from a cluster, a file or a record, as it may be shown on a terminal.
///
/// Any client of a cluster chooses the name of its group, and any producer the key of its record, so such text may hold
/// escape sequences, line ends, or marks that turn the direction of the text around it. What `{:?}` would escape is escaped
/// here in the same way (control and format characters, line and paragraph separators, spaces that are not U+0020), and so is what
/// no font draws: Unicode's default-ignorable code points, such as variation selectors and Hangul fillers, and the blank Braille
/// pattern. A blank at either end is written `\u{20}`; letters, digits, quotes and backslashes of all scripts stay as they are. Empty text
/// is written `""`. Escaped text is not changed by a second pass.
///
/// It is for eyes: JSON and CSV have the text itself.
///
/// # Examples
/// ```
/// use offsets_core::model::Printable;
///
/// assert_eq!(Printable("app-g ").to_string(), r"app-g\u{20}");
/// assert_eq!(Printable("\u{1b}[31mred\n").to_string(), r"\u{1b}[31mred\n");
/// assert_eq!(Printable("größe-読む").to_string(), "größe-読む");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printable<'a>(pub &'a str);

impl<'a> Printable<'a> {
    /// A name or a value.
    pub fn text(self) -> Cow<'a, str> {
        let Self(text) = self;
        if text.is_empty() {
            return Cow::Borrowed("\"\"");
        }
        let inner = text.trim_matches(' ');
        if inner.len() == text.len() {
            return self.line();
        }
        let before = text.len() - text.trim_start_matches(' ').len();
        let after = text.len() - before - inner.len();
        let blanks = |count: usize| r"\u{20}".repeat(count);
        Cow::Owned(format!("{}{}{}", blanks(before), Printable(inner).line(), blanks(after)))
    }

    /// A sentence with names and values in it: blanks at its ends stay as they are, and so does empty text.
    pub fn line(self) -> Cow<'a, str> {
        let Self(text) = self;
        if text.chars().all(is_plain) {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len() + 16);
        for piece in text.split_inclusive(|character| is_kept(character) || is_unseen(character)) {
            let last = piece.chars().next_back().filter(|&last| is_kept(last) || is_unseen(last));
            let rest = &piece[..piece.len() - last.map_or(0, char::len_utf8)];
            // Of whole text, so that an accent stays on its letter.
            shown.extend(rest.escape_debug());
            match last {
                Some(last) if is_unseen(last) => shown.extend(last.escape_unicode()),
                last => shown.extend(last),
            }
        }
        Cow::Owned(shown)
    }
}

/// ASCII that is shown as it is: the usual case, for which nothing is copied.
fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~')
}

/// What `{:?}` escapes though no terminal minds it.
fn is_kept(character: char) -> bool {
    matches!(character, '\\' | '"' | '\'')
}

/// What is drawn as nothing though the standard library takes it for a letter or an accent: `Default_Ignorable_Code_Point` of
/// Unicode's DerivedCoreProperties.txt, whose ranges hold the code points that are still to be assigned too, and U+2800.
fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Printable(text).to_string()
    }

    #[test]
    fn nothing_that_moves_the_cursor_or_hides_is_left() {
        for (text, expected) in [
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{7f}\0", r"\u{7f}\0"),
            ("\u{202e}gpj", r"\u{202e}gpj"),
            ("\u{2066}x\u{2069}\u{200e}", r"\u{2066}x\u{2069}\u{200e}"),
            ("a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
            ("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
            ("a\u{a0}b", r"a\u{a0}b"),
            ("\u{3164}", r"\u{3164}"),
            ("a\u{115f}b\u{ffa0}", r"a\u{115f}b\u{ffa0}"),
            ("a\u{2800}b", r"a\u{2800}b"),
            ("x\u{fe0f}y\u{34f}\u{e0101}", r"x\u{fe0f}y\u{34f}\u{e0101}"),
            ("  a b ", r"\u{20}\u{20}a b\u{20}"),
            (" ", r"\u{20}"),
            ("", "\"\""),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn letters_accents_quotes_and_backslashes_stay() {
        for text in ["größe", "cafe\u{301}", "日本語", "группа", r#"a"b'c\d"#, "a, b; c", "😀"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn every_control_character_is_escaped_and_a_second_pass_changes_nothing() {
        for character in (0..=0x2_ffff).filter_map(char::from_u32) {
            let once = shown(&format!("a{character}b"));
            assert!(once.chars().all(|shown| !shown.is_control()), "{character:?}");
            assert_eq!(shown(&once), once, "{character:?}");
        }
    }

    #[test]
    fn a_sentence_keeps_its_ends_and_its_width() {
        assert_eq!(Printable("  seed 7\n").line(), r"  seed 7\n");
        assert_eq!(format!("{:>5}|{:<4}|", Printable("ab"), Printable("c")), "   ab|c   |");
    }
}
