//! Byte classes, and runs of them in a text, each run measured once.

/// A set of bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ByteClass(Box<[bool; 256]>);

impl Default for ByteClass {
    fn default() -> Self {
        ByteClass(Box::new([false; 256]))
    }
}

impl std::fmt::Debug for ByteClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let members = (0..=255u8).filter(|&b| self.has(b)).count();
        write!(f, "ByteClass({members} bytes)")
    }
}

impl ByteClass {
    /// The bytes for which `member` holds.
    pub(crate) fn from_fn(member: impl Fn(u8) -> bool) -> Self {
        let mut class = ByteClass::default();
        for byte in 0..=255u8 {
            class.0[usize::from(byte)] = member(byte);
        }
        class
    }

    /// Whether `byte` is in the class.
    #[inline]
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// Adds all of `other`.
    pub(crate) fn add(&mut self, other: &ByteClass) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0.iter()) {
            *mine |= theirs;
        }
    }
}

/// Names a class of a [`ClassSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClassId(u16);

/// All classes that a rule set uses, each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClassSet(Vec<ByteClass>);

impl ClassSet {
    /// The id of `class`, which is added if it is new.
    pub(crate) fn intern(&mut self, class: ByteClass) -> ClassId {
        let index = self.0.iter().position(|known| *known == class).unwrap_or_else(|| {
            self.0.push(class);
            self.0.len() - 1
        });
        ClassId(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// The class of an id.
    pub(crate) fn get(&self, id: ClassId) -> &ByteClass {
        &self.0[usize::from(id.0)]
    }
}

/// Measures runs of byte classes in one text and remembers the last one of each class.
///
/// Two anchors in the same run would otherwise each walk to its end, and a text made of
/// anchors would take quadratic time.
pub(crate) struct Runs<'t> {
    bytes: &'t [u8],
    classes: &'t ClassSet,
    last: Vec<(usize, usize)>,
    steps: u64,
}

impl<'t> Runs<'t> {
    /// Nothing measured yet.
    pub(crate) fn new(bytes: &'t [u8], classes: &'t ClassSet) -> Self {
        Runs { bytes, classes, last: vec![(0, 0); classes.0.len()], steps: 0 }
    }

    /// The text.
    pub(crate) fn bytes(&self) -> &'t [u8] {
        self.bytes
    }

    /// How many bytes were looked at: the measure of the linear-time test.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Counts work done elsewhere.
    pub(crate) fn count(&mut self, steps: usize) {
        self.steps += steps as u64;
    }

    /// The end of the run of `class` that begins at `at`; `at` itself if there is none.
    pub(crate) fn end(&mut self, class: ClassId, at: usize) -> usize {
        let slot = &mut self.last[usize::from(class.0)];
        if (slot.0..slot.1).contains(&at) {
            return slot.1;
        }
        let members = &self.classes.0[usize::from(class.0)];
        let rest = self.bytes.get(at..).unwrap_or_default();
        let length = rest.iter().position(|&b| !members.has(b)).unwrap_or(rest.len());
        self.steps += length as u64 + 1;
        *slot = (at, at + length);
        at + length
    }

    /// The start of the run of `class` that ends at `at`, at most `max` bytes long.
    pub(crate) fn start(&mut self, class: ClassId, at: usize, max: usize) -> usize {
        let members = &self.classes.0[usize::from(class.0)];
        let length = self.bytes[..at].iter().rev().take(max).take_while(|&&b| members.has(b)).count();
        self.steps += length as u64 + 1;
        at - length
    }
}
