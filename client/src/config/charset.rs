//! Detects the character set from the environment. One other than UTF-8 cannot show the symbols of the screen.

use std::ffi::OsString;

use super::{Setting, Source};

/// POSIX: the first of these that is set and not empty decides.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// Chooses ASCII if the deciding variable names a character set other than UTF-8. `C`, `POSIX` and `de_DE` name none.
pub fn charset(variable: impl Fn(&str) -> Option<OsString>) -> Option<Setting<bool>> {
    let set = |name: &'static str| Some((name, variable(name).filter(|value| !value.is_empty())?));
    let (name, locale) = VARIABLES.into_iter().find_map(set)?;
    let locale = locale.to_string_lossy();
    // language_TERRITORY.charset@modifier
    let charset = locale.split('@').next()?.split_once('.')?.1;
    let plain: String = charset.chars().filter(char::is_ascii_alphanumeric).collect();
    let foreign = !charset.is_empty() && !plain.eq_ignore_ascii_case("utf8");
    foreign.then_some(Setting { value: true, from: Source::Variable(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(locales: [Option<&str>; 3]) -> Option<Source> {
        let find = |name: &str| locales[VARIABLES.iter().position(|known| *known == name)?].map(OsString::from);
        charset(find).map(|setting| setting.from)
    }

    #[test]
    fn only_a_named_character_set_other_than_utf_8_counts() {
        for foreign in ["de_DE.ISO-8859-1", "ru_RU.KOI8-R", "ja_JP.eucJP", "de_DE.ISO-8859-15@euro", "C.US-ASCII"] {
            assert_eq!(of([None, None, Some(foreign)]), Some(Source::Variable("LANG")), "{foreign}");
        }
        for fine in ["C", "POSIX", "de_DE", "de_DE@euro", "C.UTF-8", "en_US.utf8", "en_US.UTF-8@x", "en_US.", "UTF-8"] {
            assert_eq!(of([None, None, Some(fine)]), None, "{fine}");
        }
        assert_eq!(of([None; 3]), None);
    }

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        let (utf8, latin1) = (Some("en_US.UTF-8"), Some("en_US.ISO-8859-1"));
        assert_eq!(of([utf8, latin1, latin1]), None);
        assert_eq!(of([Some("C"), latin1, latin1]), None);
        assert_eq!(of([Some(""), latin1, utf8]), Some(Source::Variable("LC_CTYPE")));
        assert_eq!(of([latin1, utf8, utf8]), Some(Source::Variable("LC_ALL")));
        assert_eq!(of([None, Some(""), latin1]), Some(Source::Variable("LANG")));
    }
}
