//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::AuditOptions;
use crate::backup::{BackupOptions, RestoreOptions};
use crate::checkout::CheckoutOptions;
use crate::codes::CodesOptions;
use crate::export::ExportOptions;
use crate::give_back::ReturnOptions;
use crate::import::ImportOptions;
use crate::keys::KeysOptions;
use crate::member::MemberOptions;
use crate::migrate::MigrateOptions;
use crate::parked::ParkedOptions;
use crate::publish::PublishOptions;
use crate::serve::ServeOptions;

/// Prices a retail chain's baskets: tier discounts, promotions, coupons, points, every line explained.
#[derive(Parser)]
#[command(
    name = "suanpan",
    version,
    after_help = "Exit codes:\n  \
        0  done\n  \
        1  the answer is no: the program has errors, a basket or a call was refused, rows of a file were not taken, or an audit has findings\n  \
        2  the command line is wrong\n  \
        3  a file, a port, a store or a node cannot be used"
)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Start a node with an example chain, price a basket over gRPC and show how it came about
    Demo(DemoOptions),
    /// Serve a chain's program over gRPC until SIGTERM
    Serve(Box<ServeOptions>),
    /// Price baskets from files or standard input
    Quote(QuoteOptions),
    /// Price baskets and explain every offer, also those that were refused or nearly reached
    Explain(ExplainOptions),
    /// Report every problem of a program, with its place and a hint
    Check(CheckOptions),
    /// Check a program, keep it in the store, set its limits, and price by it from the next basket on
    Publish(PublishOptions),
    /// Look at members, enrol them, and change them by hand
    Member(MemberOptions),
    /// Look at sales, make one from a basket file, cancel one
    Checkout(CheckoutOptions),
    /// Take goods of a sale back
    Return(ReturnOptions),
    /// Make unique codes of a coupon campaign
    Codes(CodesOptions),
    /// Bring in members, coupons or codes from a file; safe to run twice
    Import(ImportOptions),
    /// Write members, sales or entries as JSON lines
    Export(ExportOptions),
    /// Prove that every point, coupon, sale, return, limit and code is accounted for once
    Audit(AuditOptions),
    /// Copy the store while it is in use, and check the copy
    Backup(BackupOptions),
    /// Make a store of a backup
    Restore(RestoreOptions),
    /// Entries that could not be accrued and wait for a person
    Parked(ParkedOptions),
    /// Make the store of a cluster, or bring it to this release's schema
    Migrate(MigrateOptions),
    /// Make the key file that the nodes of a cluster share
    Keys(KeysOptions),
    /// Print the JSON Schema of program files
    Schema,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Options of `demo`.
#[derive(Args)]
pub(crate) struct DemoOptions {
    /// Address of the gRPC service; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7443")]
    pub(crate) listen: SocketAddr,

    /// End after showing the basket instead of serving on
    #[arg(long)]
    pub(crate) exit: bool,
}

/// Where baskets and what they are priced by come from.
#[derive(Args)]
pub(crate) struct Sources {
    /// Program to price by: a YAML file or a folder of them
    #[arg(long, env = "SUANPAN_PROGRAM", value_name = "PATH")]
    pub(crate) program: PathBuf,

    /// Articles, in CSV or Parquet [default: catalogue.csv or catalogue.parquet in the program's folder]
    #[arg(long, env = "SUANPAN_CATALOGUE", value_name = "FILE")]
    pub(crate) catalogue: Option<PathBuf>,

    /// A suanpan.pricing.v1.MemberSnapshot in JSON who buys, whatever the basket says; or an array of them to find the basket's member in
    #[arg(long, value_name = "FILE")]
    pub(crate) member: Option<PathBuf>,

    /// Uses of offers by everybody: a suanpan.pricing.v1.UsageSnapshot in JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) usage: Option<PathBuf>,

    /// Language of receipts
    #[arg(long, value_enum, value_name = "LANG", default_value = "en")]
    pub(crate) lang: Lang,

    /// Names of articles: a CSV file with columns sku, en, zh-CN [default: names.csv beside the program]
    #[arg(long, value_name = "FILE")]
    pub(crate) names: Option<PathBuf>,

    /// Baskets: suanpan.pricing.v1.Basket in JSON, one or several to a file; `-` is standard input
    #[arg(value_name = "BASKET", default_value = "-")]
    pub(crate) baskets: Vec<PathBuf>,
}

/// Options of `quote`.
#[derive(Args)]
pub(crate) struct QuoteOptions {
    #[command(flatten)]
    pub(crate) sources: Sources,

    /// How quotes are shown
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "receipt")]
    pub(crate) format: Format,

    /// Also say what a little more would save
    #[arg(long)]
    pub(crate) near_misses: bool,
}

/// Options of `explain`.
#[derive(Args)]
pub(crate) struct ExplainOptions {
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Options of `check`.
#[derive(Args)]
pub(crate) struct CheckOptions {
    /// Programs: YAML files or folders of them
    #[arg(required = true, value_name = "PROGRAM")]
    pub(crate) programs: Vec<PathBuf>,

    /// Articles to check with each program, in CSV or Parquet [default: catalogue.csv or catalogue.parquet in its folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Option<PathBuf>,

    /// Warnings are errors
    #[arg(long)]
    pub(crate) strict: bool,
}

/// How answers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    /// Tables for people.
    #[default]
    Text,
    /// Messages as JSON, one a line.
    Json,
}

/// How quotes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// As a shopper reads it.
    Receipt,
    /// suanpan.pricing.v1.Quote in JSON, one a line.
    Json,
    /// Each line's way from gross to net.
    Waterfall,
    /// A row a line.
    Table,
}

/// Languages of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// English.
    #[value(name = "en")]
    En,
    /// Simplified Chinese.
    #[value(name = "zh-CN", alias = "zh")]
    ZhCn,
}

impl Lang {
    pub(crate) const fn of_receipt(self) -> suanpan_receipt::Lang {
        match self {
            Lang::En => suanpan_receipt::Lang::En,
            Lang::ZhCn => suanpan_receipt::Lang::ZhCn,
        }
    }
}
