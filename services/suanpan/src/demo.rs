//! `demo`: an example chain behind a real node and its worker, one basket over gRPC, how its price came about, and the
//! life of its sale.

mod story;
mod table;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use suanpan_audit::audit;
use suanpan_checkout::publish;
use suanpan_domain::Catalogue;
use suanpan_pricing_node::{Chain, Drain, Listeners, Members, Node, StartError, serve, until_told_to_end};
use suanpan_program::{CatalogueTable, SourceFile, parse};
use suanpan_rpc::v1;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use suanpan_store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::Endpoint;

use crate::cli::{DemoOptions, Lang};
use crate::error::Error;
use crate::names::Names;
use crate::quote::Shown;
use crate::serve::House;
use story::Cast;

const PROGRAM: &str = include_str!("../../../examples/sunrise-market/program.yaml");
const CATALOGUE: &str = include_str!("../../../examples/sunrise-market/catalogue.csv");
const NAMES: &str = include_str!("../../../examples/sunrise-market/names.csv");
const BASKET: &str = include_str!("../../../examples/sunrise-market/baskets/evening-shop.json");

/// Calls before the one that is timed: the first ones open the connection and warm the memory.
const WARM_UP_CALLS: u32 = 20;

pub(crate) fn run(options: &DemoOptions) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    runtime.block_on(show(options))
}

async fn show(options: &DemoOptions) -> Result<ExitCode, Error> {
    let folder = Folder::make()?;
    let house = House::open(&folder.0.join("store.sqlite"), None, Vec::new())?;
    let (chain, files) = chain()?;
    let now_ms = crate::uuid::unix_ms();
    publish(&*house.store, &files, chain.program(), now_ms).await.map_err(StartError::from)?;
    let backing = house.backing();
    let node = Node::new(chain, Members::default(), None, None).selling(backing.store, backing.selling);
    node.refresh().await.map_err(StartError::from)?;
    let node = Arc::new(node);
    let listener = bind(options.listen).await?;
    let address = listener.local_addr().map_err(Error::Runtime)?;
    let (end, ended) = watch::channel(false);
    let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(5) };
    let listeners = Listeners { grpc: listener, admin: None };
    let mut stopped = ended.clone();
    let stop = async move {
        // The sender is dropped when the demo ends early; that ends the node as well.
        let _ = stopped.wait_for(|end| *end).await;
    };
    let serving = tokio::spawn(serve(Arc::clone(&node), listeners, drain, stop));
    let store = Arc::clone(&house.store);
    let working = tokio::spawn(async move { house.work(ended).await });

    let basket: v1::Basket = serde_json::from_str(BASKET).map_err(Error::Json)?;
    let (quote, took) = call(address, &basket).await?;
    print(&node, basket.clone(), &quote, took, address)?;
    let sold = tell(&node, address, &basket).await?;
    prove(&*store).await?;

    if !options.exit {
        let mut out = anstream::stdout();
        writeln!(out, "{}", how_to_go_on(address, &sold)).map_err(Error::Output)?;
        until_told_to_end().await;
    }
    let _ = end.send(true);
    drop(store);
    match (serving.await, working.await) {
        (Ok(Ok(_)), Ok(Ok(()))) => Ok(ExitCode::SUCCESS),
        (Ok(Err(error)), _) => Err(Error::Start(error.into())),
        (_, Ok(Err(error))) => Err(error),
        (Err(error), _) | (_, Err(error)) => Err(Error::Call(error.to_string())),
    }
}

/// A folder for the demo's store; it goes with the demo.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Error> {
        let folder = std::env::temp_dir().join(format!("suanpan-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|source| Error::Read { path: folder.clone(), source })?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sells the basket to a new member and prints what became of it, in both languages.
async fn tell(node: &Node, address: SocketAddr, basket: &v1::Basket) -> Result<Vec<String>, Error> {
    let endpoint =
        Endpoint::from_shared(format!("http://{address}")).map_err(|error| Error::Call(error.to_string()))?;
    let channel = endpoint.connect().await.map_err(|error| Error::Call(error.to_string()))?;
    let cast =
        Cast { chain: basket.chain.clone(), member: "M10010".to_owned(), card: "8801 2345".to_owned() };
    let (scenes, sold) = story::play(channel, basket, cast).await?;
    let chain = node.chain();
    let mut out = anstream::stdout();
    for lang in [Lang::En, Lang::ZhCn] {
        let tier = |id: &str| {
            let tier = chain.program().tiers.iter().find(|tier| tier.id == id);
            let title = tier.and_then(|tier| match lang {
                Lang::En => tier.title.en.as_deref(),
                Lang::ZhCn => tier.title.zh_cn.as_deref(),
            });
            title.unwrap_or(id).to_owned()
        };
        writeln!(out, "{}", table::table(&scenes, lang, chain.currency(), tier)).map_err(Error::Output)?;
    }
    Ok(sold)
}

/// The example chain, compiled from what the binary carries, with its file.
fn chain() -> Result<(Chain, [SourceFile; 1]), Error> {
    let failed = |diagnostics| {
        Error::Chain(suanpan_pricing_node::ChainError::Program {
            path: "examples/sunrise-market".into(),
            diagnostics,
        })
    };
    let files = [SourceFile::new("program.yaml", PROGRAM)];
    let parsed = parse(&files).map_err(failed)?;
    let catalogue =
        CatalogueTable::read("catalogue.csv", CATALOGUE.as_bytes(), &parsed.program).map_err(failed)?;
    Ok((Chain::new(&parsed.program, Some(Arc::new(catalogue) as Arc<dyn Catalogue>))?, files))
}

/// The asked-for address, or any free port when something listens there already.
async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let any = SocketAddr::new(address.ip(), 0);
            TcpListener::bind(any).await.map_err(Error::Runtime)
        }
        Err(error) => Err(Error::Runtime(error)),
    }
}

/// Prices the basket over gRPC and gives how long one call took.
async fn call(address: SocketAddr, basket: &v1::Basket) -> Result<(v1::Quote, Duration), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Call(error.to_string());
    let mut client =
        PricingServiceClient::connect(format!("http://{address}")).await.map_err(|error| failed(&error))?;
    let mut shortest = Duration::MAX;
    let mut quote = v1::Quote::default();
    for _ in 0..=WARM_UP_CALLS {
        let start = Instant::now();
        quote = client.quote(basket.clone()).await.map_err(|error| failed(&error))?.into_inner();
        shortest = shortest.min(start.elapsed());
    }
    Ok((quote, shortest))
}

fn print(
    node: &Node,
    basket: v1::Basket,
    quote: &v1::Quote,
    took: Duration,
    address: SocketAddr,
) -> Result<(), Error> {
    let colour = std::io::stdout().is_terminal();
    let mut out = anstream::stdout();
    for lang in [Lang::En, Lang::ZhCn] {
        let names = Names::read(csv::Reader::from_reader(NAMES.as_bytes()), lang)
            .map_err(|source| Error::Names { path: "names.csv".into(), source })?;
        let shown = Shown { lang, names, colour };
        let priced = node.price("", basket.clone(), true, |answer| {
            // Printed from this process, which knows colours and names; its totals are those that came over the wire.
            let same = answer.message().totals == quote.totals;
            (same, shown.receipt(answer, false))
        });
        let (same, receipt) = priced.map_err(|failure| Error::Call(format!("{failure:?}")))?;
        if !same {
            return Err(Error::Call("the node's answer is not this program's".to_owned()));
        }
        writeln!(out, "{receipt}").map_err(Error::Output)?;
    }
    let microseconds = took.as_micros();
    writeln!(
        out,
        "Priced over gRPC by the node at {address}: the quickest of {} calls took {microseconds} us, there and back.",
        WARM_UP_CALLS + 1
    )
    .map_err(Error::Output)
}

/// Proves that the books balance, and says so in both languages.
async fn prove(store: &dyn Store) -> Result<(), Error> {
    let report = audit(store, None, |_| ()).await.map_err(StartError::from)?;
    if !report.balances() {
        return Err(Error::Call(format!("the books do not balance\n{report}")));
    }
    let (sales, returns, points) = (report.counts.sales, report.counts.returns, report.counts.points);
    let mut out = anstream::stdout();
    writeln!(
        out,
        "Audited: {sales} sales, {returns} return, {points} points outstanding; everything balances."
    )
    .and_then(|()| writeln!(out, "对账：{sales} 笔销售，{returns} 笔退货，{points} 积分在外，账目相符。\n"))
    .map_err(Error::Output)
}

fn how_to_go_on(address: SocketAddr, sold: &[String]) -> String {
    let checkout = sold.last().map_or("", String::as_str);
    let asks = |key: &str, value: &str| {
        format!(r#"{{"chain":"sunrise-market","actor":{{"id":"till-03"}},"{key}":"{value}"}}"#)
    };
    let (sale, member) = (asks("checkout_id", checkout), asks("member_id", "M10010"));
    format!(
        "The node goes on until Ctrl-C. From another terminal, in the repository:\n\n  \
         grpcurl -plaintext {address} list\n  \
         grpcurl -plaintext -d @ {address} suanpan.pricing.v1.PricingService/Quote < examples/sunrise-market/baskets/guest.json\n  \
         grpcurl -plaintext -d '{sale}' {address} suanpan.checkout.v1.CheckoutService/GetCheckout\n  \
         grpcurl -plaintext -d '{member}' {address} suanpan.member.v1.MemberService/ListEntries\n  \
         suanpan quote --program examples/sunrise-market examples/sunrise-market/baskets/member-day.json\n"
    )
}
