//! A chunk: complete frames that are sent together, encoded once for all streams that get them.

use std::sync::Arc;

use crate::budget::{Budget, Charge, Full};

/// How a body without a length is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// In chunks (RFC 9112 section 7.1).
    Chunked,
    /// By the end of the connection, for HTTP/1.0.
    Plain,
}

/// Frames for many streams, which share the bytes.
#[derive(Clone)]
pub(crate) struct Chunk(Arc<Content>);

struct Content {
    /// The bytes in chunked coding.
    coded: Vec<u8>,
    /// The range of the frames within `coded`.
    frames_at: (u32, u32),
    frames: u32,
    charged: Charged,
}

/// Whether the budget counts the bytes of a chunk.
enum Charged {
    /// Yes, until the chunk is dropped.
    Yes { _charge: Charge },
    /// The budget is full. Only streams that can write the chunk at once get it.
    Full,
    /// No. A stream has only a few such bytes.
    No,
}

impl Chunk {
    /// A chunk with this many frames. They count against the bound of a stream and are charged to the budget. If the
    /// budget is full, the chunk must not wait in a queue.
    pub(crate) fn new(budget: &Budget, content: &[u8], frames: usize) -> Self {
        Self::charged(budget, content, frames).unwrap_or_else(|Full| Self::coded(content, frames, Charged::Full))
    }

    /// A page of a replay. It is charged to the budget, but does not count against the bound of a stream.
    ///
    /// # Errors
    /// The budget is full.
    pub(crate) fn page(budget: &Budget, content: &[u8]) -> Result<Self, Full> {
        Self::charged(budget, content, 0)
    }

    /// A few bytes that belong to one stream, such as `hello` or `bye`. No bound counts them.
    pub(crate) fn own(content: &[u8]) -> Self {
        Self::coded(content, 0, Charged::No)
    }

    /// The head of the response.
    pub(crate) fn head(bytes: Vec<u8>) -> Self {
        let frames_at = (0, place(bytes.len()));
        Self(Arc::new(Content { coded: bytes, frames_at, frames: 0, charged: Charged::No }))
    }

    /// The end of the response body.
    pub(super) fn end() -> Self {
        let coded = b"0\r\n\r\n".to_vec();
        Self(Arc::new(Content { coded, frames_at: (0, 0), frames: 0, charged: Charged::No }))
    }

    fn charged(budget: &Budget, content: &[u8], frames: usize) -> Result<Self, Full> {
        let charge = budget.charge_shared(content.len())?;
        Ok(Self::coded(content, frames, Charged::Yes { _charge: charge }))
    }

    fn coded(content: &[u8], frames: usize, charged: Charged) -> Self {
        let mut coded = format!("{:x}\r\n", content.len()).into_bytes();
        let begin = coded.len();
        coded.reserve_exact(content.len() + 2);
        coded.extend_from_slice(content);
        coded.extend_from_slice(b"\r\n");
        let frames_at = (place(begin), place(begin + content.len()));
        Self(Arc::new(Content { coded, frames_at, frames: count(frames), charged }))
    }

    pub(super) fn frames(&self) -> u32 {
        self.0.frames
    }

    /// Whether dropping the chunk frees bytes of the budget.
    pub(super) fn is_charged(&self) -> bool {
        matches!(self.0.charged, Charged::Yes { .. })
    }

    /// Whether the chunk may wait in a queue: the budget had room for it.
    pub(crate) fn may_wait(&self) -> bool {
        !matches!(self.0.charged, Charged::Full)
    }

    /// The bytes as they are sent.
    pub(super) fn wire(&self, coding: Coding) -> &[u8] {
        let Content { coded, frames_at: (begin, end), .. } = &*self.0;
        match coding {
            Coding::Chunked => coded,
            Coding::Plain => &coded[*begin as usize..*end as usize],
        }
    }
}

fn place(n: usize) -> u32 {
    u32::try_from(n).expect("pages and batches are far below 4 GiB")
}

fn count(frames: usize) -> u32 {
    u32::try_from(frames).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_begins_with_its_length_only_in_chunked_coding() {
        let chunk = Chunk::new(&Budget::new(100), b"data: seventeen\n\n", 1);
        assert_eq!(chunk.wire(Coding::Chunked), b"11\r\ndata: seventeen\n\n\r\n");
        assert_eq!(chunk.wire(Coding::Plain), b"data: seventeen\n\n");
        assert_eq!(Chunk::end().wire(Coding::Chunked), b"0\r\n\r\n");
        assert_eq!(Chunk::end().wire(Coding::Plain), b"");
    }
}
