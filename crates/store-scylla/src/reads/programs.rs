//! Programs, in pieces, and which of them holds.

use suanpan_store::{Activation, ProgramRow, StoreError};

use crate::bytes::{check_name, counted};
use crate::error::damaged;
use crate::inner::Inner;
use crate::session::{Applied, Deadline, Pauses, values};

/// Bytes of a piece: far below what servers take in one write.
const CHUNK_BYTES: usize = 256 << 10;

/// Generation, newest generation, version, instant.
type ActiveColumns = (Option<i64>, Option<i64>, Option<String>, Option<i64>);

impl Inner {
    async fn chunks_of(
        &self,
        chain: &str,
        version: &str,
        until: Deadline,
    ) -> Result<Option<i32>, StoreError> {
        let values = values![chain, version];
        let row = self.cql.read_one::<(Option<i32>,)>(&self.statements.program_chunks, values, until).await?;
        Ok(row.and_then(|(chunks,)| chunks))
    }

    /// Keeps a program. Its pieces first: it is there when their number is.
    pub(crate) async fn keep_program(&self, chain: &str, program: &ProgramRow) -> Result<(), StoreError> {
        check_name("a program's version", &program.version)?;
        let until = self.deadline();
        self.list_chain(chain, until).await?;
        let version = program.version.as_str();
        if self.chunks_of(chain, version, until).await?.is_some() {
            return Ok(());
        }
        let mut count = 0_i32;
        for bytes in program.bytes.chunks(CHUNK_BYTES) {
            self.cql.write(&self.statements.put_chunk, values![chain, version, count, bytes], until).await?;
            count += 1;
        }
        let values = values![count, chain, version];
        self.cql.decide(&self.statements.put_program, values, until).await.map(|_| ())
    }

    pub(crate) async fn read_program(
        &self,
        chain: &str,
        version: &str,
    ) -> Result<Option<ProgramRow>, StoreError> {
        let until = self.deadline();
        let Some(chunks) = self.chunks_of(chain, version, until).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        for chunk in 0..chunks {
            let values = values![chain, version, chunk];
            let row = self.cql.read_one::<(Vec<u8>,)>(&self.statements.program_chunk, values, until).await?;
            let (piece,) = row.ok_or_else(|| damaged(format!("piece {chunk} of program {version}")))?;
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(ProgramRow { version: version.to_owned(), bytes }))
    }

    async fn newest(&self, chain: &str, until: Deadline) -> Result<Option<Activation>, StoreError> {
        let row = self.cql.read_one::<ActiveColumns>(&self.statements.active, values![chain], until).await?;
        let Some((Some(generation), Some(_), Some(version), Some(at_ms))) = row else { return Ok(None) };
        Ok(Some(Activation { generation: counted(generation)?, version, at_ms }))
    }

    pub(crate) async fn make_active(
        &self,
        chain: &str,
        version: &str,
        at_ms: i64,
    ) -> Result<Activation, StoreError> {
        let until = self.deadline();
        if self.chunks_of(chain, version, until).await?.is_none() {
            return Err(StoreError::Refused(format!("program {version} was never put")));
        }
        let mut pauses = Pauses::default();
        loop {
            let before = self.newest(chain, until).await?;
            if let Some(active) = before.as_ref().filter(|active| active.version == version) {
                return Ok(active.clone());
            }
            let newest = before.map(|active| active.generation.cast_signed());
            let generation = newest.unwrap_or_default() + 1;
            let values = values![generation, version, at_ms, chain, generation, newest];
            if let Applied::Yes = self.cql.decide(&self.statements.activate, values, until).await? {
                return Ok(Activation {
                    generation: counted(generation)?,
                    version: version.to_owned(),
                    at_ms,
                });
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    pub(crate) async fn read_active(&self, chain: &str) -> Result<Option<Activation>, StoreError> {
        self.newest(chain, self.deadline()).await
    }

    pub(crate) async fn list_activations(&self, chain: &str) -> Result<Vec<Activation>, StoreError> {
        type Row = (i64, Option<String>, Option<i64>);
        let rows =
            self.cql.read::<Row>(&self.statements.activations, values![chain], self.deadline()).await?;
        let activation = |(generation, version, at_ms): Row| {
            let (Some(version), Some(at_ms)) = (version, at_ms) else { return Err(damaged("an activation")) };
            Ok(Activation { generation: counted(generation)?, version, at_ms })
        };
        rows.into_iter().map(activation).collect()
    }
}
