//! Typed access to a table of the config file. Each accessor records an error with its line and continues.
//!
//! Knows TOML and line numbers. It must not know any setting.

use std::{cell::RefCell, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Setting, Source, error::hint};

/// Most errors that are reported for a file.
pub(super) const FAULTS_MAX: usize = 20;

/// The file being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    /// The wrong lines, from 1, and why, in the order of discovery; at most one more than are reported.
    pub(super) faults: &'a RefCell<Vec<(usize, String)>>,
}

impl<'a> Page<'a> {
    /// Parses the file as far as it is valid TOML.
    pub(super) fn parse(self) -> Spanned<DeTable<'a>> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            self.wrong(&error.span().unwrap_or_default(), what);
        }
        root
    }

    fn line(self, span: &Range<usize>) -> usize {
        1 + self.text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()
    }

    fn wrong(self, span: &Range<usize>, what: impl Into<String>) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() <= FAULTS_MAX {
            faults.push((self.line(span), what.into()));
        }
    }
}

/// A table of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    page: Page<'a>,
    /// The prefix of its keys: empty, or ending with a dot.
    path: &'a str,
    entries: &'a DeTable<'a>,
}

/// A key with its value, both as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    page: Page<'a>,
    pub(super) key: &'a str,
    span: &'a Spanned<DeValue<'a>>,
    key_at: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(page: Page<'a>, path: &'a str, entries: &'a DeTable<'a>) -> Self {
        Self { page, path, entries }
    }

    /// Reports every key that is not in `known`.
    pub(super) fn only(self, known: &[&str]) {
        for entry in self.entries().filter(|entry| !known.contains(&entry.key)) {
            let name = format!("{}{}", self.path, entry.key);
            entry.misnamed::<()>(format!("unknown setting {name:?}{}", hint(entry.key, known.iter().copied())));
        }
    }

    /// The entries in the order of the file.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        let page = self.page;
        let entry = move |(key, span): (&'a Spanned<_>, _)| {
            let name: &std::borrow::Cow<'a, str> = key.get_ref();
            Entry { page, key: name, span, key_at: key.span().start }
        };
        let mut entries: Vec<_> = self.entries.iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key_at);
        entries.into_iter()
    }

    pub(super) fn entry(self, key: &str) -> Option<Entry<'a>> {
        self.entries().find(|entry| entry.key == key)
    }

    /// The text of this key, if there is one and `check` accepts it.
    pub(super) fn text<T>(self, key: &str, check: impl Fn(&str) -> Result<T, String>) -> Option<Setting<T>> {
        self.entry(key)?.text(check)
    }
}

impl<'a> Entry<'a> {
    pub(super) fn source(self) -> Source {
        Source::Line(self.page.line(&self.span.span()))
    }

    /// Reports a wrong value; returns `None`.
    pub(super) fn wrong<T>(self, what: impl Into<String>) -> Option<T> {
        self.page.wrong(&self.span.span(), what);
        None
    }

    /// Reports a wrong key; returns `None`.
    pub(super) fn misnamed<T>(self, what: impl Into<String>) -> Option<T> {
        self.page.wrong(&(self.key_at..self.key_at), what);
        None
    }

    /// The value as a text that `check` accepts.
    pub(super) fn text<T>(self, check: impl Fn(&str) -> Result<T, String>) -> Option<Setting<T>> {
        let DeValue::String(text) = self.span.get_ref() else { return self.other("a string in quotes") };
        let value = check(text).map_or_else(|why| self.wrong(format!("{}: {why}", self.key)), Some)?;
        Some(Setting { value, from: self.source() })
    }

    /// The value as a boolean.
    pub(super) fn flag(self) -> Option<Setting<bool>> {
        let value = self.span.get_ref().as_bool().or_else(|| self.other("true or false"))?;
        Some(Setting { value, from: self.source() })
    }

    /// The value as a list of strings.
    pub(super) fn texts(self) -> Option<Setting<Vec<String>>> {
        let texts = self.span.get_ref().as_array().and_then(|all| {
            all.iter().map(|one| one.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let value = texts.or_else(|| self.other("a list of strings"))?;
        Some(Setting { value, from: self.source() })
    }

    /// The value as a table; `path` is the prefix of its keys.
    pub(super) fn table(self, path: &'a str) -> Option<Table<'a>> {
        match self.span.get_ref() {
            DeValue::Table(entries) => Some(Table::new(self.page, path, entries)),
            _ => self.other("a table"),
        }
    }

    fn other<T>(self, wanted: &str) -> Option<T> {
        self.wrong(format!("{} takes {wanted}, not a value of type {}", self.key, self.span.get_ref().type_str()))
    }
}
