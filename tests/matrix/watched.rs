//! The real kind of saga, with every call announcing itself.
//!
//! Each call has three points: just before it, so that it is never sent; with the request on its way, so
//! that it reaches the neighbour only while a successor is at work; and with the answer there but not
//! heard.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use order_service::engine::{Kind, Recording};
use order_service::neighbours::CallContext;
use order_service::saga::{Call, Definition, How, Instance, Reading, Report, Step};
use order_service::store::Records;
use order_service::trace::TraceParent;

use crate::point::Points;
use crate::world::World;

/// The kind of saga of one process.
pub struct Watched {
    pub kind: Arc<dyn Kind>,
    /// The same, calling where nobody listens.
    pub unheard: Option<Arc<dyn Kind>>,
    pub world: Arc<World>,
    pub points: Arc<Points>,
}

impl Kind for Watched {
    fn definitions(&self) -> &'static [&'static Definition] {
        self.kind.definitions()
    }

    fn record(&self, saga: &Instance, context: Recording<'_>) -> Records {
        self.kind.record(saga, context)
    }

    fn read<'a>(
        &'a self,
        saga: &'a Instance,
        step: Step,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Reading> {
        async move {
            self.world.play.come_to(&format!("before reading {step}")).await;
            let _reading = self.points.reading();
            self.points.reach(&format!("before reading {step}")).await;
            let reading = self.kind.read(saga, step, context).await;
            self.points.reach(&format!("after reading {step}")).await;
            reading
        }
        .boxed()
    }

    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report> {
        async move {
            let name = name(call);
            // Who is waited for here may need time to pass.
            self.world.play.come_to(&format!("before {name}")).await;
            let under_way = self.points.under_way();
            self.world.is_calling(&name);
            self.points.reach(&format!("before {name}")).await;
            let may_miss = call.how == How::Send && self.world.is_unreachable(call.effect.step);
            let way = self.unheard.as_ref().filter(|_| may_miss);
            if way.is_none() && self.points.is_last(&format!("sent {name}")) {
                self.world.post(Letter { saga: saga.clone(), call: call.clone() });
                pending::<()>().await;
            }
            let report = way.unwrap_or(&self.kind).call(saga, call, context).await;
            drop(under_way);
            self.world.play.come_to(&format!("after {name}")).await;
            let _under_way = self.points.under_way();
            self.points.reach(&format!("after {name}")).await;
            report
        }
        .boxed()
    }
}

fn name(call: &Call) -> String {
    let look = if call.how == How::LookUp { "look-up of " } else { "" };
    let line = call.effect.line.map_or_else(String::new, |line| format!(" of line {line}"));
    format!("{look}{}{line}", call.effect.step)
}

/// A request that outlives the process that sent it.
pub struct Letter {
    saga: Instance,
    call: Call,
}

impl Letter {
    /// The request reaches the neighbour, in the way of one of these kinds.
    pub async fn arrive(self, kinds: &[Arc<dyn Kind>]) {
        let kind = self.saga.definition.kind;
        let is_its = |of: &&Arc<dyn Kind>| of.definitions().iter().any(|it| it.kind == kind);
        let kind = kinds.iter().find(is_its).expect("the kind that sent it");
        let trace = TraceParent::fresh();
        let context = CallContext { trace: &trace, may_send: &|| true, attempt: 1 };
        let _unheard = kind.call(&self.saga, &self.call, context).await;
    }
}
