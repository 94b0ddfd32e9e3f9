//! On what the tests run, as the environment says: `QUCHAT_TEST_STORE` is a database of a PostgreSQL in which more may
//! be created, instead of SQLite; `QUCHAT_TEST_NODES=2` has each test server be two of them behind a balancer.

use std::{env, sync::LazyLock};

use tokio::runtime::{self, Runtime};

/// The URL of the PostgreSQL, if the tests run on one.
pub(crate) fn store() -> Option<&'static str> {
    static STORE: LazyLock<Option<String>> = LazyLock::new(|| env::var("QUCHAT_TEST_STORE").ok());
    STORE.as_deref()
}

/// How many servers a test server is.
pub(crate) fn nodes() -> usize {
    let nodes = env::var("QUCHAT_TEST_NODES").map_or(1, |nodes| nodes.parse().expect("QUCHAT_TEST_NODES is a number"));
    assert!(nodes == 1 || store().is_some(), "several nodes need QUCHAT_TEST_STORE");
    nodes
}

/// Runs what goes on beside the tests: connections to PostgreSQL, and balancers.
pub(super) fn background() -> &'static Runtime {
    static BACKGROUND: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("background").enable_all().build().unwrap()
    });
    &BACKGROUND
}

/// Says why a test is left out, if it does not apply here.
pub(crate) fn left_out(applies: bool, why: &str) -> bool {
    if !applies {
        eprintln!("left out: {why}");
    }
    !applies
}

/// Ends the test, unless it runs on SQLite. The argument says why it has to.
macro_rules! needs_sqlite {
    ($why:literal) => {
        if crate::harness::left_out(crate::harness::store().is_none(), $why) {
            return;
        }
    };
}

/// Ends the test, unless it runs on PostgreSQL.
macro_rules! needs_postgres {
    () => {
        if crate::harness::left_out(crate::harness::store().is_some(), "QUCHAT_TEST_STORE is not set") {
            return;
        }
    };
}

/// Ends the test, unless a test server is one server. The argument says why it has to be.
macro_rules! needs_one_node {
    ($why:literal) => {
        if crate::harness::left_out(crate::harness::nodes() == 1, $why) {
            return;
        }
    };
}

pub(crate) use {needs_one_node, needs_postgres, needs_sqlite};
