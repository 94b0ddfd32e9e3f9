//! What nodes find in the database when they start, or after it was restored.

use super::*;

/// Why a further node does not start on the database of this server.
fn refusal(server: &TestServer, spoil: impl FnOnce(&Path)) -> String {
    let config = server.data_dir.config_of_node(9);
    spoil(&config.data_dir);
    match Node::try_start(config) {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_node_with_another_signing_key_or_certificate_is_refused() {
    needs_postgres!();
    let server = two();
    let other = DataDir::new();
    TestServer::start_nodes(1, other.clone(), Clock::system(), |_| {}).stop();
    let replace = |path: &Path, names: &[&str]| {
        for name in names {
            fs::copy(other.path().join(name), path.join(name)).unwrap();
        }
    };
    for (names, word) in [(&["signing-key"][..], "signing key"), (&["tls-key.pem", "tls-cert.pem"], "certificate")] {
        let said = refusal(&server, |path| replace(path, names));
        assert!(said.contains(word) && said.contains("copy"), "{said}");
    }
    // The same ones may join.
    Node::start(server.data_dir.config_of_node(10)).stop();
}

#[test]
fn nodes_work_on_tables_to_which_a_later_version_has_added_something() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[1].join(room);
    let mut stream = bob[1].listen();
    thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|n| drop(alice[n % 2].send_message(room, "hello"))));
        server.data_dir.database().add_to_tables();
    });
    let received = stream.until_message(room, Seq(100));
    count_from_one(&seqs(&received), 100);
    alice[1].edit(room, 100, "goodbye");
    assert_eq!(bob[0].message(room, 100).text, "goodbye");
    let third = Node::start(server.data_dir.config_of_node(3));
    assert_eq!(alice[0].at(third.address).send_message(room, "hello").seq, Seq(101));
    third.stop();
    server.data_dir.database().change("UPDATE schema_version SET compatible_from = version");
    let said = refusal(&server, |_| {});
    assert!(said.contains("later version") && said.contains("upgrade"), "{said}");
}

#[test]
fn nodes_write_one_after_the_other_whatever_isolation_the_database_prefers() {
    const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let database = data_dir.database();
    database.change(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''repeatable read''',
            current_database()); END $$",
    );
    let server = TestServer::start_nodes(2, data_dir, Clock::system(), |_| {});
    let admin = on_both(&server, "alice");
    // Some of those that wait may be writing something else, in the background.
    for _ in 0..5 {
        let invite: CreatedInvite = admin[0].post("/v1/invites", &json!({})).expect(201).json();
        let delete = |admin: &Client| admin.delete(&format!("/v1/invites/{}", invite.id)).status;
        database.number("BEGIN; SELECT 0 FROM (SELECT pg_advisory_xact_lock(124748992872449)) AS locked");
        let mut statuses = thread::scope(|scope| {
            let deleting = admin.each_ref().map(|admin| scope.spawn(|| delete(admin)));
            eventually("both nodes wait for the lock on writing", || (database.number(WAITING) == 2).then_some(()));
            database.number("COMMIT; SELECT 0");
            deleting.map(|deleting| deleting.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404]);
    }
}

#[test]
fn a_node_that_a_restored_database_does_not_know_keeps_its_number() {
    needs_postgres!();
    let server = two();
    let database = server.data_dir.database();
    let number = database.number("SELECT max(id) FROM nodes");
    database.change(&format!("DELETE FROM nodes WHERE id = {number}; SELECT setval('nodes_id_seq', {number} - 1)"));
    database.end_other_connections();
    let is_known = format!("SELECT count(*) FROM nodes WHERE id = {number}");
    eventually("it has registered again", || (database.number(&is_known) == 1).then_some(()));
    let third = Node::start(server.data_dir.config_of_node(3));
    assert_eq!(database.number("SELECT max(id) FROM nodes"), number + 1);
    third.stop();
}

#[test]
fn tables_of_the_first_version_are_brought_up_to_date() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let database = data_dir.database();
    database.change("ALTER TABLE nodes DROP COLUMN token; UPDATE schema_version SET version = 1");
    let server = TestServer::start_nodes(2, data_dir, Clock::system(), |_| {});
    let alice = server.user("alice");
    alice.count_to(alice.create_room("lobby"), 3);
    assert_eq!(database.number("SELECT count(token) FROM nodes"), 2);
    assert!(database.number("SELECT version FROM schema_version") > 1);
}
