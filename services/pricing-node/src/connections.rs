//! Accepted connections.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::lanes::Dealer;

/// How long the node waits after a failed accept: out of file descriptors, it would otherwise spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections for ever; a failed accept is logged and tried again.
#[derive(Debug)]
pub(crate) struct Connections {
    listener: TcpListener,
}

impl Connections {
    pub(crate) const fn of(listener: TcpListener) -> Self {
        Self { listener }
    }

    /// Accepts for ever and hands what comes to the dealer.
    pub(crate) async fn deal(self, mut dealer: Dealer) {
        loop {
            match self.listener.accept().await {
                // Small answers must not wait for the peer's acknowledgement: that costs 40 ms each.
                Ok((socket, _)) => match socket.set_nodelay(true).and_then(|()| socket.into_std()) {
                    Ok(socket) => dealer.deal(socket).await,
                    Err(error) => tracing::debug!(%error, "connection closed before it was served"),
                },
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// A connection that hides vectored writes. With them the HTTP/2 layer writes every answer by itself; without, the
/// answers of many calls leave in one write, at a quarter less CPU per call.
#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) const fn of(socket: TcpStream) -> Self {
        Self(socket)
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.0.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        false
    }
}
