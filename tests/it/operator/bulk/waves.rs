//! The waves of a run, and how long it waits for one: pumped by hand, on a clock that is moved by hand.

use std::time::Duration;

use order_service::bulk::{Bulk, Progress, Turns};
use order_service::clock::Clock;
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;

use super::{counts, many_parked, prepared, results, shown, start, steady};
use crate::harness::{BOTH, World};

/// Carries runs out in the place of the service.
struct ByHand {
    bulk: Bulk,
    clock: Clock,
    turns: Turns,
}

impl ByHand {
    fn new(world: &World) -> Self {
        let clock = Clock::manual(world.clock.now() + Duration::from_hours(24), 7);
        let (store, executor) = (world.store().clone(), world.service.executor.clone());
        let bulk = Bulk::new(store, executor, Duration::from_hours(24), clock.clone());
        Self { bulk, clock, turns: Turns::default() }
    }

    async fn turn(&mut self) {
        let progress = self.bulk.turn(&mut self.turns).await.expect("the books");
        assert_eq!(progress, Progress::Leads);
    }
}

#[tokio::test]
async fn a_wave_begins_when_every_item_of_the_one_before_has_its_result() {
    for books in BOTH {
        println!("with books in {books:?}");
        let quick = |world: crate::harness::WorldBuilder| {
            steady(world).timeouts(600_000).set(|config| {
                config.shutdown.grace = Duration::from_millis(50);
            })
        };
        let world = quick(World::build(books)).start().await;
        let ids = many_parked(&world, Call::Process, 20).await;
        world.fault(Fault::on(Call::Process, FaultKind::HangBefore));
        let body = json!({"action": "retry", "ids": ids, "perSecond": 500});
        let (run, _) = prepared(&world, &body).await;
        let mut hand = ByHand::new(&world);
        // Nobody else carries it out.
        world.service.bulk.stop().await;
        start(&world, &run).await;
        let mut done = 0;
        // One, five, a tenth, and the rest.
        for wave in [1, 5, 2, 12] {
            // More is not taken, however often it is looked and however much time the rate allows.
            for _time in 0..3 {
                hand.clock.advance(Duration::from_secs(1));
                hand.turn().await;
                let now =
                    counts([("done", done), ("running", wave), ("waiting", 20 - done - wave)]);
                let now = now.into_iter().filter(|(_, count)| *count > 0).collect();
                assert_eq!(results(&shown(&world, &run).await), now);
            }
            hand.clock.advance(Duration::from_secs(31));
            let is_last = done + wave == 20;
            let _turned = hand.bulk.turn(&mut hand.turns).await.expect("the books");
            done += wave;
            let state = shown(&world, &run).await["state"].clone();
            assert_eq!(state, if is_last { "done" } else { "running" });
            if !is_last {
                // The next wave began in the same turn.
                assert_eq!(results(&shown(&world, &run).await)["done"], done);
            }
        }
        world.stop().await;
    }
}
