//! argon2id alone, with the server's parameters: 19 MiB, two passes.

use std::{
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::super::Result;

/// Password hashes per second on `cores` cores, measured for `time`.
pub(in super::super) fn hashes_per_second(cores: usize, time: Duration) -> Result<f64> {
    let begin = Instant::now();
    let threads: Vec<_> = (0..cores).map(|_| thread::spawn(move || hash_until(begin + time))).collect();
    let mut hashes = 0;
    for thread in threads {
        hashes += thread.join().map_err(|_| "a hashing thread panicked")??;
    }
    Ok(f64::from(hashes) / begin.elapsed().as_secs_f64())
}

fn hash_until(end: Instant) -> Result<u32> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hashes, mut out, mut memory) = (0, [0; 32], vec![Block::new(); argon2.params().block_count()]);
    while Instant::now() < end {
        let hashed =
            argon2.hash_password_into_with_memory(b"correct horse battery", b"sixteen of salt.", &mut out, &mut memory);
        hashed.map_err(|error| error.to_string())?;
        hashes += 1;
    }
    Ok(hashes)
}
