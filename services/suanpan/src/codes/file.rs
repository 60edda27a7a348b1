//! The CSV file of a campaign's codes. It only grows, a batch at a time, each on the disk before the next is made.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;

const HEAD: &str = "campaign,code\n";

/// A file that is completed.
pub(super) struct CodesFile {
    path: PathBuf,
    campaign: String,
    file: File,
}

impl CodesFile {
    /// Opens the file, or makes it. A last line that was cut short by a crash goes.
    pub(super) fn open(path: &Path, campaign: &str) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let whole = whole_lines(&mut file, bytes).map_err(failed)?;
        if whole < bytes {
            file.set_len(whole).map_err(failed)?;
        }
        if whole == 0 {
            file.rewind().map_err(failed)?;
            file.write_all(HEAD.as_bytes()).map_err(failed)?;
        }
        Ok(Self { path: path.to_owned(), campaign: campaign.to_owned(), file })
    }

    /// The codes that are there.
    pub(super) fn codes(&mut self) -> Result<impl Iterator<Item = Result<String, Error>> + use<>, Error> {
        let path = self.path.clone();
        let failed = {
            let path = path.clone();
            move |source| Error::Read { path: path.clone(), source }
        };
        let mut file = self.file.try_clone().map_err(&failed)?;
        file.rewind().map_err(&failed)?;
        let campaign = self.campaign.clone();
        let lines = BufReader::new(file).lines().enumerate();
        Ok(lines.filter_map(move |(index, line)| match line {
            Err(source) => Some(Err(failed(source))),
            Ok(line) if index == 0 && line == HEAD.trim_end() => None,
            Ok(line) => Some(match line.split_once(',') {
                Some((of, code)) if of == campaign => Ok(code.to_owned()),
                _ => Err(Error::Input(format!(
                    "{}:{}: no line of codes of {campaign}\n  help: write to another file",
                    path.display(),
                    index + 1
                ))),
            }),
        }))
    }

    /// Adds codes, and waits until they are on the disk.
    pub(super) fn append(&mut self, codes: &[&String]) -> Result<(), Error> {
        let failed = |source| Error::Write { path: self.path.clone(), source };
        let mut text = String::new();
        for code in codes {
            text.push_str(&self.campaign);
            text.push(',');
            text.push_str(code);
            text.push('\n');
        }
        self.file.seek(SeekFrom::End(0)).map_err(failed)?;
        self.file.write_all(text.as_bytes()).map_err(failed)?;
        self.file.sync_data().map_err(failed)
    }
}

/// Bytes up to and with the last line end.
fn whole_lines(file: &mut File, bytes: u64) -> std::io::Result<u64> {
    // A line is shorter than this: two identifiers.
    let tail = bytes.min(1 << 10);
    file.seek(SeekFrom::Start(bytes - tail))?;
    let mut last = Vec::new();
    file.take(tail).read_to_end(&mut last)?;
    let whole = last.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
    Ok(if whole == 0 && tail < bytes { bytes } else { bytes - tail + whole })
}
