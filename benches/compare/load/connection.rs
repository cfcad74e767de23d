//! HTTP by hand: prepared requests are written as they are, and answers are read as far as needed.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer may take, as a client waits for at most 60 s.
const TIMEOUT: Duration = Duration::from_secs(90);

/// A kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream, buffer: vec![0; 4096] })
    }

    /// Sends a request and returns the status of its answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.send(request)?;
        self.answer()
    }

    /// Sends a request whose answer is read later.
    pub fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads an answer to its end, and returns its status.
    pub fn answer(&mut self) -> io::Result<u16> {
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..])?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some((status, length)) = parse(&self.buffer[..filled])?
                && filled >= length
            {
                return Ok(status);
            }
        }
    }
}

/// The status and the length of an answer, head included; `None` while its head is incomplete.
fn parse(answer: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let unreadable = || Error::new(ErrorKind::InvalidData, "not an answer of known length");
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| unreadable())?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let (status, length) = status.zip(length).ok_or_else(unreadable)?;
    Ok(Some((status, end + 4 + length)))
}
