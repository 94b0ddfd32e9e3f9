//! Server-sent events (WHATWG HTML, "Server-sent events"): an encoder, and a decoder that accepts the bytes in chunks of
//! any size.

use std::{collections::VecDeque, fmt, sync::Arc};

/// One decoded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The `event:` field, `message` if there was none.
    pub event: String,
    /// The `data:` lines, joined by newlines.
    pub data: String,
    /// The last event id of the stream up to this frame.
    pub id: Arc<str>,
}

/// Appends one event. `id` and `event` hold no line breaks; `data` may.
pub fn encode(id: Option<&str>, event: Option<&str>, data: &str, out: &mut Vec<u8>) {
    let mut field = |name: &str, value: &str| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    };
    if let Some(id) = id {
        field("id", id);
    }
    if let Some(event) = event {
        field("event", event);
    }
    for line in data.split('\n') {
        field("data", line);
    }
    out.push(b'\n');
}

/// Maximum size of one event, in bytes.
pub const EVENT_MAX: usize = 1024 * 1024;

/// An event is larger than [`EVENT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event of more than {EVENT_MAX} bytes")
    }
}

impl std::error::Error for TooLong {}

/// Decodes a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    /// The previous byte was CR: an LF just after it belongs to the same line end.
    after_cr: bool,
    /// Too late for a byte order mark.
    begun: bool,
    event: String,
    data: String,
    id: Arc<str>,
    /// The `id:` of the current block. It takes effect once the block is complete.
    next_id: Option<Arc<str>>,
    retry: Option<u64>,
    frames: VecDeque<Frame>,
}

impl Decoder {
    /// Decodes the next bytes of the stream.
    ///
    /// # Errors
    /// An event is larger than [`EVENT_MAX`]. The decoder cannot continue.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), TooLong> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.data.len() + part.len() > EVENT_MAX {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            bytes = rest;
            if let Some((&line_end, rest)) = bytes.split_first() {
                self.after_cr = line_end == b'\r';
                bytes = rest;
                let line = std::mem::take(&mut self.line);
                self.take_line(&line);
                self.line = line; // keeps its allocation
                self.line.clear();
            }
        }
        Ok(())
    }

    /// Takes the next complete event.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// The id to resume from: that of the last complete block, whether or not it held an event.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.id
    }

    /// The reconnection time the server asked for, in milliseconds.
    #[must_use]
    pub fn retry_millis(&self) -> Option<u64> {
        self.retry
    }

    fn take_line(&mut self, line: &[u8]) {
        let line = match line.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if !self.begun => rest,
            _ => line,
        };
        self.begun = true;
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.next_id = Some(value.into()),
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                self.retry = value.parse().ok().or(self.retry);
            }
            _ => {} // a comment (an empty name) or a field of a later version
        }
    }

    fn dispatch(&mut self) {
        if let Some(id) = self.next_id.take() {
            self.id = id;
        }
        let (mut event, mut data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        if data.pop().is_none() {
            return; // no data field: nothing to dispatch, but the id counts
        }
        if event.is_empty() {
            event.push_str("message");
        }
        self.frames.push_back(Frame { event, data, id: Arc::clone(&self.id) });
    }
}

#[cfg(test)]
mod tests;
