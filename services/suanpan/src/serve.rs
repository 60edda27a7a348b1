//! `serve`: a node until SIGTERM; with a store, node and worker of one machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use suanpan_accrual_worker::outbox::{FileSink, Sink, Webhook};
use suanpan_accrual_worker::{Pace, StoredPolicies, Worker, system_clock};
use suanpan_pricing_node::{
    Backing, Backup, Copied, Options as NodeOptions, Selling, keys, log, run as run_node, until_told_to_end,
};
use suanpan_store::Store;
use suanpan_store_embedded::{Contents, EmbeddedStore};
use tokio::sync::watch;

use crate::error::Error;

/// What is served, and where sales are kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeOptions {
    #[command(flatten)]
    pub(crate) node: NodeOptions,

    /// Sell: keep members, sales and the program in this file, and run the accrual worker beside the node
    #[arg(long, env = "SUANPAN_STORE", value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,

    /// Keys that sign quotes and hash cards and codes; made when there is no such file. STORE.keys unless said
    #[arg(long, env = "SUANPAN_KEYS", value_name = "FILE", requires = "store")]
    pub(crate) keys: Option<PathBuf>,

    /// Append events of members (points, tiers, coupons) to this file, one JSON object a line
    #[arg(long, env = "SUANPAN_OUTBOX_FILE", value_name = "FILE", requires = "store")]
    pub(crate) outbox_file: Option<PathBuf>,

    /// Post those events to this address, signed
    #[arg(long, env = "SUANPAN_WEBHOOK", value_name = "URL", requires_all = ["store", "webhook_secret_file"])]
    pub(crate) webhook: Option<String>,

    /// File with the secret that signs webhook calls, at least 16 bytes
    #[arg(long, env = "SUANPAN_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub(crate) webhook_secret_file: Option<PathBuf>,
}

/// The store of one machine with its keys and the worker that tends it.
pub(crate) struct House {
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) selling: Selling,
    worker: Worker,
}

impl House {
    /// Opens the store, or makes it.
    pub(crate) fn open(
        store: &Path,
        keys_file: Option<&Path>,
        sinks: Vec<Arc<dyn Sink>>,
    ) -> Result<Self, Error> {
        let beside = || {
            let mut name = store.as_os_str().to_owned();
            name.push(".keys");
            PathBuf::from(name)
        };
        let selling = keys(&keys_file.map_or_else(beside, Path::to_owned))?;
        let failed = |source| Error::Open { path: store.to_owned(), source };
        let store = Arc::new(EmbeddedStore::open(store).map_err(failed)?);
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let policies = Arc::new(StoredPolicies::new(Arc::clone(&shared), system_clock()));
        let worker = Worker::new(shared, policies, system_clock(), Pace::default(), sinks);
        Ok(Self { store, selling, worker })
    }

    /// What a node sells with, and how its store is copied.
    pub(crate) fn backing(&self) -> Backing {
        Backing {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            selling: self.selling.clone(),
            backup: Some(copies(&self.store)),
        }
    }

    /// Works until `stop` says so. Ends early when the disk failed: the process has to open the store again.
    pub(crate) async fn work(&self, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
        let stopped = async move {
            // A sender that is gone is a process that ends.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        tokio::select! {
            _ = self.worker.run(stopped) => Ok(()),
            () = self.store.poisoned() => Err(Error::Poisoned),
        }
    }
}

/// Copies a store file while it is in use.
fn copies(store: &Arc<EmbeddedStore>) -> Arc<dyn Backup> {
    let store = Arc::clone(store);
    Arc::new(move |to: &Path| {
        let Contents { members, guests, entries, .. } = store.backup(to)?;
        Ok(Copied { members, guests, entries })
    })
}

pub(crate) fn run(options: &ServeOptions) -> Result<ExitCode, Error> {
    log(&options.node).map_err(|error| Error::Options(format!("--log: {error}")))?;
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    runtime.block_on(serve(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: &ServeOptions) -> Result<(), Error> {
    let Some(path) = &options.store else {
        run_node(&options.node, None, until_told_to_end()).await?;
        return Ok(());
    };
    let house = House::open(path, options.keys.as_deref(), sinks(options)?)?;
    let (stop, stopped) = watch::channel(false);
    let node = async {
        let ended = run_node(&options.node, Some(house.backing()), until_told_to_end()).await;
        // The worker ends after the node: what the last calls wrote is accrued yet.
        let _ = stop.send(true);
        ended.map(|_| ()).map_err(Error::from)
    };
    tokio::pin!(node);
    let work = house.work(stopped);
    tokio::pin!(work);
    tokio::select! {
        ended = &mut node => {
            ended?;
            work.await
        }
        failed = &mut work => {
            failed?;
            node.await
        }
    }
}

fn sinks(options: &ServeOptions) -> Result<Vec<Arc<dyn Sink>>, Error> {
    let mut sinks: Vec<Arc<dyn Sink>> = Vec::new();
    if let Some(path) = &options.outbox_file {
        sinks.push(Arc::new(FileSink::new(path.clone())));
    }
    if let (Some(url), Some(path)) = (&options.webhook, &options.webhook_secret_file) {
        let mut secret = std::fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        while secret.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            secret.pop();
        }
        let webhook = Webhook::new(url.clone(), secret, system_clock());
        sinks.push(Arc::new(webhook.map_err(|error| Error::Options(format!("--webhook: {error}")))?));
    }
    Ok(sinks)
}
