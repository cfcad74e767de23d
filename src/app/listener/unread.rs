//! What a handler leaves unread of a request's body, such as of one that is refused by its head.
//!
//! What is left stands in the way of the connection's next request. A little is read and discarded, so that the
//! connection can be used on; of more the client is told that the connection ends with this answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use futures::StreamExt;
use hyper::body::{Frame, Incoming, SizeHint};

use crate::clock::Clock;

/// The most that is discarded, in bytes: as much as any body may have.
const LITTLE: u64 = 256 * 1024;
/// How long the rest may take to arrive.
const SOON: Duration = Duration::from_secs(1);

/// Where a body is left whose reader is done with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread(Arc<Mutex<Option<Incoming>>>);

impl Unread {
    /// The body for the handler.
    pub(super) fn of(&self, body: Incoming) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Lent { body: Some(body), left: self.clone() })
    }

    /// Reads what is left; `false` if that is too much, or takes too long, or is not on its way.
    pub(super) async fn is_read(&self, is_on_its_way: bool, clock: &Clock) -> bool {
        let Some(body) = self.put(None) else { return true };
        if !is_on_its_way || body.size_hint().lower() > LITTLE {
            return false;
        }
        let mut chunks = Body::new(body).into_data_stream();
        let read = async {
            let mut length = 0;
            while let Some(chunk) = chunks.next().await {
                let Ok(chunk) = chunk else { return false };
                length += chunk.len() as u64;
                if length > LITTLE {
                    return false;
                }
            }
            true
        };
        clock.within(SOON, Box::pin(read)).await == Some(true)
    }

    fn put(&self, body: Option<Incoming>) -> Option<Incoming> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *left, body)
    }
}

/// A body that its reader gives back.
struct Lent {
    body: Option<Incoming>,
    left: Unread,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.left.put(self.body.take());
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}
