//! The keys of a node that sells: a file of lines, made when there is none.
//!
//! Keys sign quotes and hash what leads to members and coupons. Whoever loses the file loses every look-up; whoever has
//! it can make quotes. So it is readable by its owner alone and belongs into every backup.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use suanpan_checkout::token::TokenKeys;

use crate::sales::Selling;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file could not be read or made.
    #[error("cannot read or make the key file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error(
        "{}:{line}: expected `secret <64 hexadecimal digits>` or `token <number> <64 hexadecimal digits>`, the signing \
         token key first and at most one earlier one", path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 when one is missing.
        line: usize,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

const HEAD: &str = "# Keys of this chain: keep them secret, and keep them with every backup.
# `secret` hashes codes, cards, telephone numbers and addresses; it never changes.
# `token` signs quotes: the first line signs, a second one still verifies while tokens of it are in use.
";

/// Reads the keys of a file, or makes the file with new ones.
///
/// # Errors
/// [`KeysError`].
pub fn keys(path: &Path) -> Result<Selling, KeysError> {
    let failed = |source| KeysError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(text) => read(&text).map_err(|line| KeysError::Line { path: path.to_owned(), line }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (secret, token) = (random()?, random()?);
            let text = format!("{HEAD}secret {}\ntoken 1 {}\n", hex(&secret), hex(&token));
            let mut options = OpenOptions::new();
            // Never over a file that another process made meanwhile.
            let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(Selling::with_keys(TokenKeys::new((1, token), None), secret))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Reads the keys of a file that is there: what several nodes share is made once and copied, never made by each.
///
/// # Errors
/// [`KeysError`].
pub fn kept_keys(path: &Path) -> Result<Selling, KeysError> {
    if path.exists() {
        return keys(path);
    }
    Err(KeysError::File { path: path.to_owned(), source: io::ErrorKind::NotFound.into() })
}

/// The keys of a text; else the line that is wrong.
fn read(text: &str) -> Result<Selling, usize> {
    let (mut secret, mut tokens) = (None, Vec::new());
    for (index, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let wrong = index + 1;
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["secret", digits] if secret.is_none() => secret = Some(key(digits).ok_or(wrong)?),
            ["token", number, digits] if tokens.len() < 2 => {
                tokens.push((number.parse::<u8>().map_err(|_| wrong)?, key(digits).ok_or(wrong)?));
            }
            _ => return Err(wrong),
        }
    }
    let earlier = tokens.get(1).copied();
    match (secret, tokens.first()) {
        (Some(secret), Some(signing)) => Ok(Selling::with_keys(TokenKeys::new(*signing, earlier), secret)),
        _ => Err(0),
    }
}

fn random() -> Result<[u8; 32], KeysError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| KeysError::Random(error.to_string()))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_file_is_made_once_and_read_ever_after() {
        let path = std::env::temp_dir().join(format!("suanpan-keys-{}", std::process::id()));
        let made = keys(&path).unwrap();
        let read = keys(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        fs::remove_file(&path).unwrap();
        assert_eq!(made.secret, read.secret);
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn wrong_lines_are_named() {
        let digits = "ab".repeat(32);
        let right = format!("secret {digits}\n");
        for (text, expected) in [
            (format!("{right}token 1 {digits}\ntoken 2 {digits}\n"), None),
            (format!("# a note\n\n{right}token 1 {digits}"), None),
            (format!("{right}token 300 {digits}"), Some(2)),
            (format!("{right}token 1 abc"), Some(2)),
            (format!("{right}{right}token 1 {digits}"), Some(2)),
            (right.clone(), Some(0)),
            ("key".to_owned(), Some(1)),
        ] {
            assert_eq!(read(&text).err(), expected, "{text}");
        }
    }
}
