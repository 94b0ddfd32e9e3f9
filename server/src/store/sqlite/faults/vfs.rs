//! A file system for SQLite that fails on demand, in front of the real one.
//!
//! It becomes the default of this test process, so that the store opens its files through it without knowing. Only
//! files below a directory with a [`Plan`] are concerned.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Once, OnceLock},
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

/// The calls to a file system that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Open,
    Read,
    Write,
    Sync,
    Truncate,
    FileSize,
    Lock,
    ShmMap,
    ShmLock,
    Access,
    Delete,
}

impl Call {
    pub(super) const ALL: [Self; 11] = [
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Sync,
        Self::Truncate,
        Self::FileSize,
        Self::Lock,
        Self::ShmMap,
        Self::ShmLock,
        Self::Access,
        Self::Delete,
    ];
}

/// Which calls fail after the first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    Nothing,
    /// All calls of its kind.
    Kind,
    /// All calls: the file system is gone.
    Everything,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) call: Call,
    /// Counted from 1, from [`Plan::arm`] on.
    pub(super) nth: u64,
    pub(super) code: c_int,
    pub(super) spread: Spread,
}

/// The faults of one directory. Nothing fails before [`Plan::arm`].
#[derive(Default)]
pub(super) struct Plan(Mutex<State>);

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    counts: [u64; Call::ALL.len()],
    is_failing: bool,
}

static PLANS: Mutex<Vec<(PathBuf, Arc<Plan>)>> = Mutex::new(Vec::new());

impl Plan {
    /// A plan for all files below `directory` that are opened from now on.
    pub(super) fn on(directory: &Path) -> Arc<Self> {
        static REGISTERED: Once = Once::new();
        REGISTERED.call_once(register);
        let plan = Arc::new(Self::default());
        PLANS.lock().unwrap().push((directory.to_owned(), Arc::clone(&plan)));
        plan
    }

    pub(super) fn arm(&self, fault: Option<Fault>) {
        *self.0.lock().unwrap() = State { fault, ..State::default() };
    }

    /// How often each of [`Call::ALL`] was made since [`Plan::arm`].
    pub(super) fn counts(&self) -> [u64; Call::ALL.len()] {
        self.0.lock().unwrap().counts
    }

    /// The code with which this call fails, if it does.
    fn verdict(&self, call: Call) -> Option<c_int> {
        let mut state = self.0.lock().unwrap();
        let count = &mut state.counts[call as usize];
        *count += 1;
        let (count, fault) = (*count, state.fault?);
        let is_it = fault.call == call && fault.nth == count;
        let follows = state.is_failing
            && match fault.spread {
                Spread::Nothing => false,
                Spread::Kind => fault.call == call,
                Spread::Everything => true,
            };
        state.is_failing |= is_it;
        (is_it || follows).then_some(fault.code)
    }
}

fn plan_of(name: *const c_char) -> Option<Arc<Plan>> {
    if name.is_null() {
        return None; // a temporary file
    }
    // SAFETY: SQLite passes names that end with NUL.
    let name = Path::new(unsafe { CStr::from_ptr(name) }.to_str().unwrap());
    let plans = PLANS.lock().unwrap();
    plans.iter().find(|(directory, _)| name.starts_with(directory)).map(|(_, plan)| Arc::clone(plan))
}

/// The open file as SQLite sees it. The real one follows in the same allocation.
#[repr(C)]
struct File {
    base: sqlite3_file,
    plan: *const Plan,
}

struct Real(*mut sqlite3_vfs);
// SAFETY: the pointer is to the system's file system, which SQLite itself shares between threads and never frees.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

fn real_vfs() -> *mut sqlite3_vfs {
    REAL.get().unwrap().0
}

fn register() {
    // SAFETY: the default file system exists once SQLite is initialised, and lives as long as the process; so does ours,
    // which is leaked. It differs from the real one in the size of a file and in four functions.
    unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        let ours = Box::leak(Box::new(*real));
        REAL.set(Real(real)).ok().unwrap();
        ours.szOsFile += c_int::try_from(mem::size_of::<File>()).unwrap();
        ours.zName = c"faults".as_ptr();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        ours.xAccess = Some(access);
        ours.xSleep = Some(sleep);
        assert_eq!(ffi::sqlite3_vfs_register(ours, 1), ffi::SQLITE_OK);
    }
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes for the file, enough for ours and the real one behind it.
    unsafe {
        let open = (*real_vfs()).xOpen.unwrap();
        let Some(plan) = plan_of(name) else { return open(real_vfs(), name, file, flags, out) };
        (*file).pMethods = std::ptr::null();
        if let Some(code) = plan.verdict(Call::Open) {
            return code;
        }
        let ours = file.cast::<File>();
        let code = open(real_vfs(), name, real(file), flags, out);
        if code == ffi::SQLITE_OK {
            (*ours).plan = Arc::into_raw(plan);
            (*ours).base.pMethods = &raw const METHODS;
        }
        code
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    if let Some(code) = plan_of(name).and_then(|plan| plan.verdict(Call::Delete)) {
        return code;
    }
    // SAFETY: passed on as it came.
    unsafe { (*real_vfs()).xDelete.unwrap()(real_vfs(), name, sync) }
}

unsafe extern "C" fn access(_: *mut sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    if let Some(code) = plan_of(name).and_then(|plan| plan.verdict(Call::Access)) {
        return code;
    }
    // SAFETY: passed on as it came.
    unsafe { (*real_vfs()).xAccess.unwrap()(real_vfs(), name, flags, out) }
}

/// Does not sleep, so that waiting for a lock takes no time. SQLite counts the sleeps itself.
unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    std::thread::yield_now();
    microseconds
}

/// The real file behind ours.
unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: both lie in one allocation, see `open`.
    unsafe { file.cast::<File>().add(1).cast() }
}

/// Fails if the plan says so, otherwise calls the method of the real file.
macro_rules! method {
    ($name:ident, $real:ident, $call:expr, $($argument:ident: $type:ty),*) => {
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $type),*) -> c_int {
            let call: Option<Call> = $call;
            // SAFETY: SQLite calls methods only on files that `open` has opened, which set the plan and the real file.
            unsafe {
                let failed = call.and_then(|call| (*(*file.cast::<File>()).plan).verdict(call));
                let real = real(file);
                failed.unwrap_or_else(|| (*(*real).pMethods).$real.unwrap()(real, $($argument),*))
            }
        }
    };
}

method!(read, xRead, Some(Call::Read), to: *mut c_void, amount: c_int, offset: i64);
method!(truncate, xTruncate, Some(Call::Truncate), size: i64);
method!(sync, xSync, Some(Call::Sync), flags: c_int);
method!(file_size, xFileSize, Some(Call::FileSize), size: *mut i64);
method!(lock, xLock, Some(Call::Lock), level: c_int);
method!(unlock, xUnlock, None, level: c_int);
method!(check_reserved_lock, xCheckReservedLock, None, out: *mut c_int);
method!(file_control, xFileControl, None, op: c_int, argument: *mut c_void);
method!(sector_size, xSectorSize, None,);
method!(device_characteristics, xDeviceCharacteristics, None,);
method!(shm_map, xShmMap, Some(Call::ShmMap), page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
method!(shm_unmap, xShmUnmap, None, delete: c_int);
// Releasing a lock never fails, because SQLite ignores the result.
method!(
    shm_lock,
    xShmLock,
    (flags & ffi::SQLITE_SHM_LOCK != 0).then_some(Call::ShmLock),
    offset: c_int,
    count: c_int,
    flags: c_int
);

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the plan was made a pointer in `open`, and a file is closed once.
    unsafe {
        drop(Arc::from_raw((*file.cast::<File>()).plan));
        let real = real(file);
        (*(*real).pMethods).xClose.unwrap()(real)
    }
}

/// A failed write has written half of the data, as a real disk may.
unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: as in `method`; half of what may be read may be read.
    unsafe {
        let failed = (*(*file.cast::<File>()).plan).verdict(Call::Write);
        let real = real(file);
        let write = (*(*real).pMethods).xWrite.unwrap();
        match failed {
            None => write(real, from, amount, offset),
            Some(code) => {
                write(real, from, amount / 2, offset);
                code
            }
        }
    }
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: as in `method`.
    unsafe {
        let real = real(file);
        (*(*real).pMethods).xShmBarrier.unwrap()(real);
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
