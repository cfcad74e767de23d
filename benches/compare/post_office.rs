//! A mail server that takes everything: as much SMTP as a client needs that does not use TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::Fault;

/// What it got.
#[derive(Clone, Default)]
pub struct PostOffice(Arc<AtomicU64>);

impl PostOffice {
    /// Opens one; returns it with its URL.
    pub async fn open() -> Result<(Self, String), Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let office = Self::default();
        let door = office.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let office = door.clone();
                tokio::spawn(async move { office.serve(stream).await });
            }
        });
        Ok((office, url))
    }

    /// How many mails were taken.
    pub fn taken(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Until the client leaves, however it does.
    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        say(&mut write, "220 here").await?;
        while let Some(line) = lines.next_line().await? {
            let command = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
            match command.as_str() {
                "DATA" => {
                    say(&mut write, "354 go on").await?;
                    end_of_mail(&mut lines).await?;
                    self.0.fetch_add(1, Ordering::Relaxed);
                    say(&mut write, "250 taken").await?;
                }
                "QUIT" => return say(&mut write, "221 bye").await,
                _ => say(&mut write, "250 well").await?,
            }
        }
        Ok(())
    }
}

async fn say(to: &mut OwnedWriteHalf, line: &str) -> std::io::Result<()> {
    to.write_all(format!("{line}\r\n").as_bytes()).await
}

async fn end_of_mail(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> std::io::Result<()> {
    while lines.next_line().await?.is_some_and(|line| line != ".") {}
    Ok(())
}
