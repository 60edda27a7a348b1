//! A connection of tills that costs the machine next to nothing: the frames of HTTP/2 by hand, for one call over and over.
//!
//! Callers share the machine with the node, and what they cost is part of what is measured. With a whole client it is a
//! fifth of it; here it is the system calls and little else.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use prost::bytes::{BufMut as _, BytesMut};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a frame before its payload: length, kind, flags, stream.
const FRAME_HEAD: usize = 9;
/// What the node may send before it is told to go on.
const WINDOW: u32 = 0x7fff_ffff;
const WINDOW_AT_FIRST: u32 = 65_535;
/// A window is opened again when so much of it is used.
const WINDOW_STEP: u32 = 1 << 20;
const READ_BYTES: usize = 64 << 10;

mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PING: u8 = 6;
    pub(super) const WINDOW_UPDATE: u8 = 8;
}

mod flag {
    pub(super) const ACK: u8 = 1;
    pub(super) const END_STREAM: u8 = 1;
    pub(super) const END_HEADERS: u8 = 4;
}

/// A connection to a node.
pub(crate) struct Line {
    socket: TcpStream,
    authority: String,
    path: &'static str,
    /// The number of the next call.
    next: u32,
    out: BytesMut,
    read: BytesMut,
    taken: u32,
}

/// A call that waits for its answer.
struct Call {
    stream: u32,
    asked: Instant,
    message: Vec<u8>,
}

impl Line {
    /// Connects. Every call goes to this path.
    pub(crate) fn open(address: SocketAddr, path: &'static str) -> Self {
        let socket = TcpStream::connect(address).expect("a connection");
        socket.set_nodelay(true).expect("a setting");
        let mut out = BytesMut::from(PREFACE);
        frame(&mut out, kind::SETTINGS, 0, 0, &settings());
        frame(&mut out, kind::WINDOW_UPDATE, 0, 0, &(WINDOW - WINDOW_AT_FIRST).to_be_bytes());
        let authority = address.to_string();
        Self { socket, authority, path, next: 1, out, read: BytesMut::with_capacity(READ_BYTES), taken: 0 }
    }

    /// Keeps so many calls in flight until then; gives what each waited, microseconds. `ask` writes a message, `told` looks
    /// at the message of an answer.
    pub(crate) fn calls(
        &mut self,
        count: u64,
        until: Instant,
        mut ask: impl FnMut(&mut BytesMut),
        mut told: impl FnMut(&[u8]),
    ) -> Vec<u32> {
        // A call alone polls for its answer, giving way to the node: how long a machine takes to wake a thread of its callers
        // is nothing of the node's.
        self.socket.set_nonblocking(count == 1).expect("a setting");
        let mut waits = Vec::new();
        let mut calls: Vec<Call> = Vec::new();
        let mut free: Vec<Vec<u8>> = vec![Vec::new(); usize::try_from(count).expect("some tills")];
        loop {
            let now = Instant::now();
            if now < until {
                for message in free.drain(..) {
                    calls.push(Call { stream: self.call(&mut ask), asked: now, message });
                }
            }
            self.socket.write_all(&self.out).expect("an open connection");
            self.out.clear();
            if calls.is_empty() {
                return waits;
            }
            self.receive();
            while let Some((head, payload)) = take_frame(&mut self.read) {
                let Some(stream) = self.answer(&head, &payload, &mut calls) else { continue };
                let place = calls.iter().position(|call| call.stream == stream).expect("a call of this line");
                let mut call = calls.swap_remove(place);
                // An error is told in the trailers alone, without a message.
                assert!(call.message.len() > 5, "a call was refused");
                told(&call.message[5..]);
                waits.push(u32::try_from(call.asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                call.message.clear();
                free.push(call.message);
            }
        }
    }

    /// Writes a call. Many small ones are far from the node's window, which it opens again from its half on.
    fn call(&mut self, ask: &mut impl FnMut(&mut BytesMut)) -> u32 {
        let stream = self.next;
        self.next += 2;
        let headers = if stream == 1 { self.headers() } else { KNOWN.to_vec() };
        frame(&mut self.out, kind::HEADERS, flag::END_HEADERS, stream, &headers);
        let begin = self.out.len();
        // Its length is known behind it: of the frame, and of the message in it.
        frame(&mut self.out, kind::DATA, flag::END_STREAM, stream, &[0; 5]);
        ask(&mut self.out);
        let length = u32::try_from(self.out.len() - begin - FRAME_HEAD).expect("a small message");
        self.out[begin..][..3].copy_from_slice(&length.to_be_bytes()[1..]);
        self.out[begin + FRAME_HEAD + 1..][..4].copy_from_slice(&(length - 5).to_be_bytes());
        stream
    }

    /// The headers in full, each to be known by a number from now on.
    fn headers(&self) -> Vec<u8> {
        let mut bytes = vec![POST, HTTP];
        for (name, value) in
            [(PATH, self.path), (AUTHORITY, &self.authority), (CONTENT_TYPE, "application/grpc")]
        {
            bytes.push(name);
            text(&mut bytes, value);
        }
        bytes.push(NEW_NAME);
        text(&mut bytes, "te");
        text(&mut bytes, "trailers");
        bytes
    }

    fn receive(&mut self) {
        let mut bytes = [0; READ_BYTES];
        let count = loop {
            match self.socket.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                read => break read.expect("an open connection"),
            }
        };
        assert!(count > 0, "the node closed the connection");
        self.read.extend_from_slice(&bytes[..count]);
    }

    /// Takes a frame in; gives the stream that it ends.
    fn answer(&mut self, head: &Head, payload: &[u8], calls: &mut [Call]) -> Option<u32> {
        match head.kind {
            kind::DATA => {
                let call = calls.iter_mut().find(|call| call.stream == head.stream).expect("a call");
                call.message.extend_from_slice(payload);
                self.taken += u32::try_from(payload.len()).expect("a small frame");
                if self.taken >= WINDOW_STEP {
                    frame(&mut self.out, kind::WINDOW_UPDATE, 0, 0, &self.taken.to_be_bytes());
                    self.taken = 0;
                }
                (head.flags & flag::END_STREAM != 0).then_some(head.stream)
            }
            kind::HEADERS => (head.flags & flag::END_STREAM != 0).then_some(head.stream),
            kind::SETTINGS | kind::PING if head.flags & flag::ACK == 0 => {
                let echo = if head.kind == kind::PING { payload } else { &[] };
                frame(&mut self.out, head.kind, flag::ACK, 0, echo);
                None
            }
            kind::SETTINGS | kind::PING | kind::WINDOW_UPDATE => None,
            other => panic!("the node ended the call or the connection: frame {other}, {payload:?}"),
        }
    }
}

// Of HPACK, RFC 7541: fields of its static table, literals that enter the dynamic one, and those by their numbers there,
// the last that entered first.
const POST: u8 = 0x80 | 3;
const HTTP: u8 = 0x80 | 6;
const PATH: u8 = 0x40 | 4;
const AUTHORITY: u8 = 0x40 | 1;
const CONTENT_TYPE: u8 = 0x40 | 31;
const NEW_NAME: u8 = 0x40;
const KNOWN: [u8; 6] = [POST, HTTP, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62];

fn text(bytes: &mut Vec<u8>, text: &str) {
    assert!(text.len() < 127, "its length is one byte");
    bytes.push(text.len() as u8);
    bytes.extend_from_slice(text.as_bytes());
}

/// No pushes, and a window for each answer that it never fills.
fn settings() -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[1] = 2;
    bytes[7] = 4;
    bytes[8..].copy_from_slice(&WINDOW.to_be_bytes());
    bytes
}

struct Head {
    kind: u8,
    flags: u8,
    stream: u32,
}

fn frame(out: &mut BytesMut, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a small frame");
    out.put_slice(&length.to_be_bytes()[1..]);
    out.put_u8(kind);
    out.put_u8(flags);
    out.put_u32(stream);
    out.put_slice(payload);
}

/// The first frame, if it is there whole.
fn take_frame(read: &mut BytesMut) -> Option<(Head, BytesMut)> {
    let [a, b, c, kind, flags, s, t, r, m] = *read.first_chunk::<FRAME_HEAD>()?;
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    if read.len() < FRAME_HEAD + length {
        return None;
    }
    let mut whole = read.split_to(FRAME_HEAD + length);
    let payload = whole.split_off(FRAME_HEAD);
    Some((Head { kind, flags, stream: u32::from_be_bytes([s & 0x7f, t, r, m]) }, payload))
}
