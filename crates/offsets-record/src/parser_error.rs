/// What the JSON parser says without the place it appends, which it counts from where it began.
pub fn without_place(cause: &serde_json::Error) -> String {
    let said = cause.to_string();
    let place = format!(" at line {} column {}", cause.line(), cause.column());
    said.strip_suffix(&place).unwrap_or(&said).to_owned()
}
