//! The tar format (POSIX ustar) as far as a backup needs it: regular files without directories. Any `tar` program can
//! unpack what is written here.

use std::io::{self, ErrorKind, Read, Write};

const BLOCK: usize = 512;
/// A larger file does not fit into the octal digits of its size; then the size is binary, as GNU tar writes it.
const OCTAL_MAX: u64 = 0o77_777_777_777;

/// Places of the fields in a header, as offset and length.
const NAME: (usize, usize) = (0, 100);
const MODE: (usize, usize) = (100, 8);
const SIZE: (usize, usize) = (124, 12);
const TIME: (usize, usize) = (136, 12);
const CHECKSUM: (usize, usize) = (148, 8);
const KIND: usize = 156;
const MAGIC: (usize, usize) = (257, 8);

/// Writes an archive. The length of a file is known before its bytes.
pub(super) struct Archive<W> {
    sink: W,
    /// Bytes that are missing to the end of the last block.
    padding: usize,
    seconds: u64,
}

impl<W: Write> Archive<W> {
    /// Every file gets this time of modification, in seconds since the epoch.
    pub(super) fn new(sink: W, seconds: u64) -> Self {
        Self { sink, padding: 0, seconds }
    }

    /// Begins a file, readable by its owner only. Exactly `len` bytes must be written to it.
    pub(super) fn begin(&mut self, name: &str, len: u64) -> io::Result<()> {
        self.pad()?;
        self.padding = usize::try_from((BLOCK as u64 - len % BLOCK as u64) % BLOCK as u64).unwrap_or(0);
        self.sink.write_all(&header(name, len, self.seconds))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)
    }

    /// Writes the end of the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.pad()?;
        self.sink.write_all(&[0; 2 * BLOCK])?;
        Ok(self.sink)
    }

    fn pad(&mut self) -> io::Result<()> {
        self.sink.write_all(&[0; BLOCK][..std::mem::take(&mut self.padding)])
    }
}

fn header(name: &str, len: u64, seconds: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut set = |(at, max): (usize, usize), bytes: &[u8]| {
        debug_assert!(bytes.len() <= max);
        header[at..at + bytes.len()].copy_from_slice(bytes);
    };
    set(NAME, name.as_bytes());
    set(MODE, b"0000600");
    if len <= OCTAL_MAX {
        set(SIZE, format!("{len:011o}").as_bytes());
    } else {
        let mut binary = [0; 12];
        binary[0] = 0x80;
        binary[4..].copy_from_slice(&len.to_be_bytes());
        set(SIZE, &binary);
    }
    set(TIME, format!("{:011o}", seconds.min(OCTAL_MAX)).as_bytes());
    set((KIND, 1), b"0");
    set(MAGIC, b"ustar\x0000");
    let sum = checksum(&header);
    header[CHECKSUM.0..CHECKSUM.0 + 7].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header[CHECKSUM.0 + 7] = b' ';
    header
}

/// The sum of all bytes, with spaces in place of the checksum.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let is_summed = |at: usize| !(CHECKSUM.0..CHECKSUM.0 + CHECKSUM.1).contains(&at);
    let sum = header.iter().enumerate().filter(|(at, _)| is_summed(*at)).map(|(_, byte)| u32::from(*byte)).sum::<u32>();
    sum + 8 * u32::from(b' ')
}

/// A file in an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) len: u64,
}

/// Reads an archive, file by file.
pub(super) struct Entries<R> {
    source: R,
    /// Bytes of the current file that have not been read, and those after it up to the next header.
    rest: u64,
    padding: u64,
}

impl<R: Read> Entries<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, rest: 0, padding: 0 }
    }

    /// Goes to the next file; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] if there is no header of a regular file, [`ErrorKind::UnexpectedEof`] if the archive
    /// ends too early.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        let skipped = self.rest + self.padding;
        if io::copy(&mut Read::by_ref(&mut self.source).take(skipped), &mut io::sink())? < skipped {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut block = [0; BLOCK];
        self.source.read_exact(&mut block)?;
        if block == [0; BLOCK] {
            return Ok(None);
        }
        let entry = parse(&block).ok_or(ErrorKind::InvalidData)?;
        self.rest = entry.len;
        self.padding = (BLOCK as u64 - entry.len % BLOCK as u64) % BLOCK as u64;
        Ok(Some(entry))
    }

    /// Reads some bytes of the current file; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.rest).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.source.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.rest -= read as u64;
        Ok(read)
    }
}

fn parse(block: &[u8; BLOCK]) -> Option<Entry> {
    let field = |(at, len): (usize, usize)| &block[at..at + len];
    if !field(MAGIC).starts_with(b"ustar") || u64::from(checksum(block)) != octal(field(CHECKSUM))? {
        return None;
    }
    if !matches!(block[KIND], b'0' | 0) {
        return None;
    }
    let name = field(NAME).split(|byte| *byte == 0).next()?;
    let size = field(SIZE);
    let len = match size[0] {
        0x80 => u64::from_be_bytes(size[4..].try_into().ok()?),
        _ => octal(size)?,
    };
    // Lengths near the maximum would overflow sums.
    (len <= u64::MAX / 4).then_some(Entry { name: str::from_utf8(name).ok()?.to_owned(), len })
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    u64::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Archive::new(Vec::new(), 1_000_000_000);
        for (name, bytes) in files {
            archive.begin(name, bytes.len() as u64).unwrap();
            archive.write(bytes).unwrap();
        }
        archive.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let (mut entries, mut files) = (Entries::new(bytes), Vec::new());
        while let Some(entry) = entries.next()? {
            let (mut content, mut buffer) = (Vec::new(), [0; 100]);
            loop {
                match entries.read(&mut buffer)? {
                    0 => break,
                    len => content.extend_from_slice(&buffer[..len]),
                }
            }
            files.push((entry.name, content));
        }
        Ok(files)
    }

    #[test]
    fn files_of_any_length_come_back_and_none_is_cut_silently() {
        let long = vec![7; 1500];
        let files: [(&str, &[u8]); 4] = [("empty", b""), ("short", b"abc"), ("block", &[1; 512]), ("long", &long)];
        let bytes = archive(&files);
        assert_eq!(bytes.len() % BLOCK, 0);
        let found = read(&bytes).unwrap();
        let expected = files.map(|(name, content)| (name.to_owned(), content.to_vec()));
        assert_eq!(found, expected);
        for len in 0..bytes.len() - BLOCK {
            assert!(read(&bytes[..len]).is_err(), "cut after {len} bytes");
        }
    }

    #[test]
    fn a_changed_header_is_noticed() {
        let mut bytes = archive(&[("name", b"abc")]);
        bytes[3] ^= 1;
        assert_eq!(read(&bytes).unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(read(&[5; 1024]).is_err());
    }

    #[test]
    fn a_file_of_more_than_8_gib_has_a_binary_size() {
        for len in [OCTAL_MAX, OCTAL_MAX + 1, 1 << 40] {
            let entry = parse(&header("large", len, 0)).unwrap();
            assert_eq!(entry, Entry { name: "large".into(), len });
        }
        assert_eq!(parse(&header("huge", u64::MAX, 0)), None);
    }
}
