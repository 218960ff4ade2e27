//! `-o go-template`: Go's templates, as far as they are written on command lines. Knows no kind.
//! Models: Go `text/template` (parse and exec) with kubectl's functions `exists` and `base64decode`.
//! Omits: `define`, `template`, `block`, `break`, `continue`, methods, complex numbers; positions in errors

mod eval;
mod lex;

use lex::{Token, Tokens};
use serde_json::Value;

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub struct GoTemplate {
    /// As it was written.
    pub text: String,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    /// A pipeline whose value is printed, or kept in a variable.
    Action(Pipe),
    /// `if`: pipeline, then, else.
    If(Pipe, Vec<Node>, Vec<Node>),
    /// `with`.
    With(Pipe, Vec<Node>, Vec<Node>),
    /// `range`.
    Range(Pipe, Vec<Node>, Vec<Node>),
}

/// Commands, each of which gets the value of the one before; and the variables that get the last.
#[derive(Debug, Clone, PartialEq, Default)]
struct Pipe {
    variables: Vec<String>,
    /// Whether the variable is new: `:=`, not `=`.
    declares: bool,
    commands: Vec<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    /// `.`
    Dot,
    /// `.a.b`, from the dot.
    Field(Vec<String>),
    /// `$x.a`; the name is empty for `$`.
    Variable(String, Vec<String>),
    Function(String),
    Literal(Value),
    /// `(...)`, and fields of its value.
    Group(Pipe, Vec<String>),
}

/// How deep blocks and parentheses may be.
const MAX_DEPTH: usize = 50;

impl GoTemplate {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<GoTemplate, String> {
        let mut parser = Parser { tokens: lex::tokens(text)? };
        let (nodes, end) = parser.nodes(0)?;
        match end {
            None => Ok(GoTemplate { text: text.to_string(), nodes }),
            Some(word) => Err(format!("unexpected {{{{{word}}}}}")),
        }
    }

    /// Fills it in.
    pub fn render(&self, tree: &Value) -> Result<String, String> {
        eval::render(&self.nodes, tree)
    }
}

struct Parser {
    tokens: Tokens,
}

impl Parser {
    /// Nodes up to `end` or `else`, which are handed back.
    fn nodes(&mut self, depth: usize) -> Result<(Vec<Node>, Option<String>), String> {
        if depth > MAX_DEPTH {
            return Err("template is too deep".into());
        }
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.next() {
            match token {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::Open => match self.tokens.peek() {
                    Some(Token::Word(word)) if matches!(word.as_str(), "end" | "else") => {
                        let word = word.clone();
                        self.tokens.next();
                        return Ok((nodes, Some(word)));
                    }
                    Some(Token::Word(word)) if matches!(word.as_str(), "if" | "with" | "range") => {
                        let word = word.clone();
                        self.tokens.next();
                        nodes.push(self.block(&word, depth)?);
                    }
                    Some(Token::Close) => return Err("missing value for command".into()),
                    _ => {
                        let pipe = self.pipe(depth)?;
                        self.close()?;
                        nodes.push(Node::Action(pipe));
                    }
                },
                other => return Err(format!("unexpected {other} in template")),
            }
        }
        Ok((nodes, None))
    }

    /// What follows `if`, `with` or `range`, to its `end`.
    fn block(&mut self, word: &str, depth: usize) -> Result<Node, String> {
        let pipe = self.pipe(depth)?;
        self.close()?;
        let (then, end) = self.nodes(depth + 1)?;
        let other = match end.as_deref() {
            Some("end") => {
                self.close()?;
                Vec::new()
            }
            Some("else") => self.otherwise(depth)?,
            _ => return Err("unexpected EOF".into()),
        };
        Ok(match word {
            "if" => Node::If(pipe, then, other),
            "with" => Node::With(pipe, then, other),
            _ => Node::Range(pipe, then, other),
        })
    }

    /// What follows `else`.
    fn otherwise(&mut self, depth: usize) -> Result<Vec<Node>, String> {
        if let Some(Token::Word(word)) = self.tokens.peek()
            && matches!(word.as_str(), "if" | "with")
        {
            let word = word.clone();
            self.tokens.next();
            return Ok(vec![self.block(&word, depth + 1)?]);
        }
        self.close()?;
        let (nodes, end) = self.nodes(depth + 1)?;
        match end.as_deref() {
            Some("end") => self.close().map(|()| nodes),
            Some(_) => Err("expected end; found {{else}}".into()),
            None => Err("unexpected EOF".into()),
        }
    }

    fn close(&mut self) -> Result<(), String> {
        match self.tokens.next() {
            Some(Token::Close) => Ok(()),
            Some(other) => Err(format!("unexpected {other} in operand")),
            None => Err("unclosed action".into()),
        }
    }

    fn pipe(&mut self, depth: usize) -> Result<Pipe, String> {
        if depth > MAX_DEPTH {
            return Err("template is too deep".into());
        }
        let mut pipe = Pipe::default();
        if let Some((variables, declares)) = self.tokens.assignment() {
            (pipe.variables, pipe.declares) = (variables, declares);
        }
        loop {
            let mut command = Vec::new();
            while !matches!(self.tokens.peek(), None | Some(Token::Close | Token::Sign(')' | '|'))) {
                command.push(self.term(depth)?);
            }
            if command.is_empty() {
                return Err("missing value for command".into());
            }
            pipe.commands.push(command);
            if self.tokens.peek() != Some(&Token::Sign('|')) {
                return Ok(pipe);
            }
            self.tokens.next();
        }
    }

    fn term(&mut self, depth: usize) -> Result<Term, String> {
        match self.tokens.next() {
            Some(Token::Sign('(')) => {
                let pipe = self.pipe(depth + 1)?;
                if self.tokens.next() != Some(Token::Sign(')')) {
                    return Err("unclosed left paren".into());
                }
                let fields = match self.tokens.peek() {
                    Some(Token::Attached(path)) => path.clone(),
                    _ => return Ok(Term::Group(pipe, Vec::new())),
                };
                self.tokens.next();
                Ok(Term::Group(pipe, fields))
            }
            Some(Token::Field(path)) if path.is_empty() => Ok(Term::Dot),
            Some(Token::Field(path)) => Ok(Term::Field(path)),
            Some(Token::Variable(name, path)) => Ok(Term::Variable(name, path)),
            Some(Token::Literal(value)) => Ok(Term::Literal(value)),
            Some(Token::Word(word)) => match word.as_str() {
                "true" | "false" => Ok(Term::Literal(Value::Bool(word == "true"))),
                "nil" => Ok(Term::Literal(Value::Null)),
                word if eval::FUNCTIONS.contains(&word) => Ok(Term::Function(word.to_string())),
                word => Err(format!("function {word:?} not defined")),
            },
            Some(other) => Err(format!("unexpected {other} in operand")),
            None => Err("unclosed action".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // By Go's documentation of text/template.
    #[test]
    fn templates_are_filled_in() {
        let tree = json!({
            "items": [{"metadata": {"name": "a", "labels": {"x": "1"}}}, {"metadata": {"name": "b"}}],
            "spec": {"ports": [{"nodePort": 30080}], "on": true}, "none": [],
        });
        for (template, expected) in [
            ("{{range .items}}{{.metadata.name}}{{\"\\n\"}}{{end}}", "a\nb\n"),
            ("{{(index .spec.ports 0).nodePort}}", "30080"),
            ("{{range $i, $e := .items}}{{if $i}},{{end}}{{$i}}={{$e.metadata.name}}{{end}}", "0=a,1=b"),
            ("{{with .spec}}{{.on}} {{- \" x\"}}{{end}}", "true x"),
            ("{{range .none}}x{{else}}nothing{{end}}", "nothing"),
            ("{{if and .spec.on (eq (len .items) 2)}}two{{else if .x}}y{{else}}z{{end}}", "two"),
            ("{{.nope}} {{printf \"%s-%d\" .spec.on 3}}", "<no value> true-3"),
            ("{{range $k, $v := (index .items 0).metadata.labels}}{{$k}}={{$v}}{{end}}", "x=1"),
            ("{{\"YQ==\" | base64decode}}{{/* no */}}", "a"),
            ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ] {
            let rendered = GoTemplate::parse(template).and_then(|template| template.render(&tree));
            assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
        }
        for bad in ["{{.a", "{{end}}", "{{if .a}}", "{{nope}}", "{{}}", "{{(.a}}"] {
            assert!(GoTemplate::parse(bad).is_err(), "{bad}");
        }
        assert!(GoTemplate::parse("{{index .none 0}}").unwrap().render(&tree).is_err());
    }
}
