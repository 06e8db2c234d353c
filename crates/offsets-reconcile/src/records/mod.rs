//! What a record is to the operators: which event, which version of it, what is wrong with it, and how it stands in files and in
//! the ledger.

mod field;
mod hlc;
mod identity;
mod ledger;
mod line;
mod misfit;
mod number;
mod operator;
mod order;
mod origin;
mod pointer;
mod record;
mod record_error;
mod routing;
mod run_counts;
mod tool;

pub use hlc::{Drift, Hlc, HybridClock};
pub use identity::{IdentityRule, NotARule};
pub use ledger::{EnteredWrite, LedgerEntry, LedgerWrite};
pub use line::{Line, NotARecord};
pub use misfit::{Misfit, OperatorKind};
pub use operator::{Decision, Extractor, KeyedRecord, Loss, Operator, WriteRef};
pub use order::{NotRegions, Order, Rank, Reason, Region, Regions, Version, VersionRule};
pub use origin::Origin;
pub use pointer::{NotAPointer, Pointer};
pub use record::{Header, Record};
pub use record_error::{RecordError, RecordErrorCause, RecordErrorKind};
pub use routing::{Policies, Policy, RecordRules, Routing};
pub use run_counts::{Destination, RunCounts};
pub use tool::Tool;
