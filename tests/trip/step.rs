//! The trip's steps and neighbours, by their stored names.

use order_service::saga::{Neighbour, Step};

/// Knows what each leg costs. It is only read.
pub const TIMETABLE: Neighbour = Neighbour::named("timetable");
/// Clears trips, or doesn't. It is only read.
pub const BORDER: Neighbour = Neighbour::named("border");
/// Has the seats, and issues the tickets.
pub const RAIL: Neighbour = Neighbour::named("rail");
/// Moves money.
pub const BANK: Neighbour = Neighbour::named("bank");
/// Delivers letters.
pub const POST: Neighbour = Neighbour::named("post");

/// Reads the fare of each leg.
pub const ASK_FARES: Step = Step::named("ask_fares");
/// Holds the seats of one leg.
pub const HOLD_SEAT: Step = Step::named("hold_seat");
/// Gives the seats of one leg back.
pub const FREE_SEAT: Step = Step::named("free_seat");
/// Reads the clearance number.
pub const ASK_BORDER: Step = Step::named("ask_border");
/// Takes the fares from the traveller's account.
pub const TAKE_FARE: Step = Step::named("take_fare");
/// Issues the tickets of one leg.
pub const ISSUE_TICKET: Step = Step::named("issue_ticket");
/// Tells the traveller.
pub const POST_LETTER: Step = Step::named("post_letter");
/// Writes the order.
pub const WRITE_TRIP: Step = Step::named("write_trip");

/// What the bank calls the question whether it has taken a fare. Not a step: it settles one.
pub const LOOK_UP: &str = "look_up";
