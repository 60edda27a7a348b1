//! One column of a Parquet file, its values as texts.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use crate::rows::Days;

/// Why no exact texts can be made of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It holds lists or groups.
    Nested,
    /// It holds floats.
    Floats,
    /// It holds values of another kind than texts and numbers.
    Kind,
}

/// A value that no text can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// Its bytes are something else.
    #[error("a text is not UTF-8")]
    NotUtf8,
    /// A number that no integer of ours holds.
    #[error("a number has more digits than any amount")]
    TooLarge,
    /// A day that no calendar of ours has.
    #[error("a day is beyond the calendar")]
    NoDay,
}

/// Digits after the point that a decimal may have; an i128 has no more digits.
const SCALE_MAX: i32 = 38;

/// How the values of a column are written out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    Text,
    /// Days since the first of 1970.
    Day,
    Signed,
    Unsigned,
    /// A whole number with so many of its digits after the point.
    Decimal(usize),
}

impl Meaning {
    /// What a column holds, where texts can be made of it that are exact.
    pub(crate) fn of(column: &ColumnDescriptor, days: Days) -> Result<Self, Unfit> {
        if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
            return Err(Unfit::Nested);
        }
        let physical = column.physical_type();
        if matches!(physical, Type::FLOAT | Type::DOUBLE) {
            return Err(Unfit::Floats);
        }
        let whole = matches!(physical, Type::INT32 | Type::INT64);
        let bytes = matches!(physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
        let decimal = |scale: i32| match usize::try_from(scale) {
            Ok(digits) if scale <= SCALE_MAX && (whole || bytes) => Some(Meaning::Decimal(digits)),
            _ => None,
        };
        let meaning = match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Decimal(decimal_type)), _) => decimal(decimal_type.scale),
            (None, ConvertedType::DECIMAL) => decimal(column.type_scale()),
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => {
                (physical == Type::INT32 && days == Days::Read).then_some(Meaning::Day)
            }
            (Some(LogicalType::String | LogicalType::Enum), _)
            | (None, ConvertedType::UTF8 | ConvertedType::ENUM) => bytes.then_some(Meaning::Text),
            (Some(LogicalType::Integer(integer)), _) if whole => {
                Some(if integer.is_signed { Meaning::Signed } else { Meaning::Unsigned })
            }
            (
                None,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) if whole => Some(Meaning::Unsigned),
            (
                None,
                ConvertedType::NONE
                | ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::INT_32
                | ConvertedType::INT_64,
            ) if whole => Some(Meaning::Signed),
            (None, ConvertedType::NONE) if physical == Type::BYTE_ARRAY => Some(Meaning::Text),
            _ => None,
        };
        meaning.ok_or(Unfit::Kind)
    }
}

/// A column of one row group, and the texts of the rows that were read last.
pub(crate) struct Column {
    reader: ColumnReader,
    meaning: Meaning,
    texts: Texts,
}

/// Texts one after the other.
#[derive(Default)]
struct Texts {
    text: String,
    /// Where each ends, or that it is no text.
    ends: Vec<Result<usize, NoText>>,
}

impl Column {
    pub(crate) fn new(reader: ColumnReader, meaning: Meaning) -> Self {
        Self { reader, meaning, texts: Texts::default() }
    }

    /// Reads the next rows, at most so many, in the place of those before; how many.
    pub(crate) fn read(&mut self, at_most: usize) -> Result<usize, ParquetError> {
        let Self { reader, meaning, texts } = self;
        texts.text.clear();
        texts.ends.clear();
        let meaning = *meaning;
        match reader {
            ColumnReader::Int32ColumnReader(reader) => texts.fill(reader, at_most, |value, text| {
                if matches!(meaning, Meaning::Day) {
                    return write_day(*value, text);
                }
                let value = if matches!(meaning, Meaning::Unsigned) {
                    i128::from(value.cast_unsigned())
                } else {
                    i128::from(*value)
                };
                write_number(value, meaning, text);
                Ok(())
            }),
            ColumnReader::Int64ColumnReader(reader) => texts.fill(reader, at_most, |value, text| {
                let value = if matches!(meaning, Meaning::Unsigned) {
                    i128::from(value.cast_unsigned())
                } else {
                    i128::from(*value)
                };
                write_number(value, meaning, text);
                Ok(())
            }),
            ColumnReader::ByteArrayColumnReader(reader) => {
                texts.fill(reader, at_most, |value, text| write_bytes(value.data(), meaning, text))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                texts.fill(reader, at_most, |value, text| write_bytes(value.data(), meaning, text))
            }
            ColumnReader::BoolColumnReader(_)
            | ColumnReader::Int96ColumnReader(_)
            | ColumnReader::FloatColumnReader(_)
            | ColumnReader::DoubleColumnReader(_) => {
                Err(ParquetError::General("a row group is of another type than the file".to_owned()))
            }
        }
    }

    /// The text of a row, counted from the first of those that were read last. Empty for a null.
    pub(crate) fn text(&self, row: usize) -> Result<&str, NoText> {
        let Texts { text, ends } = &self.texts;
        let end = ends[row]?;
        // What is no text adds nothing.
        let start = ends[..row].iter().rev().find_map(|end| end.as_ref().ok()).copied().unwrap_or(0);
        Ok(&text[start..end])
    }
}

impl Texts {
    fn fill<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        at_most: usize,
        write: impl Fn(&T::T, &mut String) -> Result<(), NoText>,
    ) -> Result<usize, ParquetError> {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let (records, ..) = reader.read_records(at_most, Some(&mut levels), None, &mut values)?;
        let mut values = values.iter();
        for record in 0..records {
            // Columns that are required have no levels; of flat ones, level 0 is null.
            let value = if levels.get(record) == Some(&0) { None } else { values.next() };
            let written = value.map_or(Ok(()), |value| write(value, &mut self.text));
            self.ends.push(written.map(|()| self.text.len()));
        }
        Ok(records)
    }
}

fn write_bytes(bytes: &[u8], meaning: Meaning, text: &mut String) -> Result<(), NoText> {
    if let Meaning::Text = meaning {
        text.push_str(std::str::from_utf8(bytes).map_err(|_| NoText::NotUtf8)?);
        return Ok(());
    }
    // Two's complement, the most significant byte first; what is before the last sixteen only repeats the sign.
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 };
    let (before, last) = bytes.split_at(bytes.len().saturating_sub(size_of::<i128>()));
    let mut number = [sign; size_of::<i128>()];
    number[size_of::<i128>() - last.len()..].copy_from_slice(last);
    if before.iter().any(|byte| *byte != sign) || (number[0] ^ sign) & 0x80 != 0 {
        return Err(NoText::TooLarge);
    }
    write_number(i128::from_be_bytes(number), meaning, text);
    Ok(())
}

fn write_day(day: i32, text: &mut String) -> Result<(), NoText> {
    // The span of days is bounded as the calendar is, and would panic beyond.
    let span = jiff::Span::new().try_days(day).map_err(|_| NoText::NoDay)?;
    let date = jiff::civil::date(1970, 1, 1).checked_add(span).map_err(|_| NoText::NoDay)?;
    text.push_str(&date.to_string());
    Ok(())
}

/// Writes a number exactly, without zeros at the end of its decimals: `1290` at two decimals is `12.9`.
fn write_number(number: i128, meaning: Meaning, text: &mut String) {
    let scale = match meaning {
        Meaning::Decimal(scale) => scale,
        Meaning::Text | Meaning::Day | Meaning::Signed | Meaning::Unsigned => 0,
    };
    if number < 0 {
        text.push('-');
    }
    let digits = format!("{:0width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, decimals) = digits.split_at(digits.len() - scale);
    text.push_str(whole);
    let decimals = decimals.trim_end_matches('0');
    if !decimals.is_empty() {
        text.push('.');
        text.push_str(decimals);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar_or_none() {
        for (day, expected) in [
            (0, Ok("1970-01-01")),
            (-1, Ok("1969-12-31")),
            (24_287, Ok("2036-06-30")),
            (2_932_896, Ok("9999-12-31")),
            (2_932_897, Err(NoText::NoDay)),
            (i32::MAX, Err(NoText::NoDay)),
            (i32::MIN, Err(NoText::NoDay)),
        ] {
            let mut text = String::new();
            let written = write_day(day, &mut text);
            assert_eq!(written.map(|()| text.as_str()), expected, "{day}");
        }
    }
}
