//! Which sagas are meant: the filters of `sagas list` and of `bulk prepare`.

use clap::Args;

use super::format;

const STATES: &str = "Only this state: Started, ProfileFetched, Priced, Paid, Reserved, Completed, \
                      Compensating, Compensated, Rejected, Cancelling, Cancelled, Returning or \
                      Returned";

/// Filters by the names that the operators' API has for them.
#[derive(Clone, Debug, Args)]
pub(super) struct FilterArgs {
    #[arg(long, help = STATES)]
    state: Option<String>,
    /// Only sagas that need a person; --stuck=false for those that don't
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    stuck: Option<bool>,
    /// Only sagas that an operator holds; --held=false for those that nobody holds
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    held: Option<bool>,
    /// Only this kind of saga: checkout, cancellation or return
    #[arg(long)]
    kind: Option<String>,
    /// Only sagas of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only sagas about this order
    #[arg(long, value_name = "ID")]
    order: Option<String>,
    /// Only sagas in trouble with this step
    #[arg(long, help = "Only sagas in trouble with this step, such as refund_payment")]
    step: Option<String>,
    /// Only sagas in trouble with this neighbour: user, product or payment
    #[arg(long)]
    neighbour: Option<String>,
    /// Only sagas of this group, as in `sagas groups`
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Only sagas by which money or stock may be out
    #[arg(long, value_name = "WHAT")]
    holds: Option<String>,
    /// Only sagas of a total of at least this, in paise
    #[arg(long, value_name = "PAISE")]
    min_amount: Option<i64>,
    /// Only sagas accepted under this idempotency key, or with an effect of this key
    #[arg(long)]
    key: Option<String>,
    /// Only sagas older than this: 10m, 2h or PT10M
    #[arg(long, value_name = "DURATION", value_parser = format::iso_duration)]
    older_than: Option<String>,
}

impl FilterArgs {
    /// The filters with their values.
    pub(super) fn pairs(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("state", self.state.clone()),
            ("stuck", self.stuck.map(|stuck| stuck.to_string())),
            ("held", self.held.map(|held| held.to_string())),
            ("kind", self.kind.clone()),
            ("userId", self.user.clone()),
            ("orderId", self.order.clone()),
            ("step", self.step.clone()),
            ("neighbour", self.neighbour.clone()),
            ("group", self.group.clone()),
            ("holds", self.holds.clone()),
            ("minAmount", self.min_amount.map(|least| least.to_string())),
            ("idempotencyKey", self.key.clone()),
            ("olderThan", self.older_than.clone()),
        ]
    }
}
