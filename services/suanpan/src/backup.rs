//! `backup` and `restore`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use suanpan_rpc::admin_v1;
use tonic::Code;

use crate::error::Error;
use crate::session::{Where, beside, on};
use crate::table::print;

/// Options of `backup`.
#[derive(Args)]
pub(crate) struct BackupOptions {
    /// A new file for the copy, on the node's machine
    #[arg(value_name = "FILE")]
    to: PathBuf,

    #[command(flatten)]
    place: Where,
}

/// Options of `restore`.
#[derive(Args)]
pub(crate) struct RestoreOptions {
    /// The backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,

    /// A new file for the store. Stop everything that used the old one before
    #[arg(value_name = "FILE")]
    to: PathBuf,

    /// The key file that belonged to the store; copied beside the new one
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

pub(crate) fn run(options: &BackupOptions) -> Result<ExitCode, Error> {
    let failed = |source| Error::Write { path: options.to.clone(), source };
    let path = std::path::absolute(&options.to).map_err(failed)?;
    let path = path.into_os_string().into_string().map_err(|path| {
        Error::Input(format!("{} is not UTF-8, and cannot be told to the node", Path::new(&path).display()))
    })?;
    let copied = on(&options.place, async |session| {
        let request = admin_v1::BackupRequest { actor: session.actor(), path: path.clone() };
        match session.admin().backup(request).await {
            Ok(copied) => Ok(copied.into_inner()),
            Err(status) if status.code() == Code::FailedPrecondition => Err(Error::Backup(Box::new(status))),
            Err(status) => Err(status.into()),
        }
    })?;
    print(&format!(
        "{path}: {} members, {} guests' sales, {} entries; checked\nThe store's key file belongs to every backup: without it no card, telephone number or code is known again.",
        copied.members, copied.guests, copied.entries
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(options: &RestoreOptions) -> Result<ExitCode, Error> {
    if !options.backup.is_file() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Error::Read { path: options.backup.clone(), source });
    }
    let own = beside(&options.to, ".keys");
    if let Some(keys) = &options.keys {
        if own.exists() {
            let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(Error::Write { path: own, source });
        }
        // Proves that it is a key file before anything is made.
        if !keys.is_file() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::Read { path: keys.clone(), source });
        }
        suanpan_pricing_node::keys(keys)?;
    }
    let contents = suanpan_store_embedded::restore(&options.backup, &options.to).map_err(Error::Restore)?;
    if let Some(keys) = &options.keys {
        // The copy keeps the permissions: readable by its owner alone.
        fs::copy(keys, &own).map_err(|source| Error::Write { path: own.clone(), source })?;
    }
    let mut text = format!(
        "{}: {} members, {} guests' sales, {} entries; epoch {}",
        options.to.display(),
        contents.members,
        contents.guests,
        contents.entries,
        contents.meta.epoch
    );
    if !own.exists() {
        text.push_str(&format!(
            "\nwarning: put the old key file at {} before the store is served: with new keys no card, telephone number or code is known again",
            own.display()
        ));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
