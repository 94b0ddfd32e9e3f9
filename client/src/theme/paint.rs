//! A style in words, similar to git's: `bold red`, `#d0d0d0 on 234`, `underline`.

use std::fmt;

use tuirealm::ratatui::style::{Color, Modifier};

/// The style of a cell. What it leaves open comes from the theme's text, and then from the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paint {
    /// The text colour.
    pub fg: Option<Color>,
    /// The background colour.
    pub bg: Option<Color>,
    /// Added to the weight that the component gives.
    pub modifier: Modifier,
}

/// The terminal's sixteen colours, and its default.
const COLOURS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

const WEIGHTS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

impl Paint {
    /// A text colour and a weight.
    pub(super) const fn new(fg: Color, modifier: Modifier) -> Self {
        Self { fg: Some(fg), bg: None, modifier }
    }

    /// Only a weight.
    pub(super) const fn weight(modifier: Modifier) -> Self {
        Self { fg: None, bg: None, modifier }
    }

    /// The same style on this background.
    pub(super) const fn on(self, bg: Color) -> Self {
        Self { bg: Some(bg), ..self }
    }

    /// Parses words: a colour, `on` and a colour, and weights, in any order and each at most once. A colour is a name,
    /// a number of the 256-colour palette, or `#rrggbb`.
    ///
    /// # Errors
    /// The word that is invalid.
    pub fn parse(text: &str) -> Result<Self, &str> {
        let mut paint = Self::default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if let Some((_, weight)) = WEIGHTS.iter().find(|(name, _)| *name == word) {
                paint.modifier |= *weight;
                continue;
            }
            let (place, name) = match word {
                "on" => (&mut paint.bg, words.next().ok_or(word)?),
                _ => (&mut paint.fg, word),
            };
            match place {
                None => *place = Some(colour(name).ok_or(name)?),
                Some(_) => return Err(name), // given twice
            }
        }
        Ok(paint)
    }

    /// All valid words, to suggest one for a typo.
    pub fn words() -> impl Iterator<Item = &'static str> {
        COLOURS.iter().map(|(name, _)| *name).chain(WEIGHTS.iter().map(|(name, _)| *name)).chain(["on"])
    }
}

fn colour(name: &str) -> Option<Color> {
    if let Some(hex) = name.strip_prefix('#') {
        let rgb = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6 && !hex.starts_with('+'))?;
        let [_, r, g, b] = rgb.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    let named = COLOURS.iter().find(|(other, _)| *other == name).map(|(_, colour)| *colour);
    named.or_else(|| name.parse().ok().filter(|_| !name.starts_with('+')).map(Color::Indexed))
}

/// Writes words that [`Paint::parse`] reads back as the same style.
impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |colour: Color| match colour {
            Color::Indexed(number) => number.to_string(),
            Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
            colour => COLOURS.iter().find(|(_, other)| *other == colour).map_or("default", |(name, _)| name).to_owned(),
        };
        let weights = WEIGHTS.iter().filter(|(_, weight)| self.modifier.contains(*weight));
        let words = self.fg.map(name).into_iter().chain(self.bg.map(|bg| format!("on {}", name(bg))));
        f.write_str(&words.chain(weights.map(|(name, _)| (*name).to_owned())).collect::<Vec<_>>().join(" "))
    }
}
