//! Finds the simple commands of a line, wherever they stand.

use super::lexer::Token;
use super::quoting::{Piece, is_name, literal};

/// A command with its words, as written.
#[derive(Debug, Default)]
pub(crate) struct Simple<'t> {
    pub words: Vec<&'t [Piece]>,
    /// Operator and target.
    pub redirects: Vec<(&'static str, &'t [Piece])>,
    /// Functions whose bodies it stands in.
    pub inside: Vec<String>,
    /// It runs beside others: in the background or in a pipeline.
    pub beside: bool,
}

/// What a line does.
#[derive(Debug, Default)]
pub(crate) struct Script<'t> {
    pub commands: Vec<Simple<'t>>,
    /// Variables of `for` loops, with the words they take.
    pub loops: Vec<(String, Vec<&'t [Piece]>)>,
    /// A loop without end starts processes without waiting for them.
    pub endless: bool,
}

/// Words behind which a command begins.
const OPENERS: [&str; 10] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"];
/// Words that end a compound command.
const CLOSERS: [&str; 4] = ["fi", "done", "esac", "}"];
/// Commands that keep a loop without end from being one of many processes.
const CALM: [&str; 4] = ["sleep", "wait", "read", "break"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Brace,
    Parenthesis,
    If,
    Loop,
    Case,
}

#[derive(Debug)]
struct Group {
    opened: Opened,
    function: Option<String>,
    /// Its condition is always met.
    endless: bool,
    background: bool,
    calm: bool,
    /// Expecting the pattern of a `case`.
    pattern: bool,
}

/// Reads tokens.
///
/// # Errors
/// What cannot be understood, as a sentence.
pub(crate) fn parse(tokens: &[Token]) -> Result<Script<'_>, String> {
    let mut parser = Parser {
        tokens,
        at: 0,
        script: Script::default(),
        groups: Vec::new(),
        current: Simple::default(),
        closed: false,
        pipe: false,
        function: None,
        condition: None,
    };
    while parser.at < tokens.len() {
        parser.token()?;
    }
    parser.end(false);
    match parser.groups.last() {
        None => Ok(parser.script),
        Some(group) => Err(format!("a {:?} is never closed", group.opened)),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    script: Script<'t>,
    groups: Vec<Group>,
    current: Simple<'t>,
    /// A compound command has ended: only redirections may follow.
    closed: bool,
    /// The command before stands before a `|`.
    pipe: bool,
    /// The name of a function whose body comes.
    function: Option<String>,
    /// The loop whose condition comes: whether it runs while that fails.
    condition: Option<bool>,
}

impl<'t> Parser<'t> {
    fn token(&mut self) -> Result<(), String> {
        let token = &self.tokens[self.at];
        self.at += 1;
        if self.groups.last().is_some_and(|group| group.pattern) {
            return self.pattern(token);
        }
        match token {
            Token::Operator(operator) => self.operator(operator)?,
            Token::Redirect { operator, target } => self.current.redirects.push((operator, target)),
            Token::Arithmetic(..) => {}
            Token::Word(pieces) if self.current.words.is_empty() => self.first(pieces)?,
            Token::Word(pieces) => self.current.words.push(pieces),
        }
        Ok(())
    }

    /// A token of a `case` between its patterns.
    fn pattern(&mut self, token: &'t Token) -> Result<(), String> {
        match token {
            Token::Operator(")") => self.set_pattern(false),
            Token::Operator("(" | "|" | ";") => {}
            Token::Word(pieces) if literal(pieces).as_deref() == Some("esac") => {
                self.close(Opened::Case)?;
                self.closed = true;
            }
            Token::Word(_) => {}
            _ => return Err("the patterns of a `case` are not understood".to_owned()),
        }
        Ok(())
    }

    fn set_pattern(&mut self, pattern: bool) {
        if let Some(group) = self.groups.last_mut() {
            group.pattern = pattern;
        }
    }

    fn operator(&mut self, operator: &'static str) -> Result<(), String> {
        match operator {
            "(" if self.current.words.is_empty() => self.open(Opened::Parenthesis),
            "(" => return Err("a ( in the middle of a command is not understood".to_owned()),
            "()" => self.define(),
            ")" => {
                self.end(false);
                self.close(Opened::Parenthesis)?;
                self.closed = true;
            }
            ";;" | ";&" | ";;&" => {
                self.end(false);
                match self.groups.last() {
                    Some(group) if group.opened == Opened::Case => self.set_pattern(true),
                    _ => return Err(format!("a {operator} stands outside a `case`")),
                }
            }
            "|" | "|&" => {
                self.current.beside = true;
                self.end(false);
                self.pipe = true;
            }
            _ => self.end(operator == "&"),
        }
        Ok(())
    }

    /// `name ()`: what comes is a function's body.
    fn define(&mut self) {
        let words = std::mem::take(&mut self.current.words);
        self.function = words.last().and_then(|pieces| literal(pieces));
    }

    /// Ends a simple command.
    fn end(&mut self, background: bool) {
        let mut ended = std::mem::take(&mut self.current);
        self.closed = false;
        let piped = std::mem::take(&mut self.pipe);
        ended.beside |= background || piped;
        let name = ended.words.first().and_then(|pieces| literal(pieces)).unwrap_or_default();
        if let (false, Some(fails)) = (name.is_empty(), self.condition.take()) {
            let always = if fails { name == "false" } else { matches!(name.as_str(), "true" | ":" | "1") };
            if let Some(group) = self.groups.last_mut() {
                group.endless = always;
            }
        }
        for group in &mut self.groups {
            group.background |= background;
            group.calm |= CALM.contains(&name.as_str());
        }
        if !ended.words.is_empty() || !ended.redirects.is_empty() {
            ended.inside = self.groups.iter().filter_map(|group| group.function.clone()).collect();
            self.script.commands.push(ended);
        }
    }

    fn open(&mut self, opened: Opened) {
        let function = self.function.take();
        let pattern = false;
        self.groups.push(Group { opened, function, endless: false, background: false, calm: false, pattern });
    }

    fn close(&mut self, opened: Opened) -> Result<(), String> {
        let group = self.groups.pop().filter(|group| group.opened == opened);
        let group = group.ok_or_else(|| format!("a {opened:?} is closed that is not open"))?;
        self.script.endless |= group.endless && group.background && !group.calm;
        Ok(())
    }

    /// The first word of a command: a reserved word or a name.
    fn first(&mut self, pieces: &'t [Piece]) -> Result<(), String> {
        let reserved = match pieces {
            [Piece::Text { text, quoted: false }] => text.as_str(),
            _ => "",
        };
        if self.closed && !CLOSERS.contains(&reserved) {
            return Err("a word behind the end of a compound command is not understood".to_owned());
        }
        match reserved {
            "{" => self.open(Opened::Brace),
            "if" => self.open(Opened::If),
            "while" | "until" => {
                self.open(Opened::Loop);
                self.condition = Some(reserved == "until");
            }
            "for" | "select" => self.for_loop()?,
            "case" => self.case()?,
            "function" => self.function_word()?,
            "[[" => self.test()?,
            "coproc" => return Err("coproc is not understood; use & instead".to_owned()),
            "}" | "fi" | "done" => {
                let opened = match reserved {
                    "}" => Opened::Brace,
                    "fi" => Opened::If,
                    _ => Opened::Loop,
                };
                self.close(opened)?;
                self.closed = true;
            }
            "esac" => {
                self.close(Opened::Case)?;
                self.closed = true;
            }
            word if OPENERS.contains(&word) => {}
            _ => self.current.words.push(pieces),
        }
        Ok(())
    }

    fn next_word(&mut self) -> Option<&'t [Piece]> {
        match self.tokens.get(self.at) {
            Some(Token::Word(pieces)) => {
                self.at += 1;
                Some(pieces)
            }
            _ => None,
        }
    }

    fn for_loop(&mut self) -> Result<(), String> {
        self.open(Opened::Loop);
        if let Some(Token::Arithmetic(text, _)) = self.tokens.get(self.at) {
            self.at += 1;
            let endless = text.split(';').nth(1).is_none_or(|condition| condition.trim().is_empty());
            if let Some(group) = self.groups.last_mut() {
                group.endless = endless;
            }
            return Ok(());
        }
        let name = self.next_word().and_then(literal).filter(|name| is_name(name));
        let name = name.ok_or("a `for` without a variable is not understood")?;
        let mut values = Vec::new();
        let start = self.at;
        if self.next_word().and_then(literal).as_deref() == Some("in") {
            while let Some(word) = self.next_word() {
                values.push(word);
            }
        } else {
            self.at = start;
        }
        self.script.loops.push((name, values));
        Ok(())
    }

    fn case(&mut self) -> Result<(), String> {
        self.open(Opened::Case);
        let _subject = self.next_word();
        while matches!(self.tokens.get(self.at), Some(Token::Operator(";"))) {
            self.at += 1;
        }
        if self.next_word().and_then(literal).as_deref() != Some("in") {
            return Err("a `case` without `in` is not understood".to_owned());
        }
        self.set_pattern(true);
        Ok(())
    }

    fn function_word(&mut self) -> Result<(), String> {
        self.function = self.next_word().and_then(literal);
        if matches!(self.tokens.get(self.at), Some(Token::Operator("()"))) {
            self.at += 1;
        }
        if self.function.is_some() {
            Ok(())
        } else {
            Err("a function without a plain name is not understood".to_owned())
        }
    }

    /// `[[ … ]]` has a grammar of its own and runs nothing but its substitutions.
    fn test(&mut self) -> Result<(), String> {
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            if matches!(token, Token::Word(pieces) if literal(pieces).as_deref() == Some("]]")) {
                self.closed = true;
                return Ok(());
            }
            if matches!(token, Token::Operator(";" | "&")) {
                break;
            }
        }
        Err("a [[ is never closed with ]]".to_owned())
    }
}

/// Every substitution in the tokens, at any depth of their words but not within each other.
pub(crate) fn substitutions<'t>(tokens: &'t [Token], found: &mut Vec<&'t [Token]>) {
    for token in tokens {
        match token {
            Token::Word(pieces) | Token::Redirect { target: pieces, .. } | Token::Arithmetic(_, pieces) => {
                in_pieces(pieces, found);
            }
            Token::Operator(_) => {}
        }
    }
}

fn in_pieces<'t>(pieces: &'t [Piece], found: &mut Vec<&'t [Token]>) {
    for piece in pieces {
        match piece {
            Piece::Command { tokens, .. } | Piece::Process(tokens) => found.push(tokens),
            Piece::Variable { modifier: Some(pieces), .. } | Piece::Arithmetic(pieces) => {
                in_pieces(pieces, found)
            }
            Piece::Variable { modifier: None, .. } | Piece::Text { .. } => {}
        }
    }
}
