//! A time limit on the arrival of a request's body.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use futures::future::BoxFuture;
use hyper::body::{Frame, SizeHint};

use crate::clock::Clock;

/// A request's body that fails with [`Late`] if it is not complete in time. Most bodies have arrived
/// when they are first polled; a timer is started only for the others.
pub(crate) struct Prompt<B> {
    body: B,
    clock: Clock,
    began: Duration,
    within: Duration,
    timer: Option<BoxFuture<'static, ()>>,
}

/// The body did not arrive within this time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late(Duration);

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = humantime::format_duration(self.0);
        write!(f, "the body did not come within {within}")
    }
}

impl std::error::Error for Late {}

impl<B> Prompt<B> {
    /// Wraps a body; the time starts now.
    pub(crate) fn new(body: B, within: Duration, clock: Clock) -> Self {
        Self { body, began: clock.monotonic(), clock, within, timer: None }
    }
}

impl<B> HttpBody for Prompt<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timer = this.timer.get_or_insert_with(|| {
            let passed = this.clock.monotonic().saturating_sub(this.began);
            let (clock, left) = (this.clock.clone(), this.within.saturating_sub(passed));
            Box::pin(async move { clock.sleep(left).await })
        });
        timer.as_mut().poll(context).map(|()| Some(Err(Late(this.within).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
