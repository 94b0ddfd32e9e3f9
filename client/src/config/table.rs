//! A table of the file as it was written: typed looks into it, each of which can say which line is wrong.
//!
//! It knows TOML and lines, and no setting.

use std::{ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{ConfigError, Setting, Source, error::hint};

/// The file being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Page<'a> {
    /// All of it.
    pub(super) fn parse(self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            self.wrong(error.span().unwrap_or_default(), what)
        })
    }

    fn line(self, span: &Range<usize>) -> usize {
        1 + self.text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()
    }

    /// The line of `span` is wrong.
    pub(super) fn wrong(self, span: Range<usize>, what: impl Into<String>) -> ConfigError {
        ConfigError::Line { path: self.path.to_owned(), line: self.line(&span), what: what.into() }
    }
}

/// A table of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    page: Page<'a>,
    /// What stands before its keys: empty, or with a dot at its end.
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

    /// Refuses every key but these.
    pub(super) fn only(self, known: &[&str]) -> Result<(), ConfigError> {
        self.entries().try_for_each(|entry| match known.contains(&entry.key) {
            true => Ok(()),
            false => {
                let (path, key) = (self.path, entry.key);
                Err(entry.misnamed(format!(
                    "there is no {:?}{}",
                    format!("{path}{key}"),
                    hint(key, known.iter().copied())
                )))
            }
        })
    }

    /// Its entries, as they follow each other in the file.
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

    /// The entry of this key.
    pub(super) fn entry(self, key: &str) -> Option<Entry<'a>> {
        self.entries().find(|entry| entry.key == key)
    }

    /// The text under this key, if there is one and it is as `check` wants it.
    pub(super) fn text<T>(
        self,
        key: &str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        self.entry(key).map(|entry| entry.text(check)).transpose()
    }
}

impl<'a> Entry<'a> {
    /// The line of the value.
    pub(super) fn source(self) -> Source {
        Source::Line(self.page.line(&self.span.span()))
    }

    /// The value is wrong.
    pub(super) fn wrong(self, what: impl Into<String>) -> ConfigError {
        self.page.wrong(self.span.span(), what)
    }

    /// The key is wrong.
    pub(super) fn misnamed(self, what: impl Into<String>) -> ConfigError {
        self.page.wrong(self.key_at..self.key_at, what)
    }

    /// Its value as text, as `check` wants it.
    pub(super) fn text<T>(self, check: impl Fn(&str) -> Result<T, String>) -> Result<Setting<T>, ConfigError> {
        let DeValue::String(text) = self.span.get_ref() else { return Err(self.other("a text in quotes")) };
        let value = check(text).map_err(|why| self.wrong(format!("{}: {why}", self.key)))?;
        Ok(Setting { value, from: self.source() })
    }

    /// Its value as yes or no.
    pub(super) fn flag(self) -> Result<Setting<bool>, ConfigError> {
        let value = self.span.get_ref().as_bool().ok_or_else(|| self.other("true or false"))?;
        Ok(Setting { value, from: self.source() })
    }

    /// Its value as a list of texts.
    pub(super) fn texts(self) -> Result<Setting<Vec<String>>, ConfigError> {
        let texts = self.span.get_ref().as_array().and_then(|all| {
            all.iter().map(|one| one.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let value = texts.ok_or_else(|| self.other("a list of texts"))?;
        Ok(Setting { value, from: self.source() })
    }

    /// Its value as a table; `path` is what stands before its keys.
    pub(super) fn table(self, path: &'a str) -> Result<Table<'a>, ConfigError> {
        match self.span.get_ref() {
            DeValue::Table(entries) => Ok(Table::new(self.page, path, entries)),
            _ => Err(self.other("a table")),
        }
    }

    fn other(self, wanted: &str) -> ConfigError {
        self.wrong(format!("{} takes {wanted}, not a value of type {}", self.key, self.span.get_ref().type_str()))
    }
}
