//! Plain HTTP: for this machine and for trusted proxies. From elsewhere the server refuses it and acts on nothing.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use serde_json::json;

use crate::harness::{Answer, Client, Connection, DataDir, Process, TestServer, Tunnel, needs_one_node};

/// An address of this machine that others can reach. Nothing is sent to find it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    if ip.is_loopback() || ip.is_unspecified() { None } else { Some(ip) }
}

/// A server that others can reach, and its address as they use it. `None` on a machine without a network.
fn reachable_server(data_dir: &DataDir, flags: &[&str]) -> Option<(Process, SocketAddr)> {
    let Some(own) = own_address() else {
        println!("this machine has no address that others can reach");
        return None;
    };
    let mut command = Process::command_on(&data_dir.path());
    command.args(["--listen", "0.0.0.0:0"]).args(flags);
    let server = Process::run(command);
    let address = (own, server.address.port()).into();
    Some((server, address))
}

fn local(server: &Process) -> SocketAddr {
    ([127, 0, 0, 1], server.address.port()).into()
}

/// Sends a request with these header lines.
fn ask(address: SocketAddr, request_line: &str, lines: &str) -> Answer {
    let mut connection = Connection::open(address);
    connection.send(format!("{request_line} HTTP/1.1\r\nHost: quchat\r\n{lines}\r\n"));
    if request_line.starts_with("HEAD") { connection.answer_to_head() } else { connection.answer() }
}

#[test]
fn plain_http_from_elsewhere_is_refused_and_nothing_is_done() {
    let data_dir = DataDir::new();
    let Some((server, remote)) = reachable_server(&data_dir, &[]) else { return };
    let nobody = Client::anonymous(remote);
    let problem = nobody.post("/v1/users", &json!({"name": "alice", "password": "correct horse"}));
    let problem = problem.problem(403, "plaintext");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("update") && detail.contains("https://") && detail.contains("--plaintext"), "{detail}");
    let alice = Client::register(local(&server), "alice"); // the name is free

    let with_token = format!("Authorization: Bearer {}\r\n", alice.session().token);
    for request_line in
        ["GET /v1/users/me", "DELETE /v1/sessions/current", "GET /v1/events", "GET /v1/server", "GET /x"]
    {
        for lines in [&*with_token, "Authorization: Bearer nonsense\r\n", "X-Forwarded-Proto: https\r\n", ""] {
            ask(remote, request_line, lines).problem(403, "plaintext");
        }
    }
    ask(remote, "POST /", "Content-Length: 0\r\n").problem(403, "plaintext");
    let mut unfinished = Connection::open(remote);
    unfinished.send("POST /v1/sessions HTTP/1.1\r\nHost: quchat\r\nContent-Type: application/json\r\n");
    unfinished.send("Content-Length: 60000\r\n\r\n{\"name\":");
    unfinished.answer().problem(403, "plaintext"); // without waiting for the rest
    alice.get("/v1/users/me").expect(200);
}

#[test]
fn everybody_may_read_the_front_page_and_the_health_check() {
    let data_dir = DataDir::new();
    let Some((server, remote)) = reachable_server(&data_dir, &["--name", "LAN party"]) else { return };
    for address in [remote, local(&server)] {
        let page = ask(address, "GET /", "").expect(200);
        assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
        let text = page.text();
        assert!(text.starts_with("LAN party\n") && text.contains("quchat --server"), "{text}");
        assert_eq!(ask(address, "GET /healthz", "").expect(200).text(), "ok");
        ask(address, "HEAD /", "").expect(200);
    }
    let refused = ask(local(&server), "POST /", "Content-Length: 0\r\n");
    refused.problem(405, "method_not_allowed");
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
}

#[test]
fn tls_and_the_plaintext_flag_open_everything() {
    let (data_dir, other) = (DataDir::new(), DataDir::new());
    let Some((_server, remote)) = reachable_server(&data_dir, &[]) else { return };
    let alice = Client::register(Tunnel::to(remote).address, "alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    alice.send_message(room, "hello");
    stream.until_message(room, quchat_shared::Seq(1));
    let (_server, remote) = reachable_server(&other, &["--plaintext"]).unwrap();
    Client::register(remote, "bob").get("/v1/users/me").expect(200);
}

#[test]
fn a_plain_request_that_was_forwarded_is_remote_even_from_this_machine() {
    let server = TestServer::start();
    for field in
        ["Forwarded: for=127.0.0.1;proto=https", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: chat.example"]
    {
        ask(server.address, "GET /v1/server", &format!("{field}\r\n")).problem(403, "plaintext");
        ask(Tunnel::to(server.address).address, "GET /v1/server", &format!("{field}\r\n")).expect(200);
    }
}

#[test]
fn a_trusted_proxy_is_believed() {
    let server = TestServer::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    for (fields, status) in [
        ("Forwarded: for=198.51.100.9;proto=https", 200),
        ("X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https", 200),
        ("Forwarded: for=198.51.100.9;proto=http", 403),
        ("X-Forwarded-For: 198.51.100.9", 403),
        ("Accept: */*", 200),
    ] {
        for address in [server.address, Tunnel::to(server.address).address] {
            assert_eq!(ask(address, "GET /v1/server", &format!("{fields}\r\n")).status, status, "{fields}");
        }
    }
}

#[test]
fn wrong_passwords_count_for_the_client_and_not_for_its_proxy() {
    needs_one_node!("each node counts for itself");
    let server = TestServer::start_with(|config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.wrong_passwords = 1;
    });
    let body = json!({"name": "alice", "password": "wrong password"}).to_string();
    let sign_in = |client: &str| {
        let mut connection = Connection::open(server.address);
        let length = body.len();
        connection.send(format!(
            "POST /v1/sessions HTTP/1.1\r\nHost: quchat\r\nForwarded: for={client};proto=https\r\nContent-Type: \
             application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        connection.answer()
    };
    sign_in("198.51.100.9").problem(401, "unauthenticated");
    sign_in("198.51.100.9").problem(429, "rate_limited");
    sign_in("\"198.51.100.9:80\"").problem(429, "rate_limited");
    sign_in("198.51.100.10").problem(401, "unauthenticated");
    sign_in("127.0.0.1, for=198.51.100.10").problem(429, "rate_limited");
}
