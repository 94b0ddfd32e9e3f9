//! Knocks at an address on a thread of its own.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use quchat_shared::pin::Pin;

use crate::api::{self, Address, Contact, Failure, Origin, Reached, Server};

/// Finds out what answers at the address. `known` gives the pin that is kept for an origin; it may read a file.
///
/// # Errors
/// The system cannot start another thread; nothing is delivered.
pub fn knock(
    address: Address,
    known: impl FnOnce(&Origin) -> Option<Pin> + Send + 'static,
    deliver: impl FnOnce(Result<Reached, Failure>) + Send + 'static,
) -> io::Result<()> {
    let ask = move || {
        let find = || find(address.origin(), known);
        deliver(catch_unwind(AssertUnwindSafe(find)).unwrap_or_else(|_| Err(Failure::fault())));
    };
    thread::Builder::new().name("knock".into()).spawn(ask).map(drop)
}

fn find(origin: &Origin, known: impl FnOnce(&Origin) -> Option<Pin>) -> Result<Reached, Failure> {
    let pin = known(origin);
    let contact = api::knock(origin, pin)?;
    let server = match contact {
        Contact::Plain => origin.clone().plain().into(),
        _ => Server { origin: origin.clone(), pin },
    };
    Ok(Reached { server, contact })
}
