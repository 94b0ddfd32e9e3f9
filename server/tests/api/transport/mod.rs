//! The transport: TLS and plain HTTP on one port, the key by which clients recognise the server, and who may use plain
//! HTTP.

mod handshake;
mod identity;
mod plaintext;
mod streams;
