//! Where the money and the stock of a saga are, line by line.

use super::headline::is_out;
use crate::console::piece::{counted, money, short_id};
use crate::operator::{Detail, Known as Is};

/// What became of the money and the stock.
pub(in crate::console) struct Account {
    pub(super) charged: Known,
    pub(super) refunded: Known,
    pub(super) amount: Option<String>,
    pub(super) lines: Vec<LineAccount>,
    pub(super) money_out: Option<String>,
    pub(super) is_out: bool,
    pub(super) is_money_unknown: bool,
    pub(super) stock_out: Vec<(String, String)>,
}

pub(super) struct LineAccount {
    pub(super) number: usize,
    pub(super) product: String,
    pub(super) short: String,
    pub(super) quantity: u32,
    pub(super) reserved: Known,
    pub(super) released: Known,
}

/// Whether an effect happened: a word for machines, and one for people.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) value: &'static str,
    pub(super) said: &'static str,
}

impl Known {
    fn of(known: Is) -> Self {
        match known {
            Is::Yes => Self { value: "yes", said: "yes" },
            Is::No => Self { value: "no", said: "no" },
            Is::Unknown => Self { value: "unknown", said: "not known" },
        }
    }
}

impl Account {
    pub(super) fn of(detail: &Detail) -> Self {
        let (effects, risk) = (&detail.effects, &detail.saga.at_risk);
        let line = |(number, line): (usize, &crate::operator::LineEffects)| LineAccount {
            number,
            product: line.product_id.to_string(),
            short: short_id(line.product_id),
            quantity: line.quantity,
            reserved: Known::of(line.reserved),
            released: Known::of(line.released),
        };
        let stock = risk.stock.iter().map(|stock| {
            let most = if stock.unknown { "at most " } else { "" };
            (format!("{most}{}", counted(stock.quantity, "piece")), short_id(stock.product_id))
        });
        Self {
            charged: Known::of(effects.charged),
            refunded: Known::of(effects.refunded),
            amount: detail.saga.total_amount.map(money),
            lines: effects.lines.iter().enumerate().map(line).collect(),
            money_out: Some(risk.money).filter(|out| *out > 0).map(money),
            is_out: is_out(&detail.saga),
            is_money_unknown: risk.unknown,
            stock_out: stock.collect(),
        }
    }
}
