//! Keeps generated sections of `benches/README.md`, between markers that name them; all other text stays as people wrote it.

use std::path::Path;

use crate::TaskError;

/// Replaces the section called `name` (or appends it, when the file has none) with `content`.
///
/// # Errors
/// When the file cannot be read or written. A missing file is started.
pub(crate) fn keep_section(root: &Path, name: &str, content: &str) -> Result<(), TaskError> {
    let path = root.join("benches/README.md");
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => "# Measured\n".to_owned(),
        Err(source) => return Err(TaskError::File { path, source }),
    };
    std::fs::write(&path, with_section(&before, name, content))
        .map_err(|source| TaskError::File { path: path.clone(), source })?;
    println!("kept in benches/README.md");
    Ok(())
}

fn with_section(before: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let section = format!("{begin}\n\n{}\n\n{end}", content.trim());
    let old = before.find(&begin).and_then(|from| {
        let upto = before[from..].find(&end)? + from + end.len();
        Some(from..upto)
    });
    match old {
        Some(range) => format!("{}{section}{}", &before[..range.start], &before[range.end..]),
        None => format!("{}\n\n{section}\n", before.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::with_section;

    #[test]
    fn a_section_is_appended_once_and_then_replaced() {
        let first = with_section("# Measured\n\nBy hand.\n", "targets", "one");
        assert_eq!(
            first,
            "# Measured\n\nBy hand.\n\n<!-- targets: begin -->\n\none\n\n<!-- targets: end -->\n"
        );
        let second = with_section(&format!("{first}\nMore.\n"), "targets", "two\n");
        assert_eq!(
            second,
            "# Measured\n\nBy hand.\n\n<!-- targets: begin -->\n\ntwo\n\n<!-- targets: end -->\n\nMore.\n"
        );
    }
}
