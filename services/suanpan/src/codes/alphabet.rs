//! What codes look like: a prefix, random characters, a check character.

use crate::error::Error;

/// Characters that nobody mixes up: no 0 and O, no 1, I and L, no U that is read as V. Thirty: the check needs an even
/// number.
pub(super) const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// So many possible codes for each that exists: who guesses one code a second finds one in half a year.
pub(super) const SPACE_PER_CODE_MIN: u128 = 10_000_000;

/// The form of a campaign's codes.
#[derive(Clone, Debug)]
pub(super) struct Form {
    prefix: String,
    /// Characters, prefix and check included.
    pub(super) length: usize,
}

impl Form {
    /// None when there is no room for a random character and a check.
    pub(super) fn new(prefix: &str, length: usize) -> Option<Self> {
        (length >= prefix.len() + 2).then(|| Self { prefix: prefix.to_owned(), length })
    }

    const fn random_characters(&self) -> usize {
        self.length - self.prefix.len() - 1
    }

    /// How many codes there can be.
    pub(super) fn space(&self) -> u128 {
        let characters = u32::try_from(self.random_characters()).unwrap_or(u32::MAX);
        (ALPHABET.len() as u128).saturating_pow(characters)
    }

    /// A random code; each is as likely as any other.
    pub(super) fn random(&self) -> Result<String, Error> {
        let mut places = Vec::with_capacity(self.random_characters());
        while places.len() < self.random_characters() {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
            // 240 is a multiple of 30: bytes from there on would favour the first characters.
            let even =
                bytes.iter().filter(|byte| **byte < 240).map(|byte| usize::from(*byte) % ALPHABET.len());
            let missing = self.random_characters() - places.len();
            places.extend(even.take(missing));
        }
        let mut code = self.prefix.clone();
        code.extend(places.iter().map(|place| char::from(ALPHABET[*place])));
        code.push(char::from(ALPHABET[check(&places)]));
        Ok(code)
    }

    /// Whether a code has this form and its check character is right.
    pub(super) fn is_right(&self, code: &str) -> bool {
        let Some(rest) = code.strip_prefix(self.prefix.as_str()).filter(|_| code.len() == self.length) else {
            return false;
        };
        let place = |byte: u8| ALPHABET.iter().position(|letter| *letter == byte);
        let places: Option<Vec<usize>> = rest.bytes().map(place).collect();
        match places.as_deref() {
            Some([body @ .., last]) => check(body) == *last,
            _ => false,
        }
    }
}

/// Luhn mod 30: from the last character on, every second place counts twice, the digits of each product in base 30 are
/// added, and the check fills the sum up to a multiple of 30. Finds every single wrong character, and of two neighbours
/// that changed places all but one pair of characters.
fn check(places: &[usize]) -> usize {
    let base = ALPHABET.len();
    let sum: usize = places
        .iter()
        .rev()
        .enumerate()
        .map(|(from_end, place)| {
            let product = if from_end % 2 == 0 { 2 * place } else { *place };
            product / base + product % base
        })
        .sum();
    (base - sum % base) % base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_luhn_mod_n() {
        // Places 1 and 2, by hand: 2 counts twice (4), 1 once; 5 up to 30 is 25.
        assert_eq!(check(&[1, 2]), 25);
        // 20 twice is 40, the digits 1 and 10 in base 30; 11 up to 30 is 19.
        assert_eq!(check(&[20]), 19);
        assert_eq!(check(&[0, 0, 0]), 0);
        // The example of docs/operate-a-store.md.
        assert!(Form::new("FR", 5).unwrap().is_right("FR45R"));
    }

    #[test]
    fn a_wrong_character_is_found_and_so_are_nearly_all_exchanges() {
        let form = Form::new("FR", 10).unwrap();
        let code = form.random().unwrap();
        assert!(code.starts_with("FR") && code.len() == 10 && form.is_right(&code), "{code}");
        let mut missed = 0;
        for place in 2..10 {
            for letter in ALPHABET {
                let mut bytes = code.clone().into_bytes();
                let same = bytes[place] == *letter;
                bytes[place] = *letter;
                assert_eq!(form.is_right(std::str::from_utf8(&bytes).unwrap()), same, "{code} {place}");
            }
        }
        for first in 0..30 {
            for second in 0..30 {
                let whole = |a, b| check(&[a, b]);
                missed += usize::from(first != second && whole(first, second) == whole(second, first));
            }
        }
        // The first and the last character of the alphabet, in both orders.
        assert_eq!(missed, 2);
    }

    #[test]
    fn other_forms_are_wrong() {
        let form = Form::new("FR", 10).unwrap();
        for code in ["", "FR", "FR2345678", "XX23456789", "FR2345678O", "fr23456789", "FR34567é9"] {
            assert!(!form.is_right(code), "{code}");
        }
        assert!(Form::new("FRESH", 6).is_none());
        assert_eq!(Form::new("FR", 5).unwrap().space(), 900);
    }
}
