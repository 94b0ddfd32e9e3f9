//! `GET /v1/server` and `GET /healthz`: the routes that need no token.

use std::time::Duration;

use serde_json::json;

use crate::harness::{TestServer, keys};

#[test]
fn anyone_can_read_name_version_and_limits() {
    let server = TestServer::start_with(|config| {
        config.name = "the living room".to_owned();
        config.heartbeat = Duration::from_secs(7);
        config.max_private_rooms_per_user = 7;
    });
    let info = server.anonymous().get("/v1/server").expect(200).value();
    assert_eq!(keys(&info), ["heartbeat_seconds", "limits", "name", "registration", "version"]);
    assert_eq!(info["name"], "the living room");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["heartbeat_seconds"], 7);
    assert_eq!(info["registration"], "open");
    let limits = json!({
        "user_name": 32, "room_name": 64, "topic": 256, "password_min": 8, "password_max": 256,
        "text": 4000, "txn": 64, "body": 65536, "page": 200,
        "rooms_per_user": 200, "rooms": 5000, "private_rooms_per_user": 7, "streams_per_user": 64,
    });
    assert_eq!(info["limits"], limits);
}

#[test]
fn a_healthy_server_answers_only_ok() {
    let server = TestServer::start();
    assert_eq!(server.anonymous().get("/healthz").expect(200).text().trim_end(), "ok");
}

#[test]
fn the_default_heartbeat_is_fifteen_seconds() {
    let server = TestServer::start();
    assert_eq!(server.anonymous().get("/v1/server").value()["heartbeat_seconds"], 15);
}
