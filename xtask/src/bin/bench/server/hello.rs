//! A ClientHello of TLS 1.3 (RFC 8446 section 4.1.2), as any client sends it. A server that gets it agrees on a key and
//! signs with its own. The bench never answers, so it needs no cryptography.

/// One handshake record with the message.
pub(super) fn client_hello() -> Vec<u8> {
    let extensions = [
        extension(0, &list16(&[&[0], &*list16(b"localhost")].concat())), // server_name
        extension(10, &list16(&[0, 0x1d, 0, 0x17])),                     // supported_groups: x25519, secp256r1
        extension(13, &list16(&[4, 3, 8, 4, 8, 7])), // signature_algorithms: ecdsa_secp256r1_sha256, rsa_pss, ed25519
        extension(43, &[2, 3, 4]),                   // supported_versions: TLS 1.3
        extension(51, &list16(&[&[0, 0x1d], &*list16(&[9; 32])].concat())), // key_share: any 32 bytes are a point
    ]
    .concat();
    let body = [
        &[3, 3][..],
        &[7; 32], // random
        &[0],     // no session
        &list16(&[0x13, 1, 0x13, 2, 0x13, 3]),
        &[1, 0], // no compression
        &list16(&extensions),
    ]
    .concat();
    let message = [&[1, 0][..], &list16(&body)].concat();
    [&[0x16, 3, 1][..], &list16(&message)].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &list16(content)].concat()
}

/// Bytes after their length in two bytes.
fn list16(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a ClientHello is short");
    [&length.to_be_bytes()[..], content].concat()
}
