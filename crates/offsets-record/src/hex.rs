/// 128 bits from 32 hexadecimal digits; `None` for any other text. To the parser of the library a sign is a digit.
pub(crate) fn read(text: &str) -> Option<u128> {
    let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}
