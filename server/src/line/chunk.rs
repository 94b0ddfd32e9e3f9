//! Whole frames that belong together, encoded once for everyone who gets them.

use bytes::Bytes;

/// How a body without a length is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// In chunks (RFC 9112 section 7.1).
    Chunked,
    /// By the end of the connection, for HTTP/1.0.
    Plain,
}

/// Frames on their way to many lines, which share the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// In the chunked coding.
    coded: Bytes,
    /// Where the frames begin in it, and where they end.
    content: (u32, u32),
    frames: u32,
}

impl Chunk {
    /// So many frames, which count against the bound of a line.
    pub(crate) fn new(content: &[u8], frames: usize) -> Self {
        let mut coded = format!("{:x}\r\n", content.len()).into_bytes();
        let begin = coded.len();
        coded.reserve_exact(content.len() + 2);
        coded.extend_from_slice(content);
        coded.extend_from_slice(b"\r\n");
        Self { content: (place(begin), place(begin + content.len())), coded: coded.into(), frames: count(frames) }
    }

    /// What a stream has to say for itself: no bound counts it.
    pub(crate) fn own(content: &[u8]) -> Self {
        Self::new(content, 0)
    }

    /// What comes before the body.
    pub(crate) fn head(bytes: Bytes) -> Self {
        Self { content: (0, place(bytes.len())), coded: bytes, frames: 0 }
    }

    /// The end of the body.
    pub(super) fn end() -> Self {
        Self { coded: Bytes::from_static(b"0\r\n\r\n"), content: (0, 0), frames: 0 }
    }

    pub(super) fn frames(&self) -> usize {
        self.frames as usize
    }

    /// The bytes as they go over the wire.
    pub(super) fn wire(&self, coding: Coding) -> &[u8] {
        match coding {
            Coding::Chunked => &self.coded,
            Coding::Plain => &self.coded[self.content.0 as usize..self.content.1 as usize],
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
    fn a_chunk_has_its_length_before_it_unless_the_connection_ends_it() {
        let chunk = Chunk::new(b"data: seventeen\n\n", 1);
        assert_eq!(chunk.wire(Coding::Chunked), b"11\r\ndata: seventeen\n\n\r\n");
        assert_eq!(chunk.wire(Coding::Plain), b"data: seventeen\n\n");
        assert_eq!(Chunk::end().wire(Coding::Chunked), b"0\r\n\r\n");
        assert_eq!(Chunk::end().wire(Coding::Plain), b"");
    }
}
