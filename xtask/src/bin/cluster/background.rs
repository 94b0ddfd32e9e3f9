//! The background process: runs the cluster, obeys keys, and says how the cluster is, in lines.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use tasks::{postgres::Throwaway, sibling};

use crate::{
    Result,
    balancer::Balancer,
    directory::TempDir,
    keys::{self, Key},
    node::Node,
    people::People,
};

/// How many servers.
const NODES: usize = 2;
/// How often to look whether something ended by itself.
const LOOK: Duration = Duration::from_millis(250);
const KEYS: &str = "  k kill a node    r start nodes that are down    p restart PostgreSQL    q quit";

/// Runs a cluster until the key q, or until there are no more keys.
pub(crate) fn run(programs: &Path) -> Result<()> {
    let keys = keys::receive(io::stdin());
    say(&format_args!("cluster: starting PostgreSQL and {NODES} nodes"));
    let mut cluster = Cluster::start(programs)?;
    cluster.introduce();
    cluster.obey(&keys);
    say(&format_args!("cluster: stopping"));
    Ok(())
}

/// In the order in which the parts end.
struct Cluster {
    nodes: Vec<Node>,
    postgres: Throwaway,
    balancer: Balancer,
    people: People,
    dir: TempDir,
    /// The node that was killed last, so that it is another one's turn.
    killed: Option<usize>,
    /// Whether the next k kills even the last node.
    is_warned: bool,
}

impl Cluster {
    fn start(programs: &Path) -> Result<Self> {
        let (server, client) = (sibling("quchat-server", "cluster")?, sibling("quchat", "cluster")?);
        let dir = TempDir::create()?;
        let path = &dir.path;
        let postgres = Throwaway::create(programs, path, &[])?;
        let mut nodes = vec![Node::create("node 1".to_owned(), &server, &postgres.url(Throwaway::DATABASE), path)?];
        for n in 2..=NODES {
            let node = nodes[0].create_another(format!("node {n}"), path)?;
            nodes.push(node);
        }
        let balancer = Balancer::before(&nodes.iter().map(|node| node.address).collect::<Vec<_>>())?;
        let people = People::register(balancer.address, &client, path)?;
        Ok(Self { nodes, postgres, balancer, people, dir, killed: None, is_warned: false })
    }

    fn introduce(&self) {
        let Self { people, dir, balancer, .. } = self;
        say(&format_args!("\nOpen the client in other terminals, signed in as a user of #lobby:\n"));
        for script in &people.scripts {
            say(&format_args!("  sh {}", script.display()));
        }
        say(&format_args!("\nOr as somebody new, who registers with F3:\n\n  cargo xtask run-client {}", people.link));
        say(&format_args!("\nThe balancer listens on {}. Logs are in {}.", balancer.address, dir.path.display()));
        say(&format_args!("\n{KEYS}\n"));
        say(self);
    }

    fn obey(&mut self, keys: &Receiver<Key>) {
        loop {
            let key = match keys.recv_timeout(LOOK) {
                Ok(key) => Some(key),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Key::Quit),
            };
            let has_changed = self.report_ends();
            self.is_warned &= key.is_none_or(|key| key == Key::Kill);
            match key {
                Some(Key::Kill) => self.kill(),
                Some(Key::Restore) => self.restore(),
                Some(Key::RestartPostgres) => self.restart_postgres(),
                Some(Key::Quit) => return,
                Some(Key::Other) => self.introduce(),
                None if has_changed => say(self),
                None => {}
            }
        }
    }

    /// Says what ended by itself. Returns whether something did.
    fn report_ends(&mut self) -> bool {
        let mut has_changed = false;
        for node in &mut self.nodes {
            if let Some(status) = node.has_ended() {
                say(&format_args!("{} ended ({status}): {}", node.name, node.last_line()));
                has_changed = true;
            }
        }
        if let Some(status) = self.postgres.has_ended() {
            say(&format_args!("PostgreSQL ended ({status}): {}", self.postgres.last_line()));
            has_changed = true;
        }
        has_changed
    }

    /// Kills the highest living node, but another one than the last time if there is one.
    fn kill(&mut self) {
        let living: Vec<usize> = (0..self.nodes.len()).filter(|n| self.nodes[*n].is_up()).collect();
        let another = living.iter().rfind(|n| Some(**n) != self.killed).or(living.last());
        let Some(&victim) = another else { return say(&"no node is up; r brings them back") };
        let node = &mut self.nodes[victim];
        if living.len() == 1 && !self.is_warned {
            self.is_warned = true;
            return say(&format_args!("{} is the only one that is up; press k again to kill it, too", node.name));
        }
        node.kill();
        self.killed = Some(victim);
        self.is_warned = false;
        say(&format_args!("{} was killed (kill -9)", node.name));
        say(self);
    }

    /// Starts the nodes that are down.
    fn restore(&mut self) {
        if self.nodes.iter().all(Node::is_up) {
            return say(&"all nodes are up; k kills one");
        }
        for node in self.nodes.iter_mut().filter(|node| !node.is_up()) {
            match node.start() {
                Ok(()) => say(&format_args!("{} is back", node.name)),
                Err(error) => say(&error),
            }
        }
        say(self);
    }

    fn restart_postgres(&mut self) {
        say(&"PostgreSQL restarts");
        match self.postgres.restart() {
            Ok(()) => say(&"PostgreSQL is back"),
            Err(error) => say(&error),
        }
        say(self);
    }
}

/// How the cluster is, in one line.
impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (node, connections) in self.nodes.iter().zip(self.balancer.connections()) {
            match (node.is_up(), connections) {
                (false, _) => write!(f, "{} DOWN · ", node.name)?,
                (true, 1) => write!(f, "{} up (1 connection) · ", node.name)?,
                (true, _) => write!(f, "{} up ({connections} connections) · ", node.name)?,
            }
        }
        write!(f, "PostgreSQL {}", if self.postgres.is_up() { "up" } else { "DOWN" })
    }
}

/// Prints a line. If that fails, the foreground process is gone, which shows in the keys, too.
fn say(line: &dyn fmt::Display) {
    writeln!(io::stdout(), "{line}").ok();
}
