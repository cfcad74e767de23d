//! What a saga has given back, whatever its kind.

use crate::order::{Line, Movement, Paise};
use crate::saga::{Instance, Standing};

/// Money and goods that went back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenBack {
    /// To the customer's wallet, in paise.
    pub refunded: Paise,
    /// Into the free stock, in the order of the lines.
    pub released: Vec<Line>,
}

impl GivenBack {
    /// What a saga is known to have given back by now. A person's verdict that it happened counts.
    pub fn by(saga: &Instance) -> Self {
        let mut given_back = Self::default();
        let effects = saga.position.actions.iter().flat_map(|it| it.effects().chain(it.undos()));
        for (effect, _) in effects.filter(|(_, track)| track.standing == Standing::Done) {
            match saga.facts.movement(effect) {
                Some(Movement::Refund(amount)) => given_back.refunded.0 += amount.0,
                Some(Movement::Release(line)) => given_back.released.push(line),
                Some(Movement::Charge(_) | Movement::Reserve(_)) | None => {}
            }
        }
        given_back
    }

    /// What a saga would have to give back if it went no further than it is known to have come: what it
    /// took, less what it gave back.
    pub fn owed_by(saga: &Instance) -> Self {
        let mut outstanding = Self::default();
        for position in &saga.position.actions {
            let undone = position.undos().map(|(_, track)| track.standing == Standing::Done);
            let undone = undone.chain(std::iter::repeat(false));
            for ((effect, track), undone) in position.effects().zip(undone) {
                if track.standing != Standing::Done || undone {
                    continue;
                }
                match saga.facts.movement(effect) {
                    Some(Movement::Charge(amount)) => outstanding.refunded.0 += amount.0,
                    Some(Movement::Reserve(line)) => outstanding.released.push(line),
                    Some(Movement::Refund(_) | Movement::Release(_)) | None => {}
                }
            }
        }
        outstanding
    }
}
