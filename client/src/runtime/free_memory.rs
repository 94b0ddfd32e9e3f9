//! Returns free memory to the system; glibc's allocator would keep it.

/// Runs on its own thread: it takes some milliseconds, and nothing waits for it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn return_free_memory() {
    let trim = || glibc::malloc_trim(0);
    std::thread::Builder::new().name("memory".into()).spawn(trim).ok(); // if this fails, the memory is merely kept
}

/// Other allocators return memory themselves, or cannot.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn return_free_memory() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "measured by `bench client`: after a room of 100,000 messages is closed, glibc keeps all 42 MiB, \
              because memory still in use lies above them"
)]
mod glibc {
    // SAFETY: the declaration matches malloc.h; any argument is allowed, and it may be called from any thread.
    unsafe extern "C" {
        pub(super) safe fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
}
