//! A small, linear pattern language for the shapes that tokens have.
//!
//! A shape is a sequence of literal bytes, byte classes and groups of literals, each
//! with an optional count. Matching is possessive: a run takes all it can and never
//! gives back, so that one match looks at every byte once.
//!
//! ```text
//! [A-Za-z0-9]{36,}     a run of at least 36
//! \d{10,13}-\h{32}     digits, a dash, hexadecimal
//! (live|test)_\w{20,}  one of some literals
//! (=|%3D){0,2}         nothing, or some of them
//! ```

use crate::runs::{ByteClass, ClassId, ClassSet, Runs};

/// Why a shape could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A bracket, brace or parenthesis is never closed.
    #[error("`{0}` is never closed")]
    Unclosed(char),
    /// The braces do not hold `{n}`, `{n,}` or `{n,m}`.
    #[error("`{{{0}}}` is not a count")]
    Count(String),
    /// The shape ends in a backslash.
    #[error("nothing follows the last backslash")]
    Escape,
    /// Shapes are bytes.
    #[error("only ASCII is allowed")]
    NotAscii,
}

#[derive(Debug, Clone)]
enum Item {
    Literal(Vec<u8>),
    Run { class: ClassId, min: usize, max: usize },
    OneOf { options: Vec<Vec<u8>>, min: usize, max: usize },
}

/// A compiled shape.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    items: Vec<Item>,
}

impl Shape {
    /// Reads a shape; its classes are added to `classes`.
    pub(crate) fn parse(source: &str, classes: &mut ClassSet) -> Result<Shape, ShapeError> {
        if !source.is_ascii() {
            return Err(ShapeError::NotAscii);
        }
        let mut parser = Parser { bytes: source.as_bytes(), at: 0, classes };
        let mut items = Vec::new();
        while parser.at < parser.bytes.len() {
            let item = parser.item()?;
            match (items.last_mut(), item) {
                (Some(Item::Literal(before)), Item::Literal(more)) => before.extend(more),
                (_, item) => items.push(item),
            }
        }
        Ok(Shape { items })
    }

    /// The end of the match that begins exactly at `at`.
    pub(crate) fn match_at(&self, runs: &mut Runs<'_>, at: usize) -> Option<usize> {
        self.items.iter().try_fold(at, |at, item| match item {
            Item::Literal(literal) => {
                runs.bytes().get(at..)?.starts_with(literal).then(|| at + literal.len())
            }
            Item::Run { class, min, max } => {
                let length = (runs.end(*class, at) - at).min(*max);
                (length >= *min).then_some(at + length)
            }
            Item::OneOf { options, min, max } => one_of(runs.bytes(), at, options, *min, *max),
        })
    }

    /// The class of a shape that is nothing but one byte of a class.
    pub(crate) fn single_class(&self) -> Option<ClassId> {
        match self.items.as_slice() {
            [Item::Run { class, .. }] => Some(*class),
            _ => None,
        }
    }

    /// The bytes a match may begin with.
    pub(crate) fn first(&self, classes: &ClassSet) -> ByteClass {
        match self.items.first() {
            Some(Item::Literal(literal)) => ByteClass::from_fn(|b| literal.first() == Some(&b)),
            Some(Item::Run { class, min: 1.., .. }) => classes.get(*class).clone(),
            Some(Item::OneOf { options, min: 1.., .. }) => {
                ByteClass::from_fn(|b| options.iter().any(|option| option.first() == Some(&b)))
            }
            _ => ByteClass::from_fn(|_| true),
        }
    }
}

fn one_of(bytes: &[u8], mut at: usize, options: &[Vec<u8>], min: usize, max: usize) -> Option<usize> {
    let mut count = 0;
    while count < max {
        let rest = bytes.get(at..)?;
        let Some(option) = options.iter().find(|option| rest.starts_with(option)) else { break };
        at += option.len();
        count += 1;
    }
    (count >= min).then_some(at)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    classes: &'a mut ClassSet,
}

impl Parser<'_> {
    fn item(&mut self) -> Result<Item, ShapeError> {
        let byte = self.bytes[self.at];
        self.at += 1;
        match byte {
            b'[' => {
                let class = self.bracket()?;
                self.run(class)
            }
            b'(' => self.group(),
            b'.' => self.run(ByteClass::from_fn(|b| (0x21..0x7f).contains(&b))),
            b'\\' => {
                let escaped = self.escaped()?;
                match named_class(escaped) {
                    Some(class) => self.run(class),
                    None => self.literal(escaped),
                }
            }
            byte => self.literal(byte),
        }
    }

    fn escaped(&mut self) -> Result<u8, ShapeError> {
        let byte = *self.bytes.get(self.at).ok_or(ShapeError::Escape)?;
        self.at += 1;
        Ok(byte)
    }

    fn literal(&mut self, byte: u8) -> Result<Item, ShapeError> {
        match self.count()? {
            None => Ok(Item::Literal(vec![byte])),
            Some((min, max)) => Ok(Item::OneOf { options: vec![vec![byte]], min, max }),
        }
    }

    fn run(&mut self, class: ByteClass) -> Result<Item, ShapeError> {
        let class = self.classes.intern(class);
        let (min, max) = self.count()?.unwrap_or((1, 1));
        Ok(Item::Run { class, min, max })
    }

    fn bracket(&mut self) -> Result<ByteClass, ShapeError> {
        let mut class = ByteClass::default();
        loop {
            let byte = *self.bytes.get(self.at).ok_or(ShapeError::Unclosed('['))?;
            self.at += 1;
            let low = match byte {
                b']' => return Ok(class),
                b'\\' => {
                    let escaped = self.escaped()?;
                    if let Some(named) = named_class(escaped) {
                        class.add(&named);
                        continue;
                    }
                    escaped
                }
                byte => byte,
            };
            let rest = &self.bytes[self.at..];
            if rest.first() == Some(&b'-') && rest.get(1).is_some_and(|&b| b != b']') {
                class.add(&ByteClass::from_fn(|b| (low..=rest[1]).contains(&b)));
                self.at += 2;
            } else {
                class.add(&ByteClass::from_fn(|b| b == low));
            }
        }
    }

    fn group(&mut self) -> Result<Item, ShapeError> {
        let mut options = vec![Vec::new()];
        loop {
            let byte = *self.bytes.get(self.at).ok_or(ShapeError::Unclosed('('))?;
            self.at += 1;
            let literal = match byte {
                b')' => break,
                b'|' => {
                    options.push(Vec::new());
                    continue;
                }
                b'\\' => self.escaped()?,
                byte => byte,
            };
            if let Some(option) = options.last_mut() {
                option.push(literal);
            }
        }
        // Longest first, so that `a|ab` means what it says without backtracking.
        options.sort_by_key(|option| std::cmp::Reverse(option.len()));
        let (min, max) = self.count()?.unwrap_or((1, 1));
        Ok(Item::OneOf { options, min, max })
    }

    fn count(&mut self) -> Result<Option<(usize, usize)>, ShapeError> {
        match self.bytes.get(self.at) {
            Some(b'?') => {
                self.at += 1;
                Ok(Some((0, 1)))
            }
            Some(b'+') => {
                self.at += 1;
                Ok(Some((1, usize::MAX)))
            }
            Some(b'{') => {
                let rest = &self.bytes[self.at + 1..];
                let close = memchr::memchr(b'}', rest).ok_or(ShapeError::Unclosed('{'))?;
                let inside = String::from_utf8_lossy(&rest[..close]).into_owned();
                self.at += close + 2;
                parse_count(&inside).map(Some).ok_or(ShapeError::Count(inside))
            }
            _ => Ok(None),
        }
    }
}

fn parse_count(inside: &str) -> Option<(usize, usize)> {
    match inside.split_once(',') {
        None => inside.parse().ok().map(|n| (n, n)),
        Some((min, "")) => Some((min.parse().ok()?, usize::MAX)),
        Some((min, max)) => Some((min.parse().ok()?, max.parse().ok()?)).filter(|(a, b)| a <= b),
    }
}

fn named_class(name: u8) -> Option<ByteClass> {
    Some(match name {
        b'd' => ByteClass::from_fn(|b| b.is_ascii_digit()),
        b'h' => ByteClass::from_fn(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        b'H' => ByteClass::from_fn(|b| b.is_ascii_hexdigit()),
        b'w' => ByteClass::from_fn(|b| b.is_ascii_alphanumeric() || b == b'_'),
        b'a' => ByteClass::from_fn(|b| b.is_ascii_alphanumeric()),
        b's' => ByteClass::from_fn(|b| b == b' ' || b == b'\t'),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(shape: &str, text: &str) -> Option<usize> {
        let mut classes = ClassSet::default();
        let shape = Shape::parse(shape, &mut classes).unwrap();
        shape.match_at(&mut Runs::new(text.as_bytes(), &classes), 0)
    }

    #[test]
    fn runs_are_possessive_and_counted() {
        assert_eq!(matched(r"[A-Z]{3,}", "ABCDe"), Some(4));
        assert_eq!(matched(r"[A-Z]{3}", "ABCDe"), Some(3));
        assert_eq!(matched(r"\h{4}-\d+", "ab12-77x"), Some(7));
        assert_eq!(matched(r"\h{5}", "ab12"), None);
        assert_eq!(matched(r"[\w-]{2,}", "a-_b."), Some(4));
    }

    #[test]
    fn groups_and_literals() {
        assert_eq!(matched(r"(live|test)_\d", "test_1"), Some(6));
        assert_eq!(matched(r"\d(=|%3D){0,2}", "1=%3D="), Some(5));
        assert_eq!(matched(r"a\.b?c", "a.c"), Some(3));
    }

    #[test]
    fn bad_shapes_are_refused() {
        let parse = |s| Shape::parse(s, &mut ClassSet::default()).unwrap_err();
        assert_eq!(parse("[ab"), ShapeError::Unclosed('['));
        assert_eq!(parse("a{x}"), ShapeError::Count("x".into()));
        assert_eq!(parse("a{3,1}"), ShapeError::Count("3,1".into()));
        assert_eq!(parse("é"), ShapeError::NotAscii);
    }
}
