//! One process from its start to its death: it opens the books, drives what it finds, accepts its
//! client's saga and does what the operator says, until everything is at rest or it dies.
//!
//! Every process runs the same script: there is nothing that only a successor does.

use std::sync::Arc;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::engine::{Executor, NotDone, Settings};

use order_service::saga::retry::Backoff;
use order_service::saga::{
    Catalogue, Definition, Instance, Intervention, Manners, Policy, Progress, StuckKind, Word,
    resolvable,
};
use order_service::store::{self, Found, Identity, Store};

use crate::play::Ending;
use crate::point::Points;
use crate::scenario::{Among, Calm, Scenario};
use crate::watched::Watched;
use crate::world::World;

/// Silence after which others take over.
pub const LEASE: Duration = Duration::from_secs(3);
/// The time-out of a call, by the clock that the tests move.
const IN_FLIGHT: Duration = Duration::from_millis(100);
/// What has not come to rest after this many moves of the clock never will.
const MOVES: u32 = 400;

/// A running process.
pub struct Process {
    world: Arc<World>,
    points: Arc<Points>,
    clock: Clock,
    store: Store,
    executor: Executor,
    policy: Policy,
}

impl Process {
    /// Starts on these books. What was answered before must be true in them.
    pub async fn start(url: &str, world: Arc<World>, points: Arc<Points>, clock: Clock) -> Self {
        let store = store::open(store::Options {
            url,
            max_connections: 4,
            silence: Duration::from_secs(5),
            access: store::Access::Owner,
            clock: clock.clone(),
            catalogue: Catalogue::of(world.play.definitions()),
            failpoints: Some(points.clone()),
        });
        let store = store.await.expect("the books");
        let predecessors = world.begin();
        let found = found(&store, &world).await;
        world.play.check_told(&store, found.as_ref()).await;
        let scenario = &world.scenario;
        let trusted = if predecessors == 0 { scenario.trusted } else { scenario.trusted_later };
        let policy = policy(scenario, world.play.definitions(), trusted);
        let watched = Watched {
            kind: world.play.kind(&points.reads),
            unheard: scenario.unreachable.map(|_| world.play.kind_unheard(&points.reads)),
            world: world.clone(),
            points: points.clone(),
        };
        let (concurrency, backlog) = (16, 1_000_000);
        let settings = Settings { concurrency, backlog, lease: LEASE, policy: policy.clone() };
        points.starting(true);
        let started =
            Executor::start(store.clone(), vec![Arc::new(watched)], settings, clock.clone());
        let executor = started.await.expect("an executor");
        points.starting(false);
        executor.run();
        Self { world, points, clock, store, executor, policy }
    }

    /// Runs until everything is at rest.
    pub async fn live(&self) -> Ending {
        let ask = || tokio::spawn(ask(self.executor.clone(), self.world.clone()));
        let mut client = ask();
        for _move in 0..MOVES {
            self.points.idle().await;
            self.world.deliver(|| self.world.play.kind(&self.points.reads)).await;
            self.points.idle().await;
            if let Some(saga) = found(&self.store, &self.world).await {
                if saga.is_at_rest() && client.is_finished() {
                    client.await.expect("a client");
                    return self.end(&saga).await;
                }
                self.world.calm_down(&saga);
                self.world.sees(saga.held.is_some());
                self.have_a_word(&saga).await;
                self.points.idle().await;
            } else if client.is_finished() {
                // The client was told that the database is unavailable, and tries again.
                client = ask();
            }
            self.move_on();
        }
        panic!("never comes to rest: {:?}", found(&self.store, &self.world).await);
    }

    /// Lets time pass until something that waits is due.
    fn move_on(&self) {
        let next = self.clock.next_wake().expect("somebody waits for something");
        let next = next.max(Duration::from_millis(1));
        self.clock.advance(next);
        self.points.reads.advance(next);
    }

    /// A client that was told to wait asks again, and the operator looks at everything.
    async fn end(&self, saga: &Found) -> Ending {
        let mut client = None;
        for _move in 0..MOVES {
            if self.world.play.is_answered() {
                break;
            }
            let asks = || tokio::spawn(ask(self.executor.clone(), self.world.clone()));
            let is_told = client.get_or_insert_with(asks).is_finished();
            self.points.idle().await;
            if is_told {
                // If the database was unavailable, the client tries again.
                client = None;
            }
            if !self.world.play.is_answered() {
                self.move_on();
            }
        }
        self.world.check_the_end(&self.store, saga).await
    }

    /// The operator acts where a person is needed, with verdicts that say what the neighbours' ledgers say.
    async fn have_a_word(&self, saga: &Found) {
        if saga.owner.is_some() || saga.is_at_rest() {
            return;
        }
        let forward = saga.progress != Some(Progress::Backward);
        let going = saga.progress.map(Progress::direction);
        let is_held = self.world.scenario.held_going.is_some_and(|way| Some(way) == going);
        if is_held && self.holds_or_releases(saga).await {
            return;
        }
        if self.world.scenario.is_stopped && forward {
            if self.intervene(saga, Intervention::Compensate).await {
                self.world.told_to_go_back();
                return;
            }
            if !self.world.scenario.is_stop_refused {
                return;
            }
            self.world.refused_to_go_back();
        }
        let Some(stuck) = saga.stuck.as_ref() else { return };
        let inspected = self.store.inspect(saga.id).await.expect("the books");
        let saga_now = inspected.expect("it was just there").instance.expect("readable");
        let kind = stuck.kind;
        self.check_the_reason(kind, &saga_now);
        if kind == StuckKind::Exhausted {
            // The faults are cleared, and the machine goes on by itself.
            return;
        }
        for effect in resolvable(&saga_now, &self.policy, self.clock.now()) {
            let happened = self.world.play.happened(saga.id, effect);
            if self.intervene(saga, Intervention::Resolve { effect, happened }).await {
                self.world.gave_a_verdict();
                return;
            }
        }
    }

    /// Whether the saga is held, or is to be held now.
    async fn holds_or_releases(&self, saga: &Found) -> bool {
        if saga.held.is_none() {
            let wanted = !self.world.was_held_long_enough();
            if wanted {
                self.intervene(saga, Intervention::Hold).await;
            }
            return wanted;
        }
        if self.world.was_held_long_enough() {
            self.world.lets_go();
            self.intervene(saga, Intervention::Release).await;
        }
        true
    }

    /// Returns whether it was done. What is not allowed now is tried again later.
    async fn intervene(&self, saga: &Found, what: Intervention) -> bool {
        let word = Word { operator: "asha".to_owned(), reason: "they say so".to_owned() };
        let did = self.executor.intervene(saga.id, what, &word, Some(saga.revision));
        tokio::pin!(did);
        let did = loop {
            tokio::select! {
                biased;
                did = &mut did => break did,
                // The database will be available again later.
                () = self.points.idle() => self.move_on(),
            }
        };
        match did {
            Ok(_done) => true,
            Err(NotDone::NotAllowed { .. } | NotDone::Stale { .. } | NotDone::Unavailable(_)) => {
                false
            }
            Err(refused @ NotDone::NotFound) => {
                panic!("{what:?}: {refused:?}")
            }
        }
    }

    /// Checks that it is stuck for a reason that the scenario allows.
    fn check_the_reason(&self, kind: StuckKind, saga: &Instance) {
        let scenario = &self.world.scenario;
        let fits = match kind {
            StuckKind::InDoubt => scenario.keep_keys != Among::All,
            StuckKind::Refused => scenario.is_refused_for_good,
            // A call that failed when a process died counts as failing until another process takes it up.
            StuckKind::Exhausted => !matches!(scenario.calm, Calm::Never),
            StuckKind::Unreadable => false,
        };
        assert!(fits, "stuck for no reason: {kind} {saga:?}");
    }
}

/// The client asks with its key.
async fn ask(executor: Executor, world: Arc<World>) {
    world.play.ask(executor).await;
}

async fn found(store: &Store, world: &World) -> Option<Found> {
    let (user, kind) = (world.play.user(), world.play.definitions()[0].kind);
    let key = Identity::Key(world.key.clone());
    store.find_first(user, kind, &key).await.expect("the books")
}

/// Of a process that takes these neighbours for idempotent.
fn policy(scenario: &Scenario, tables: &[&Definition], trusted: Among) -> Policy {
    let manners =
        |idempotent| Manners { idempotent, key_memory: scenario.key_memory, timeout: IN_FLIGHT };
    let called = tables.iter().flat_map(|table| table.actions()).map(|(_, action)| action.at);
    let neighbours = called.map(|at| (at, manners(trusted.has(at)))).collect();
    Policy {
        neighbours: Arc::new(neighbours),
        backoff: Backoff {
            // Short compared with heartbeats and polls, so that most moves of the clock are not only for those.
            initial: Duration::from_millis(20),
            max: Duration::from_millis(200),
            multiplier: 3.0,
            jitter: 0.0,
        },
        stuck_after: Duration::from_millis(50),
        deadline: scenario.deadline,
        deadline_attended: scenario.deadline,
    }
}
