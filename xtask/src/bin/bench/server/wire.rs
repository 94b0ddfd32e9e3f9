//! The client side of HTTP/1.1 as far as the bench needs it: encodes requests and finds the end of answers. It knows
//! no socket.

use std::ops::Range;

use memchr::memmem;

/// Digits of a counter inside an encoded request or chunk.
pub(super) const DIGITS: usize = 10;

/// Encodes a request. `headers` are complete lines; an empty `token` or `body` is left out.
pub(super) fn request(method: &str, target: &str, token: &str, headers: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: bench\r\n{headers}");
    if !token.is_empty() {
        text += &format!("authorization: Bearer {token}\r\n");
    }
    if !body.is_empty() {
        text += "content-type: application/json\r\n";
    }
    if method != "GET" {
        text += &format!("content-length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}

/// A complete answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// 0 if the status line cannot be read.
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

/// The answer at the start of `bytes`; `None` while it is incomplete.
pub(super) fn answer(bytes: &[u8]) -> Option<Answer<'_>> {
    let head = memmem::find(bytes, b"\r\n\r\n")? + 4;
    let spellings = [b"content-length: ", b"Content-Length: "];
    let named = spellings.iter().find_map(|name| memmem::find(&bytes[..head], *name).map(|at| at + name.len()));
    let length = named.and_then(|at| number(&bytes[at..head])).and_then(|length| usize::try_from(length).ok());
    let body = bytes[head..].get(..length.unwrap_or(0))?;
    Some(Answer { status: status(bytes), body })
}

/// The status of an answer; 0 if it has none.
pub(super) fn status(bytes: &[u8]) -> u16 {
    let digits = bytes.strip_prefix(b"HTTP/1.1 ").and_then(number);
    digits.and_then(|status| u16::try_from(status).ok()).unwrap_or(0)
}

/// The number at the start of `bytes`.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    let mut number = None;
    for digit in digits {
        let so_far: u64 = number.unwrap_or(0);
        number = Some(so_far.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    number
}

/// The position of the counter after `mark`.
pub(super) fn counter(bytes: &[u8], mark: &[u8]) -> Option<Range<usize>> {
    let start = memmem::find(bytes, mark)? + mark.len();
    (start + DIGITS <= bytes.len()).then_some(start..start + DIGITS)
}

/// Writes `number` into a counter, with leading zeros.
pub(super) fn set_counter(counter: &mut [u8], mut number: u64) {
    for digit in counter.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_at_its_content_length() {
        let bytes = b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nbodyHTTP/1.1 200";
        assert_eq!(answer(bytes), Some(Answer { status: 201, body: b"body" }));
        assert_eq!(answer(&bytes[..46]), None);
        assert_eq!(answer(b"HTTP/1.1 204 No Content\r\n\r\n"), Some(Answer { status: 204, body: b"" }));
        assert_eq!(answer(b"HTTP/1.1 204 No Content\r\n"), None);
    }

    #[test]
    fn a_counter_is_found_and_set_in_place() {
        let mut bytes = b"\"txn\":\"a-0000000000\"".to_vec();
        let place = counter(&bytes, b"\"a-").unwrap();
        set_counter(&mut bytes[place], 1234);
        assert_eq!(bytes, b"\"txn\":\"a-0000001234\"");
    }
}
