//! Which field of a JSON text is wrong, in words: messages of decoders name a column at best.

use std::fmt::Write as _;

/// What an error says, with the field that it is about and what is expected there.
pub(super) fn said(text: &[u8], error: &serde_json::Error) -> String {
    if !error.is_data() {
        return error.to_string();
    }
    let end = offset(text, error.line(), error.column());
    let (field, value) = value_before(text, end);
    let place = format!(" at line {} column {}", error.line(), error.column());
    let cause = error.to_string();
    let cause = cause.strip_suffix(&place).unwrap_or(&cause);
    // What decoders of numbers say of texts and fractions is about themselves.
    let is_number = cause.contains("untagged enum") || cause.contains("digit") || cause.contains("integer");
    let cause = match is_number && !cause.starts_with("invalid type") {
        true => format!("a whole number is expected, not {}", String::from_utf8_lossy(value)),
        false => cause.to_owned(),
    };
    if field.is_empty() { format!("{cause}{place}") } else { format!("{field}: {cause}{place}") }
}

/// The offset of a line and a column, both from 1.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let before: usize = text.split(|byte| *byte == b'\n').take(line - 1).map(|line| line.len() + 1).sum();
    (before + column).min(text.len())
}

/// A map or a list that is open.
enum Open<'a> {
    Map { key: &'a [u8] },
    List { place: usize },
}

/// The field whose value is read at an offset, such as `lines[0].unitPriceMinor`, and that value as far as it goes.
fn value_before(text: &[u8], end: usize) -> (String, &[u8]) {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut value = 0..0;
    let mut at = 0;
    while at < end {
        let start = at;
        match text[at] {
            b'{' => open.push(Open::Map { key: b"" }),
            b'[' => open.push(Open::List { place: 0 }),
            // What is wrong with a map or a list is told when it ends: it is still the last that was open.
            b'}' | b']' if at + 1 < end => {
                open.pop();
            }
            b',' => {
                if let Some(Open::List { place }) = open.last_mut() {
                    *place += 1;
                }
            }
            b':' | b'}' | b']' => {}
            byte if byte.is_ascii_whitespace() => {}
            b'"' => {
                at = end_of_text(text, at);
                let follows = text[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
                match open.last_mut() {
                    Some(Open::Map { key }) if follows == Some(&b':') => *key = &text[start + 1..at],
                    _ => value = start..at + 1,
                }
            }
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                at = text[at..].iter().position(ends).map_or(text.len(), |length| at + length) - 1;
                value = start..at + 1;
            }
        }
        at += 1;
    }
    let field = open.iter().fold(String::new(), |mut field, open| {
        // Writing to a String cannot fail.
        let _ = match open {
            Open::Map { key: b"" } => Ok(()),
            Open::Map { key } => {
                let dot = if field.is_empty() { "" } else { "." };
                write!(field, "{dot}{}", String::from_utf8_lossy(key))
            }
            Open::List { place } => write!(field, "[{place}]"),
        };
        field
    });
    (field, &text[value])
}

/// Where a quoted text ends: its last quote, or the end of everything.
fn end_of_text(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len() - 1)
}

#[cfg(test)]
mod tests {
    use suanpan_rpc::v1;

    use super::said;

    #[test]
    fn a_wrong_value_is_told_by_its_field() {
        for (text, expected) in [
            (
                r#"{"lines": [{"id": "a"}, {"unitPriceMinor": 12.5}]}"#,
                "lines[1].unitPriceMinor: a whole number is expected, not 12.5 at line 1 column",
            ),
            (
                r#"{"lines": [{"id": "[,", "unitPriceMinor": "12,5"}], "codes": []}"#,
                r#"lines[0].unitPriceMinor: a whole number is expected, not "12,5" at line 1 column"#,
            ),
            (
                "{\n \"codes\": [\"a\", 5]}",
                "codes[1]: invalid type: integer `5`, expected a string at line 2",
            ),
            (
                r#"{"points": {"maximum": "yes"}}"#,
                "points.maximum: invalid type: string \"yes\", expected a boolean",
            ),
            (r#"{"lines": 5}"#, "lines: invalid type: integer `5`, expected a sequence"),
        ] {
            let error = serde_json::from_str::<v1::Basket>(text).unwrap_err();
            let told = said(text.as_bytes(), &error);
            assert!(told.starts_with(expected), "{told}\n{expected}");
        }
    }
}
