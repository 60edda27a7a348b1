//! Events as lines of a file, for whoever reads files.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{Message, Sink, Took};

/// Appends events to a file, one JSON object a line. What it took is on the disk. The file is opened for each batch, so
/// that it can be moved away at any time.
pub struct FileSink {
    path: Arc<PathBuf>,
}

impl FileSink {
    /// A file, which is made when there is none.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path: Arc::new(path) }
    }
}

#[async_trait]
impl Sink for FileSink {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn take(&self, messages: Vec<Message>, _stopped: &watch::Receiver<bool>) -> Took {
        let path = Arc::clone(&self.path);
        let count = messages.len();
        let written = tokio::task::spawn_blocking(move || append(&path, &messages)).await;
        let error = match written {
            Ok(Ok(())) => return Took { count, error: None },
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Took { count: 0, error: Some(format!("{}: {error}", self.path.display())) }
    }
}

/// All of them, or none that stays.
fn append(path: &Path, messages: &[Message]) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    let end = end_of_lines(&mut file)?;
    // What a process that was killed left of a line goes; its event comes again, as its place was not kept.
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    let mut lines = String::with_capacity(messages.iter().map(|message| message.json.len() + 1).sum());
    for message in messages {
        lines.push_str(&message.json);
        lines.push('\n');
    }
    if let Err(error) = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()) {
        // Events of this batch come again; readers drop doubles by their keys where even this fails.
        let _ = file.set_len(end);
        return Err(error);
    }
    if is_new && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // The name of a new file has to be on the disk too.
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Bytes read at once when the end of the last whole line is looked for.
const BLOCK: u64 = 4_096;

/// Where the last whole line ends.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        let mut block = vec![0; usize::try_from(end - start).unwrap_or_default()];
        file.read_exact(&mut block)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u32) -> Message {
        Message { key: number.to_string(), json: format!("{{\"number\":{number}}}") }
    }

    #[test]
    fn what_a_killed_process_left_of_a_line_goes() {
        let path = std::env::temp_dir().join(format!("suanpan-file-sink-{}", std::process::id()));
        let torn = format!("{{\"number\":{}", "7".repeat(3 * BLOCK as usize));
        for before in ["", "{\"number\":0}\n", "{\"numb", &torn, &format!("{{\"number\":0}}\n{torn}")] {
            std::fs::write(&path, before).expect("a file for temporary files");
            append(&path, &[message(1), message(2)]).expect("a disk");
            append(&path, &[message(3)]).expect("a disk");
            let whole = before.rfind('\n').map_or("", |end| &before[..=end]);
            let expected = format!("{whole}{{\"number\":1}}\n{{\"number\":2}}\n{{\"number\":3}}\n");
            assert_eq!(std::fs::read_to_string(&path).expect("a text"), expected);
        }
        std::fs::remove_file(&path).expect("the file");
        // A folder cannot be appended to: nothing is taken.
        assert!(append(&std::env::temp_dir(), &[message(1)]).is_err());
    }
}
