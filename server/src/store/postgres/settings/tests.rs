//! Where the password comes from; and connecting to a real PostgreSQL with TLS and SCRAM in all the ways that a URL can
//! ask for.

mod cluster;

use std::{fs, os::unix::fs::PermissionsExt};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use self::cluster::{Cluster, HOST, PASSWORD, USER};
use super::{PasswordSources, Settings};
use crate::store::{Error, postgres::connection::Connection};

/// Whether the connection is protected by TLS, else the error that a user sees.
fn connect(url: &str) -> Result<bool, String> {
    let settings = Settings::parse(url)?;
    assert!(!format!("{settings:?}").contains(PASSWORD), "{settings:?}");
    let connection = Connection::open(&settings, "").map_err(|error| match Error::from(error) {
        Error::Unavailable(cause) => format!("{cause}; {}", cause.advice),
        error => error.to_string(),
    })?;
    let rows = connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", Vec::new());
    Ok(rows.unwrap()[0].get(0))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What a connection must come to.
#[derive(Clone, Copy)]
enum Outcome {
    Protected,
    Plain,
    /// The error contains this.
    Refused(&'static str),
}
use Outcome::{Plain, Protected, Refused};

#[track_caller]
fn check(url: &str, expected: Outcome) {
    let outcome = connect(url);
    if let Err(reason) = &outcome {
        assert!(!reason.contains(PASSWORD) && !reason.contains(&encoded(PASSWORD)), "{reason}");
    }
    match (&outcome, expected) {
        (Ok(true), Protected) | (Ok(false), Plain) => {}
        (Err(reason), Refused(part)) if reason.contains(part) => {}
        _ => {
            let expected = match expected {
                Protected => "a connection with TLS",
                Plain => "a connection without TLS",
                Refused(part) => part,
            };
            panic!("{url}: expected {expected:?}, but: {outcome:?}");
        }
    }
}

const NOT_TRUSTED: Outcome = Refused("PostgreSQL's certificate is not trusted");
const ANOTHER_HOST: Outcome = Refused("PostgreSQL's certificate is for another host");
const NOT_LET_IN: Outcome = Refused("PostgreSQL refuses the user or the password");

#[test]
fn a_url_decides_how_the_connection_is_protected_and_who_is_let_in() {
    let Some(cluster) = Cluster::start() else { return };
    checks_user_and_password(&cluster);
    protects_as_demanded(&cluster);
    uses_the_host_that_can_be_written(&cluster);
}

fn checks_user_and_password(cluster: &Cluster) {
    let url = |who: &str, rest: &str| format!("postgres://{who}@{HOST}:{}/{rest}", cluster.port);
    let (right, wrong) = (encoded(PASSWORD), "wrong");
    check(&url(&format!("{USER}:{right}"), "postgres"), Protected);
    check(&url(&format!("{USER}:{right}"), "postgres?channel_binding=require"), Protected);
    check(&url(&format!("{USER}:{wrong}"), "postgres"), NOT_LET_IN);
    check(&url(&format!("somebody:{right}"), "postgres"), NOT_LET_IN);
    check(&url(USER, "postgres"), Refused("give it with --store-password-file"));
    check(&url(&format!("{USER}:{right}"), "missing"), Refused("PostgreSQL has no such database"));
}

fn protects_as_demanded(cluster: &Cluster) {
    let (port, dir) = (cluster.port, cluster.dir().display());
    let who = format!("{USER}:{}", encoded(PASSWORD));
    let to = |place: &str, options: &str| format!("postgres://{who}@{place}:{port}/postgres?{options}");
    let named = |options: &str| to(HOST, options);
    let (root, other) = (format!("sslrootcert={dir}/root.pem"), format!("sslrootcert={dir}/other-root.pem"));
    let own = format!("sslrootcert={dir}/server.pem");

    // PostgreSQL accepts nothing but TLS on this address.
    check(&named("sslmode=disable"), Refused("no encryption"));
    check(&named("sslmode=prefer"), Protected);
    check(&named("sslmode=require"), Protected);
    check(&named(&format!("sslmode=require&{root}")), Protected);
    check(&named(&format!("sslmode=require&{other}")), NOT_TRUSTED);
    check(&named(&format!("sslmode=verify-ca&{root}")), Protected);
    check(&named(&format!("sslmode=verify-ca&{other}")), NOT_TRUSTED);
    check(&to("127.0.0.1", &format!("sslmode=verify-ca&{root}")), Protected);
    check(&named(&format!("sslmode=verify-full&{root}")), Protected);
    check(&named(&format!("sslmode=verify-full&{other}")), NOT_TRUSTED);
    check(&to("127.0.0.1", &format!("sslmode=verify-full&{root}")), ANOTHER_HOST);
    check(&named(&format!("sslmode=verify-full&{own}")), Protected);
    check(&to("127.0.0.1", &format!("sslmode=verify-full&{own}")), ANOTHER_HOST);
    check(&named("sslrootcert=system"), NOT_TRUSTED);

    // TLS has no meaning on the local socket.
    check(&format!("postgres://{who}@/postgres?host={dir}&port={port}&sslmode=require"), Plain);
    check(&format!("postgresql://{who}@{}:{port}/postgres", encoded(&dir.to_string())), Plain);
}

fn uses_the_host_that_can_be_written(cluster: &Cluster) {
    let (port, dir) = (cluster.port, cluster.dir().display());
    let url = |hosts: &str| format!("postgres://{USER}:{}@{hosts}/postgres?", encoded(PASSWORD));
    check(&url(&format!("127.0.0.1:1,{HOST}:{port}")), Protected);
    check(&url("127.0.0.1:1"), Refused("PostgreSQL cannot be reached"));
    let read_only = encoded("-c default_transaction_read_only=on");
    check(&format!("{}options={read_only}", url(&format!("{HOST}:{port}"))), Protected);
    let twice = url(&format!("{HOST}:{port},{}:{port}", encoded(&dir.to_string())));
    check(&format!("{twice}options={read_only}"), Refused("database does not allow writes"));
    check(&format!("{twice}options={read_only}&target_session_attrs=any"), Protected);
}

#[test]
fn the_password_comes_from_the_first_place_that_has_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "from the file\n").unwrap();
    let password = |url: &str, sources: &PasswordSources| {
        let settings = Settings::parse(url).unwrap().with_password(sources).unwrap();
        let found = settings.hosts.iter().map(|host| host.get_password().map(String::from_utf8_lossy));
        found.map(|found| found.unwrap_or_default().into_owned()).collect::<Vec<_>>()
    };
    let [none, variable] = [None, Some("from the variable")].map(|variable| PasswordSources::of(None, variable, None));
    let all = PasswordSources::of(Some(&file), Some("from the variable"), None);
    assert_eq!(password("postgres://u@h/d", &none), [""]);
    assert_eq!(password("postgres://u@h/d", &variable), ["from the variable"]);
    assert_eq!(password("postgres://u:from%20the%20url@h/d", &variable), ["from the url"]);
    assert_eq!(password("postgres://u:from%20the%20url@h/d", &all), ["from the file"]);

    let passfile = dir.path().join("pgpass");
    fs::write(&passfile, "h1:*:d:u:one\nh2:*:*:u:two\nh3:*:u:u:three\n").unwrap();
    fs::set_permissions(&passfile, fs::Permissions::from_mode(0o600)).unwrap();
    let passfile = PasswordSources::of(None, None, Some(&passfile));
    assert_eq!(password("postgres://u@h1,h2/d", &passfile), ["one", "two"]);
    assert_eq!(password("postgres://u@h3", &passfile), ["three"], "the database of a user is called like the user");
}

#[test]
fn a_password_is_not_shown() {
    let settings = Settings::parse("postgres://u:secret@h1,h2/d").unwrap();
    for shown in [format!("{settings:?}"), format!("{settings:#?}"), settings.to_string()] {
        assert!(!shown.contains("secret") && shown.contains("h2"), "{shown}");
    }
    assert!(settings.has_password());
}

#[test]
fn connecting_to_many_hosts_takes_little_longer_than_to_one() {
    let patience = |url: &str| Settings::parse(url).map(|settings| settings.patience.as_millis());
    assert_eq!(patience("postgres://u@h/d"), Ok(3000));
    assert_eq!(patience("postgres://u@h1,h2/d"), Ok(1500));
    assert_eq!(patience("postgres://u@h1,h2,h3,h4,h5/d"), Ok(1000));
    assert_eq!(patience("postgres://u@h1,h2/d?connect_timeout=7"), Ok(7000));
    assert!(patience("postgres://u@h/d?connect_timeout=0").unwrap_err().contains("1 to 60"));
}
