//! One process from its start to its death: it opens the books, drives what it finds, accepts its
//! client's saga and does what the operator says, until everything is at rest or it dies.
//!
//! Every process runs the same script: there is nothing that only a successor does.

use std::sync::Arc;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::engine::{Executor, Kind, NotDone, Settings};
use order_service::saga::retry::Backoff;
use order_service::saga::{
    Catalogue, Definition, Instance, Intervention, Manners, Policy, Progress, StuckKind, Word,
    resolvable,
};
use order_service::store::{self, Found, Store};
use tokio::task::JoinHandle;

use crate::play::Ending;
use crate::point::{Phase, Points};
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
        let found = world.play.sagas(&store).await;
        world.play.check_told(&store, &found).await;
        let scenario = &world.scenario;
        let trusted = if predecessors == 0 { scenario.trusted } else { scenario.trusted_later };
        let policy = policy(scenario, world.play.definitions(), trusted);
        let kinds = watched(&world, &points);
        let (concurrency, backlog) = (16, 1_000_000);
        let settings = Settings { concurrency, backlog, lease: LEASE, policy: policy.clone() };
        points.enter(Phase::Starting);
        let started = Executor::start(store.clone(), kinds, settings, clock.clone());
        let executor = started.await.expect("an executor");
        points.enter(Phase::Living);
        executor.run();
        let this = Self { world, points, clock, store, executor, policy };
        if predecessors == 0 {
            this.prepare().await;
        }
        this
    }

    /// Makes what the scenario begins with.
    async fn prepare(&self) {
        self.points.enter(Phase::Preparing);
        let (world, executor, store) =
            (self.world.clone(), self.executor.clone(), self.store.clone());
        let prepared = tokio::spawn(async move { world.play.prepare(executor, store).await });
        loop {
            self.points.idle().await;
            if prepared.is_finished() {
                break;
            }
            self.move_on();
        }
        prepared.await.expect("prepared");
        self.points.enter(Phase::Living);
    }

    /// The clients ask.
    fn ask(&self) -> JoinHandle<()> {
        let (world, executor, store) =
            (self.world.clone(), self.executor.clone(), self.store.clone());
        tokio::spawn(async move { world.play.ask(executor, store).await })
    }

    /// Runs until everything is at rest.
    pub async fn live(&self) -> Ending {
        let mut client = self.ask();
        for _move in 0..MOVES {
            self.points.idle().await;
            self.world.deliver(|| self.world.play.kinds(&self.points.reads)).await;
            self.points.idle().await;
            let is_told = client.is_finished();
            let sagas = self.world.play.sagas(&self.store).await;
            if is_told && sagas.iter().all(Found::is_at_rest) {
                client.await.expect("a client");
                if self.world.play.is_answered() {
                    return self.world.check_the_end(&self.store, &sagas).await;
                }
                // It was told to wait, or that the database is unavailable, and asks again.
                client = self.ask();
            }
            for saga in sagas.iter().filter(|saga| !saga.is_at_rest()) {
                self.world.calm_down(saga);
                self.world.sees(saga.held.is_some());
                self.have_a_word(saga).await;
                self.points.idle().await;
            }
            self.move_on();
        }
        panic!("never comes to rest: {:?}", self.world.play.sagas(&self.store).await);
    }

    /// Lets time pass until something that waits is due.
    fn move_on(&self) {
        let next = self.clock.next_wake().expect("somebody waits for something");
        let next = next.max(Duration::from_millis(1));
        self.clock.advance(next);
        self.points.reads.advance(next);
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
            let happened = self.world.play.happened(saga, effect);
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
        let did = self.executor.intervene(saga.id, what, &word, Some(saga.version), None);
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
            Err(
                NotDone::NotAllowed { .. }
                | NotDone::BeingAdvanced { .. }
                | NotDone::Stale { .. }
                | NotDone::Unavailable(_),
            ) => false,
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

/// The kinds of saga of one process.
fn watched(world: &Arc<World>, points: &Arc<Points>) -> Vec<Arc<dyn Kind>> {
    let unheard = world.scenario.unreachable.map(|_| world.play.kinds_unheard(&points.reads));
    let mut unheard = unheard.into_iter().flatten();
    let watch = |kind| -> Arc<dyn Kind> {
        let (world, points) = (world.clone(), points.clone());
        Arc::new(Watched { kind, unheard: unheard.next(), world, points })
    };
    world.play.kinds(&points.reads).into_iter().map(watch).collect()
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
