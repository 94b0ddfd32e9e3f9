//! The supervisor process of servers on one PostgreSQL, the nodes. As that of a single server, it ends everything and
//! removes the directory when the pipe from the bench closes.

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
};

use tasks::create_node_dir;

use super::{
    Result, postgres,
    supervisor::{Server, limit_descriptors, wait_until_bench_ends},
};
use crate::launch::temp_dir;

/// Starts a PostgreSQL and the nodes. The arguments are the directory with PostgreSQL's programs, the number of nodes,
/// and those of the supervisor of a single server. Prints the directory of PostgreSQL's socket, then for each node its
/// process id and the line with its address.
pub(super) fn run() -> Result<bool> {
    let mut args = env::args_os().skip(2);
    let programs = PathBuf::from(args.next().ok_or("no directory with programs")?);
    let nodes = args.next().and_then(|number| number.to_str()?.parse().ok()).unwrap_or(1);
    let descriptors = args.next();
    let args: Vec<OsString> = args.collect();
    let dir = temp_dir()?;
    let (postgres, store) = postgres::start(&programs, dir.path())?;
    writeln!(io::stdout(), "{}", postgres.socket().display())?;
    limit_descriptors(descriptors)?;
    let store = [OsString::from("--store"), store.into()];
    let mut servers = Vec::new();
    let data = |node: usize| dir.path().join(format!("node{node}"));
    for node in 0..nodes {
        if node > 0 {
            create_node_dir(&data(0), &data(node))?;
        }
        let server = Server::start(&data(node), store.iter().chain(&args))?;
        server.report()?;
        servers.push(server);
    }
    wait_until_bench_ends()?;
    drop(servers); // before their PostgreSQL
    Ok(true)
}
