//! Restores a backup into an empty data directory. The files get their names when all of them are complete, the database
//! last: a server starts neither with a part of them nor with the key alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{
    BackupError, Watch,
    error::unusable,
    manifest::Manifest,
    reading::{Sink, read},
};
use crate::{
    data_dir::{DATABASE, DataDir},
    store,
};

/// Where the files are while they are incomplete.
const UNFINISHED: &str = ".restore";
/// What a data directory may hold and still counts as empty.
const NOTHING: [&str; 3] = [UNFINISHED, "lock", "lost+found"];

/// Restores a backup. The directory is created if it is missing, and locked meanwhile.
///
/// # Errors
/// The directory is not empty, or the backup is damaged. The directory is then as it was before.
pub fn restore(file: &Path, data_dir: &Path, watch: Watch<'_>) -> Result<Manifest, BackupError> {
    let existed = require_empty(data_dir)?;
    File::open(file).map_err(unusable(file))?; // before anything is created
    let lock = DataDir::open(data_dir).map_err(|error| BackupError::Database(error.to_string()))?;
    require_empty(data_dir)?; // nobody was faster
    let restored = unpack(file, data_dir, watch);
    if restored.is_err() {
        let _ = fs::remove_dir_all(data_dir.join(UNFINISHED));
        let _ = fs::remove_file(data_dir.join("lock"));
    }
    drop(lock);
    if restored.is_err() && !existed {
        let _ = fs::remove_dir(data_dir);
    }
    restored
}

/// Returns whether the directory exists.
fn require_empty(data_dir: &Path) -> Result<bool, BackupError> {
    let entries = match fs::read_dir(data_dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        entries => entries.map_err(unusable(data_dir))?,
    };
    for entry in entries {
        let name = entry.map_err(unusable(data_dir))?.file_name();
        if !NOTHING.iter().any(|nothing| name == *nothing) {
            return Err(BackupError::NotEmpty(data_dir.to_owned()));
        }
    }
    Ok(true)
}

fn unpack(file: &Path, data_dir: &Path, watch: Watch<'_>) -> Result<Manifest, BackupError> {
    let unfinished = data_dir.join(UNFINISHED);
    let unusable = unusable(&unfinished);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(error)),
        _ => {}
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&unfinished).map_err(&unusable)?;
    let mut files = Files { folder: unfinished.clone(), current: None };
    let manifest = read(file, &mut files, watch)?;
    files.close()?;
    store::prepare_restored(&unfinished.join(DATABASE))?;
    hand_over(data_dir, &unfinished)?;
    let (database, secrets): (Vec<_>, Vec<_>) = manifest.files.iter().partition(|file| file.name == DATABASE);
    for file in secrets.into_iter().chain(database) {
        fs::rename(unfinished.join(&file.name), data_dir.join(&file.name)).map_err(&unusable)?;
    }
    fs::remove_dir_all(&unfinished).map_err(&unusable)?;
    #[cfg(unix)]
    File::open(data_dir).and_then(|directory| directory.sync_all()).map_err(&unusable)?;
    Ok(manifest)
}

/// Gives the files to the owner of the data directory: root may restore for a server that runs as another user.
fn hand_over(data_dir: &Path, unfinished: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let owner = fs::metadata(data_dir).map_err(unusable(data_dir))?;
        let own = fs::metadata(unfinished).map_err(unusable(unfinished))?;
        if owner.uid() != own.uid() {
            let entries = fs::read_dir(unfinished).map_err(unusable(unfinished))?;
            let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
            let lock = data_dir.join("lock");
            for path in paths.map_err(unusable(unfinished))?.iter().chain([&lock]) {
                chown(path, Some(owner.uid()), Some(owner.gid())).map_err(unusable(path))?;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (data_dir, unfinished);
    Ok(())
}

/// Writes the files into a folder.
struct Files {
    folder: PathBuf,
    current: Option<(File, PathBuf)>,
}

impl Files {
    fn close(&mut self) -> Result<(), BackupError> {
        match self.current.take() {
            Some((file, path)) => file.sync_all().map_err(unusable(&path)),
            None => Ok(()),
        }
    }
}

impl Sink for Files {
    fn begin(&mut self, name: &str) -> Result<(), BackupError> {
        self.close()?;
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        self.current = Some((options.open(&path).map_err(unusable(&path))?, path));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let (file, path) = self.current.as_mut().expect("a file has begun before its bytes come");
        file.write_all(bytes).map_err(unusable(path))
    }
}
