//! The three neighbours, and the ledger of what they did.
//!
//! Written from the neighbours' interface alone: an idempotent one repeats its first answer for as long
//! as it promised to remember the key, any other acts on every call. If something is done twice, or
//! undone without having been done, a fault is noted at once.

use std::collections::BTreeMap;
use std::time::Duration;

use order_service::neighbours::Response;
use order_service::order::Line;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dice::Dice;
use super::network::{Request, effect_of, neighbour_of};
use super::trip::Mood;
use super::weather::{LATEST, Plan};

/// A user with a wallet.
const USERS: usize = 5;
const PRODUCTS: usize = 4;
/// The letters of an id.
const UUID: usize = 36;

/// Something that was done for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// Paise, or the quantity.
    pub amount: i64,
    /// The id of the profile or of the product.
    pub of: Uuid,
}

/// What was done, by the effect's key without its generation.
pub type Ledger = BTreeMap<String, Vec<Act>>;

struct Remembered {
    since: Duration,
    answer: Response,
}

pub struct Neighbourhood {
    plan: Plan,
    /// The user's id and the profile's id.
    pub users: Vec<(Uuid, Uuid)>,
    wallets: BTreeMap<Uuid, i64>,
    pub products: Vec<Uuid>,
    prices: BTreeMap<Uuid, i64>,
    stock: BTreeMap<Uuid, i64>,
    first_answers: BTreeMap<String, Remembered>,
    /// The first payment record of each order.
    payments: BTreeMap<String, &'static str>,
    pub ledger: Ledger,
    /// For returns, by their ids: what each line of one was reserved under.
    pub reserved_as: BTreeMap<String, Vec<String>>,
    /// What was undone of an effect, in parts or whole.
    undone: BTreeMap<String, i64>,
    /// Every price that was ever given for an order's product.
    pub told: BTreeMap<(String, Uuid), Vec<i64>>,
    pub faults: Vec<String>,
}

impl Neighbourhood {
    pub fn new(dice: &mut Dice, plan: Plan) -> Self {
        let users: Vec<_> = (0..USERS).map(|_| (dice.id(), dice.id())).collect();
        let products: Vec<_> = (0..PRODUCTS).map(|_| dice.id()).collect();
        let mut some = |of: &[Uuid], amounts: &[i64]| -> BTreeMap<Uuid, i64> {
            of.iter().map(|id| (*id, dice.one_of(amounts))).collect()
        };
        let profiles: Vec<_> = users.iter().map(|(_, profile)| *profile).collect();
        Self {
            plan,
            wallets: some(&profiles, &[3_000, 1_000_000, 1_000_000]),
            prices: some(&products, &[0, 99, 100, 250]),
            stock: some(&products, &[15, 1_000, 1_000]),
            users,
            products,
            first_answers: BTreeMap::new(),
            payments: BTreeMap::new(),
            ledger: BTreeMap::new(),
            reserved_as: BTreeMap::new(),
            undone: BTreeMap::new(),
            told: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// The price of these lines now; unknown products cost nothing.
    pub fn total_of(&self, lines: &[Line]) -> i64 {
        let price = |line: &Line| self.prices.get(&line.product_id.0).copied().unwrap_or(0);
        lines.iter().map(|line| price(line) * i64::from(line.quantity)).sum()
    }

    /// A price changes, now and then to one that makes no sense.
    pub fn change_a_price(&mut self, dice: &mut Dice) {
        let product = dice.one_of(&self.products);
        let price = if dice.chance(0.1) { -1 } else { dice.one_of(&[0, 50, 99, 300]) };
        self.prices.insert(product, price);
    }

    /// What was done for an effect.
    pub fn acts(&self, key: &str) -> &[Act] {
        self.ledger.get(key).map_or(&[], Vec::as_slice)
    }

    /// Handles a request, and answers it.
    pub fn answer(&mut self, now: Duration, request: &Request, mood: Mood) -> Response {
        let parts: Vec<&str> = request.path.trim_start_matches("/api/").split('/').collect();
        let payment = parts[0] == "payments";
        if let Mood::Error(status) = mood {
            return response(status, &json!({"error": "not now"}));
        }
        if !request.is_effect {
            return self.read(&parts, &request.key);
        }
        let keeps_keys = self.plan.promises.of(neighbour_of(&request.path));
        // Remembered for longer than promised, by the time that a request may take to arrive: the promise
        // counts from the arrival.
        let memory = self.plan.key_memory + LATEST;
        if keeps_keys
            && let Some(first) = self.first_answers.get(&request.key)
            && now < first.since + memory
        {
            let is_charge = payment && parts[1] == "process";
            if is_charge && self.plan.declines_repeats && first.answer.status == 200 {
                return response(409, &json!({"error": "insufficient balance"}));
            }
            return first.answer.clone();
        }
        let answer = match mood {
            Mood::Refuse => response(404, &json!({"error": "never heard of it"})),
            Mood::Good | Mood::Error(_) if payment => self.pay(parts[1], request),
            Mood::Good | Mood::Error(_) => self.stock(parts[1], parts[2], request),
        };
        let first = Remembered { since: now, answer: answer.clone() };
        self.first_answers.insert(request.key.clone(), first);
        answer
    }

    fn read(&mut self, parts: &[&str], key: &str) -> Response {
        let id = parts[parts.len() - 1];
        let uuid: Uuid = id.parse().expect("ids are UUIDs");
        match parts[0] {
            "users" => match self.users.iter().find(|(user, _)| *user == uuid) {
                Some((user, profile)) => {
                    response(200, &json!({"id": profile, "userId": user, "walletBalance": 12.5}))
                }
                None => response(404, &json!({"error": "no such user"})),
            },
            "products" => match (self.prices.get(&uuid), self.stock.get(&uuid)) {
                (Some(price), Some(stock)) => {
                    let order = key.split(':').next().unwrap_or_default().to_owned();
                    self.told.entry((order, uuid)).or_default().push(*price);
                    response(200, &json!({"id": uuid, "name": "x", "price": price, "stock": stock}))
                }
                _ => response(404, &json!({"error": "no such product"})),
            },
            _status => match self.payments.get(id) {
                Some(status) => response(200, &json!({"orderId": uuid, "status": status})),
                None => response(404, &json!({"error": "nothing recorded"})),
            },
        }
    }

    fn pay(&mut self, verb: &str, request: &Request) -> Response {
        let body = &request.body;
        let order = body["orderId"].as_str().unwrap_or_default().to_owned();
        let amount = body["amount"].as_i64().unwrap_or(0);
        let profile: Uuid =
            body["userProfileId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        if amount <= 0 {
            return response(400, &json!({"error": "amount must be positive"}));
        }
        let Some(wallet) = self.wallets.get_mut(&profile) else {
            return response(404, &json!({"error": "no such profile"}));
        };
        let (by, status) = if verb == "process" { (-amount, "Paid") } else { (amount, "Refunded") };
        if *wallet + by < 0 {
            return response(409, &json!({"error": "insufficient balance"}));
        }
        *wallet += by;
        self.payments.entry(order.clone()).or_insert(status);
        let charge = format!("{order}:charge_payment");
        self.act(request, (verb == "refund").then_some(charge), Act { amount, of: profile });
        let answer = json!({"orderId": order, "amount": -by, "status": status, "paymentId": order});
        response(200, &answer)
    }

    fn stock(&mut self, product: &str, verb: &str, request: &Request) -> Response {
        let quantity = request.body["quantity"].as_i64().unwrap_or(0);
        let product: Uuid = product.parse().expect("a UUID");
        let Some(stock) = self.stock.get_mut(&product).filter(|_| quantity > 0) else {
            return response(404, &json!({"error": "no such product"}));
        };
        let by = if verb == "reserve" { -quantity } else { quantity };
        if *stock + by < 0 {
            return response(409, &json!({"error": "insufficient stock"}));
        }
        *stock += by;
        let remaining = *stock;
        let undoes = (verb == "release").then(|| self.reservation_of(&request.key));
        self.act(request, undoes, Act { amount: quantity, of: product });
        response(200, &json!({"id": product, "remaining": remaining}))
    }

    /// The effect that a release undoes.
    fn reservation_of(&self, key: &str) -> String {
        let parts: Vec<&str> = effect_of(key).split(':').collect();
        let of_return = self.reserved_as.get(parts[0]);
        let line = of_return.and_then(|lines| lines.get(parts.get(2)?.parse::<usize>().ok()?));
        line.cloned()
            .unwrap_or_else(|| effect_of(key).replace(":release_stock:", ":reserve_stock:"))
    }

    fn act(&mut self, request: &Request, undoes: Option<String>, act: Act) {
        let effect = effect_of(&request.key).to_owned();
        if let Some(undone) = undoes {
            // Only a return undoes a part.
            let is_return = self.reserved_as.contains_key(&effect[..UUID]);
            let sum = self.undone.entry(undone.clone()).or_default();
            *sum += act.amount;
            let sum = *sum;
            let is_done = match self.acts(&undone) {
                [done] if is_return => done.of == act.of && sum <= done.amount,
                [done] => *done == act && sum == done.amount,
                _none => false,
            };
            if !is_done {
                let fault = format!("{effect} undoes {act:?}, in all {sum}");
                self.faults.push(format!("{fault}, and {:?} was done", self.acts(&undone)));
            }
        }
        let acts = self.ledger.entry(effect.clone()).or_default();
        acts.push(act);
        if acts.len() > 1 {
            self.faults.push(format!("{effect} was done {} times", acts.len()));
        }
    }
}

fn response(status: u16, body: &Value) -> Response {
    Response { status, body: body.to_string().into_bytes(), retry_after_ms: None }
}
