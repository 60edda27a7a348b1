//! `demo`: an example chain behind a real node, one basket over gRPC, and how its price came about.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use suanpan_domain::Catalogue;
use suanpan_pricing_node::{Chain, Drain, Listeners, Members, Node, serve, until_told_to_end};
use suanpan_program::{CatalogueTable, SourceFile, parse};
use suanpan_rpc::v1;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cli::{DemoOptions, Lang};
use crate::error::Error;
use crate::names::Names;
use crate::quote::Shown;

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
    let node = Arc::new(Node::new(chain()?, Members::default(), None, None));
    let listener = bind(options.listen).await?;
    let address = listener.local_addr().map_err(Error::Runtime)?;
    let (end, ended) = oneshot::channel::<()>();
    let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(5) };
    let listeners = Listeners { grpc: listener, admin: None };
    let stop = async {
        // The sender is dropped when the demo ends early; that ends the node as well.
        let _ = ended.await;
    };
    let serving = tokio::spawn(serve(Arc::clone(&node), listeners, drain, stop));

    let basket: v1::Basket = serde_json::from_str(BASKET).map_err(Error::Json)?;
    let (quote, took) = call(address, &basket).await?;
    print(&node, basket, &quote, took, address)?;

    if !options.exit {
        let mut out = anstream::stdout();
        writeln!(out, "{}", how_to_go_on(address)).map_err(Error::Output)?;
        until_told_to_end().await;
    }
    let _ = end.send(());
    match serving.await {
        Ok(Ok(_)) => Ok(ExitCode::SUCCESS),
        Ok(Err(error)) => Err(Error::Start(error.into())),
        Err(error) => Err(Error::Call(error.to_string())),
    }
}

/// The example chain, compiled from what the binary carries.
fn chain() -> Result<Chain, Error> {
    let failed = |diagnostics| {
        Error::Chain(suanpan_pricing_node::ChainError::Program {
            path: "examples/sunrise-market".into(),
            diagnostics,
        })
    };
    let parsed = parse(&[SourceFile::new("program.yaml", PROGRAM)]).map_err(failed)?;
    let catalogue =
        CatalogueTable::read("catalogue.csv", CATALOGUE.as_bytes(), &parsed.program).map_err(failed)?;
    Ok(Chain::new(&parsed.program, Some(Arc::new(catalogue) as Arc<dyn Catalogue>))?)
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

fn how_to_go_on(address: SocketAddr) -> String {
    format!(
        "The node goes on until Ctrl-C. From another terminal, in the repository:\n\n  \
         grpcurl -plaintext {address} list\n  \
         grpcurl -plaintext -d @ {address} suanpan.pricing.v1.PricingService/Quote < examples/sunrise-market/baskets/guest.json\n  \
         suanpan quote --program examples/sunrise-market examples/sunrise-market/baskets/member-day.json\n"
    )
}
