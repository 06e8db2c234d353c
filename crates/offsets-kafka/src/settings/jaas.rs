use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// One entry of a Java login configuration, as in
/// `org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="...";`.
///
/// Read as Kafka's `JaasConfig` reads it (a `java.io.StreamTokenizer`), except that an unquoted value may hold any
/// character that ends no token. Errors never repeat any part of the text: it is mostly secret.
pub(super) struct JaasEntry {
    /// The login module's class name.
    pub(super) module: String,
    /// Its options.
    pub(super) options: BTreeMap<String, String>,
}

impl JaasEntry {
    /// Reads a configuration of exactly one entry, which is what `sasl.jaas.config` may hold.
    ///
    /// # Errors
    /// What is wrong with it, in words that hold none of it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Tokens(text.chars().peekable());
        let Some(Token::Word(module)) = tokens.next()? else {
            return Err("names no login module".into());
        };
        match tokens.next()? {
            Some(Token::Word(flag))
                if ["required", "requisite", "sufficient", "optional"]
                    .contains(&flag.to_ascii_lowercase().as_str()) => {}
            _ => return Err("has no control flag (such as \"required\") after the login module".into()),
        }
        let mut options = BTreeMap::new();
        loop {
            match tokens.next()? {
                Some(Token::End) => break,
                Some(Token::Word(key)) => match (tokens.next()?, tokens.next()?) {
                    (Some(Token::Equals), Some(Token::Word(value))) => {
                        options.insert(key, value);
                    }
                    _ => return Err(format!("has no value for option {}", options.len() + 1)),
                },
                Some(Token::Equals) => return Err(format!("has no name for option {}", options.len() + 1)),
                None => return Err("does not end with a semicolon".into()),
            }
        }
        match tokens.next()? {
            None => Ok(Self { module, options }),
            Some(_) => Err("has more than one entry".into()),
        }
    }
}

enum Token {
    /// A bare word or a quoted string.
    Word(String),
    Equals,
    End,
}

struct Tokens<'a>(Peekable<Chars<'a>>);

impl Tokens<'_> {
    fn next(&mut self) -> Result<Option<Token>, String> {
        self.skip_blanks_and_comments();
        Ok(match self.0.peek().copied() {
            None => None,
            Some(';') => {
                self.0.next();
                Some(Token::End)
            }
            Some('=') => {
                self.0.next();
                Some(Token::Equals)
            }
            Some(quote @ ('"' | '\'')) => {
                self.0.next();
                Some(Token::Word(self.quoted(quote)?))
            }
            Some(_) => Some(Token::Word(self.bare())),
        })
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            while self.0.next_if(|c| *c <= ' ').is_some() {}
            let mut ahead = self.0.clone();
            match (ahead.next(), ahead.next()) {
                (Some('/'), Some('/')) => while self.0.next_if(|c| *c != '\n' && *c != '\r').is_some() {},
                (Some('/'), Some('*')) => {
                    self.0 = ahead;
                    let mut before = ' ';
                    for c in self.0.by_ref() {
                        if before == '*' && c == '/' {
                            break;
                        }
                        before = c;
                    }
                }
                _ => return,
            }
        }
    }

    fn bare(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.0.next_if(|c| *c > ' ' && !matches!(c, ';' | '=' | '"' | '\'')) {
            word.push(c);
        }
        word
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.0.next() {
                Some(c) if c == quote => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                None | Some('\n' | '\r') => return Err("has a quote that is not closed".into()),
                Some(c) => text.push(c),
            }
        }
    }

    /// The character after a backslash, as `StreamTokenizer` understands it: C's escapes, octal, else itself.
    fn escaped(&mut self) -> Result<char, String> {
        Ok(match self.0.next().ok_or("has a quote that is not closed")? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            first @ '0'..='7' => {
                let mut code = first.to_digit(8).unwrap_or_default();
                let more = if first <= '3' { 2 } else { 1 };
                for _ in 0..more {
                    match self.0.next_if(|c| ('0'..='7').contains(c)).and_then(|c| c.to_digit(8)) {
                        Some(digit) => code = code * 8 + digit,
                        None => break,
                    }
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            c => c,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(text: &str, key: &str) -> String {
        JaasEntry::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).options[key].clone()
    }

    #[test]
    fn a_usual_line_is_read() {
        let entry = JaasEntry::parse(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"app\" password=\"se=c;ret\";",
        )
        .unwrap();
        assert_eq!(entry.module, "org.apache.kafka.common.security.plain.PlainLoginModule");
        assert_eq!(entry.options["username"], "app");
        assert_eq!(entry.options["password"], "se=c;ret");
    }

    #[test]
    fn quotes_and_escapes_are_javas() {
        assert_eq!(option(r#"M required p="a\"b\\c";"#, "p"), "a\"b\\c");
        assert_eq!(option(r#"M required p='it"s';"#, "p"), "it\"s");
        assert_eq!(option(r#"M required p="\101\x\t";"#, "p"), "Ax\t");
        assert_eq!(option(r#"M required p="\477";"#, "p"), "'7");
        assert_eq!(option(r#"M required p="äß€";"#, "p"), "äß€");
        assert_eq!(option("M REQUIRED\n  p = a-b_c$d.e /* \"x\" */ q=\"//no\" // end\n ;", "p"), "a-b_c$d.e");
        assert_eq!(option("M required p=1234;", "p"), "1234");
        assert_eq!(option("M required p=\"\";", "p"), "");
    }

    #[test]
    fn what_is_malformed_is_told_without_repeating_it() {
        for text in [
            "",
            "hunter2",
            "M hunter2;",
            "M required",
            "M required p=\"hunter2\"",
            "M required p=\"hunter2;",
            "M required hunter2;",
            "M required p=;",
            "M required =hunter2;",
            "M required p=\"x\"; N required p=hunter2;",
            "M required p=\"hunter2\\",
        ] {
            let error = JaasEntry::parse(text).err().unwrap_or_else(|| panic!("{text} was accepted"));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
