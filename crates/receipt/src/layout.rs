//! Rows of a fixed-width page.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of an amount. The largest one of a basket with its sign and decimals takes 17; those push a row apart.
const AMOUNT: usize = 12;

/// What a text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Heading,
    Strong,
    Saving,
    Quiet,
    Hint,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Heading => Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())),
            Tone::Strong => Style::new().bold(),
            Tone::Saving => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Hint => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        }
    }
}

/// A page that is written from top to bottom.
#[derive(Debug)]
pub(crate) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    pub(crate) fn new(width: usize, colour: bool) -> Self {
        Self { out: String::new(), width, colour }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// A line across the page.
    pub(crate) fn rule(&mut self) {
        let line = "─".repeat(self.width);
        self.put(Tone::Quiet, &line);
        self.out.push('\n');
    }

    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// A title of a part.
    pub(crate) fn heading(&mut self, text: &str) {
        self.blank();
        self.text(0, Tone::Heading, text);
    }

    /// A text that may take several lines.
    pub(crate) fn text(&mut self, indent: usize, tone: Tone, text: &str) {
        for (place, line) in wrap(text, self.width - indent, 2).iter().enumerate() {
            self.out.push_str(&" ".repeat(indent + if place == 0 { 0 } else { 2 }));
            self.put(tone, line);
            self.out.push('\n');
        }
    }

    /// Two texts at both ends of a line, or below each other where they do not fit.
    pub(crate) fn ends(&mut self, tone: Tone, left: &str, right: &str) {
        let gap = self.width.saturating_sub(left.width() + right.width());
        if gap < 2 {
            self.text(0, tone, left);
            self.text(0, tone, right);
            return;
        }
        self.put(tone, left);
        self.out.push_str(&" ".repeat(gap));
        self.put(tone, right);
        self.out.push('\n');
    }

    /// A text with amounts in the two right columns; an empty one leaves its column free. The amounts stand beside the
    /// first line of the text.
    pub(crate) fn row(&mut self, indent: usize, tone: Tone, text: &str, middle: &str, right: &str) {
        let middle_width = if middle.is_empty() { 0 } else { AMOUNT.max(middle.width() + 1) };
        let right_width = AMOUNT.max(right.width() + 1);
        let room = self.width.saturating_sub(indent + middle_width + right_width).max(8);
        for (place, line) in wrap(text, room, 2).iter().enumerate() {
            let hanging = if place == 0 { 0 } else { 2 };
            self.out.push_str(&" ".repeat(indent + hanging));
            self.put(tone, line);
            if place == 0 && !(middle.is_empty() && right.is_empty()) {
                let used = indent + line.width();
                let middle_end = self.width.saturating_sub(right_width).max(used + middle.width());
                if !middle.is_empty() {
                    self.out.push_str(&" ".repeat(middle_end - used - middle.width()));
                    self.put(tone, middle);
                }
                if !right.is_empty() {
                    let at = if middle.is_empty() { used } else { middle_end };
                    let gap = self.width.saturating_sub(at + right.width()).max(1);
                    self.out.push_str(&" ".repeat(gap));
                    self.put(tone, right);
                }
            }
            self.out.push('\n');
        }
    }

    /// Cells in columns of given widths, each aligned to its right end but the first `left` of them, which are cut to
    /// their column.
    pub(crate) fn cells(&mut self, tone: Tone, left: usize, cells: &[(usize, &str)]) {
        let mut line = String::new();
        for (place, (width, text)) in cells.iter().enumerate() {
            if place > 0 {
                line.push_str("  ");
            }
            if place < left {
                let text = cut(text, *width);
                line.push_str(&text);
                line.push_str(&" ".repeat(width.saturating_sub(text.width())));
            } else {
                line.push_str(&" ".repeat(width.saturating_sub(text.width())));
                line.push_str(text);
            }
        }
        let line = line.trim_end().to_owned();
        self.put(tone, &line);
        self.out.push('\n');
    }

    fn put(&mut self, tone: Tone, text: &str) {
        let style = tone.style();
        if !self.colour || style.is_plain() || text.is_empty() {
            self.out.push_str(text);
            return;
        }
        self.out.push_str(&format!("{}{text}{}", style.render(), style.render_reset()));
    }
}

/// A text from outside: without control characters and without characters that turn the direction of writing.
pub(crate) fn clean(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&letter| !letter.is_control() && !turns(letter)).collect()
}

/// Cuts a text to so many columns, with a mark where something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}

/// Breaks a text into lines of at most `width` columns, the later ones shorter by `hanging`: between words, between
/// Chinese characters, and within a word that fits no line.
fn wrap(text: &str, width: usize, hanging: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut room = width.max(1);
    for piece in pieces(text) {
        let mut piece = piece;
        let mut columns = piece.trim_end().width();
        if used + columns > room && !line.trim_end().is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
            used = 0;
            room = width.saturating_sub(hanging).max(1);
        }
        while columns > room {
            let mut taken = 0;
            let end = piece
                .char_indices()
                .find(|(_, letter)| {
                    taken += letter.width().unwrap_or(0);
                    taken > room
                })
                .map_or(piece.len(), |(at, _)| at);
            // A character wider than the room still makes progress.
            let end = if end == 0 { piece.chars().next().map_or(piece.len(), char::len_utf8) } else { end };
            lines.push(piece[..end].to_owned());
            room = width.saturating_sub(hanging).max(1);
            piece = &piece[end..];
            columns = piece.trim_end().width();
        }
        line.push_str(piece);
        used += piece.width();
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Words with the spaces behind them, and single wide characters with the closing marks behind them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let wide = |letter: char| letter.width().unwrap_or(0) > 1;
    let closing =
        |letter: char| matches!(letter, '，' | '。' | '：' | '；' | '、' | '）' | '”' | '！' | '？');
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut before = rest.chars().next()?;
        let mut end = rest.len();
        for (at, letter) in rest.char_indices().skip(1) {
            let word_ends = before == ' ' && letter != ' ';
            let character_ends =
                (wide(before) && !matches!(before, '“' | '（')) || (wide(letter) && before != '“');
            if (word_ends || character_ends) && !closing(letter) && letter != ' ' {
                end = at;
                break;
            }
            before = letter;
        }
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_break_between_words_and_between_characters() {
        for (text, width, expected) in [
            ("spend 12.00 more and save", 14, vec!["spend 12.00", "more and", "save"]),
            ("short", 14, vec!["short"]),
            ("", 14, vec![""]),
            ("再消费十二元，可省十元", 10, vec!["再消费十二", "元，可省", "十元"]),
            ("anunbreakableword", 8, vec!["anunbrea", "kablew", "ord"]),
            ("满 100 减 10", 8, vec!["满 100", "减 10"]),
        ] {
            assert_eq!(wrap(text, width, 2), expected, "{text}");
            assert!(wrap(text, width, 2).iter().all(|line| line.width() <= width));
        }
    }

    #[test]
    fn amounts_end_at_the_right_edge_whatever_the_script() {
        let mut page = Page::new(48, false);
        page.row(0, Tone::Plain, "Milk", "", "6.98");
        page.row(2, Tone::Saving, "会员日九五折", "-0.35", "6.63");
        page.row(2, Tone::Saving, "a title that is far too long for one line of it", "-0.35", "6.63");
        let out = page.finish();
        let ends: Vec<&str> =
            out.lines().filter(|line| line.ends_with(|end: char| end.is_ascii_digit())).collect();
        assert_eq!(ends.len(), 3);
        assert!(ends.iter().all(|line| line.width() == 48), "{out}");
        assert!(out.lines().all(|line| line.width() <= 48), "{out}");
    }

    #[test]
    fn texts_from_outside_cannot_move_a_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\r\n\u{202e}c"), "a[2Jbc");
        assert_eq!(cut("收据收据", 5), "收据…");
    }
}
