use std::str::Chars;

/// The logical lines of a Java properties file: blank lines and comments left out, continuations joined, escapes still in
/// place. Rules read in `java.util.Properties.LineReader`.
pub(super) struct LogicalLines<'a> {
    natural: NaturalLines<'a>,
}

/// One logical line.
pub(super) struct LogicalLine {
    /// The natural line it begins in, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

impl<'a> LogicalLines<'a> {
    pub(super) fn of(file: &'a str) -> Self {
        Self { natural: NaturalLines { rest: file.chars(), number: 0 } }
    }
}

impl Iterator for LogicalLines<'_> {
    type Item = LogicalLine;

    fn next(&mut self) -> Option<LogicalLine> {
        let mut logical: Option<LogicalLine> = None;
        loop {
            let Some((number, line)) = self.natural.next() else {
                // The file may end within a continuation.
                return logical.filter(|logical| !logical.text.is_empty());
            };
            let line = line.trim_start_matches(is_blank);
            if logical.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
                continue;
            }
            let backslashes = line.len() - line.trim_end_matches('\\').len();
            let goes_on = backslashes % 2 == 1;
            let logical_line = logical.get_or_insert(LogicalLine { number, text: String::new() });
            logical_line.text.push_str(if goes_on { &line[..line.len() - 1] } else { line });
            if !goes_on {
                if logical_line.text.is_empty() {
                    logical = None;
                    continue;
                }
                return logical;
            }
        }
    }
}

/// White space as the format has it. A vertical tab or a no-break space is text.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Lines as they stand in the file, which end with a line feed, a carriage return, or both.
struct NaturalLines<'a> {
    rest: Chars<'a>,
    number: usize,
}

impl<'a> Iterator for NaturalLines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let text = self.rest.as_str();
        if text.is_empty() {
            return None;
        }
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        let (line, ending) = text.split_at(end);
        let ending_length = if ending.starts_with("\r\n") { 2 } else { ending.len().min(1) };
        self.rest = ending[ending_length..].chars();
        self.number += 1;
        Some((self.number, line))
    }
}
