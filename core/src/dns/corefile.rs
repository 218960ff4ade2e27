//! The Corefile: from text to server blocks with their plugins' tokens, and CoreDNS's own words for what is wrong.
//! Knows no plugin but by name.
//! Models: coredns/caddy caddyfile/{lexer,parse,dispenser}.go.

pub mod dispenser;
pub mod lexer;

pub use dispenser::Dispenser;
pub use lexer::Token;

use crate::base::FlatMap;
use crate::base::Text;
use crate::process::{Environment, Files};

/// A Corefile and what it may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its path, as messages name it.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Files that it may import.
    pub files: &'a Files,
    /// Variables that it may name.
    pub variables: &'a Environment,
    /// The port of keys that name none.
    pub port: u16,
}

/// A server block: keys, and the tokens of each directive (all its occurrences, in order).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// Zones and ports.
    pub keys: Vec<Text>,
    /// Tokens by directive.
    pub directives: FlatMap<Text, Vec<Token>>,
}

/// Why a Corefile is refused, in CoreDNS's words.
pub type Refused = String;

/// Tokens that one file may have after snippets are filled in; a snippet that imports itself ends here.
const MAX_TOKENS: usize = 100_000;

/// Reads a Corefile. `known`: whether a directive exists. `lines`: what is printed meanwhile.
pub fn parse(
    source: &Source<'_>,
    known: fn(&str) -> bool,
    lines: &mut Vec<Text>,
) -> Result<Vec<Block>, Refused> {
    let tokens = Dispenser::new(lexer::tokens(&source.path.into(), source.text));
    let mut parser =
        Parser { tokens, snippets: FlatMap::new(), known, eof: false, imports: 0, source, lines };
    let mut blocks = Vec::new();
    while parser.tokens.advance() {
        let mut block = Block::default();
        parser.keys(&mut block)?;
        if parser.eof {
            blocks.push(block);
            break;
        }
        match snippet_name(&block) {
            Some(name) => parser.snippet(&name)?,
            None => {
                parser.contents(&mut block)?;
                blocks.push(block);
            }
        }
    }
    blocks.retain(|block| !block.keys.is_empty());
    Ok(blocks)
}

fn snippet_name(block: &Block) -> Option<Text> {
    let [key] = block.keys.as_slice() else { return None };
    key.strip_prefix('(')?.strip_suffix(')').map(Text::from)
}

struct Parser<'a> {
    source: &'a Source<'a>,
    lines: &'a mut Vec<Text>,
    tokens: Dispenser,
    snippets: FlatMap<Text, Vec<Token>>,
    known: fn(&str) -> bool,
    eof: bool,
    imports: usize,
}

impl Parser<'_> {
    fn keys(&mut self, block: &mut Block) -> Result<(), Refused> {
        let mut another = false;
        loop {
            let word = self.substitute(self.tokens.val());
            if &*word == "import" && self.tokens.is_new_line() {
                self.import()?;
                continue;
            }
            if &*word == "{" {
                if another {
                    return Err(self
                        .tokens
                        .err(&format!("Expected another address but had '{word}' - check for extra comma")));
                }
                return Ok(());
            }
            if !word.is_empty() {
                another = word.ends_with(',');
                let key = word.strip_suffix(',').unwrap_or(&word);
                block.keys.extend((!key.is_empty()).then(|| key.into()));
            }
            if !self.tokens.advance() {
                if another {
                    return Err(self.tokens.err("Unexpected EOF"));
                }
                self.eof = true;
                return Ok(());
            }
            if !another && self.tokens.is_new_line() {
                return Ok(());
            }
        }
    }

    fn contents(&mut self, block: &mut Block) -> Result<(), Refused> {
        let braced = self.tokens.val() == "{";
        if !braced {
            self.tokens.back();
        }
        while self.tokens.advance() {
            if self.tokens.val() == "}" {
                break;
            }
            if self.tokens.val() == "import" {
                self.import()?;
                self.tokens.back();
                continue;
            }
            self.directive(block)?;
        }
        if braced && self.tokens.val() != "}" {
            return Err(self.tokens.syntax_err("}"));
        }
        Ok(())
    }

    fn directive(&mut self, block: &mut Block) -> Result<(), Refused> {
        let name = self.substitute(self.tokens.val());
        if !(self.known)(&name) {
            return Err(self.tokens.err(&format!("Unknown directive '{name}'")));
        }
        let mut taken: Vec<Token> = self.tokens.token().into_iter().collect();
        let mut nesting = 0;
        while self.tokens.advance() {
            match self.tokens.val() {
                "{" => nesting += 1,
                _ if self.tokens.is_new_line() && nesting == 0 => {
                    self.tokens.back();
                    break;
                }
                "}" if nesting > 0 => nesting -= 1,
                "}" => return Err(self.tokens.err("Unexpected '}' because no matching opening brace")),
                "import" if self.tokens.is_new_line() => {
                    self.import()?;
                    self.tokens.back();
                    continue;
                }
                _ => {}
            }
            if let Some(mut token) = self.tokens.token() {
                token.text = self.substitute(&token.text);
                taken.push(token);
            }
        }
        block.directives.entry(name).or_default().extend(taken);
        if nesting > 0 { Err(self.tokens.err("Unexpected EOF")) } else { Ok(()) }
    }

    fn snippet(&mut self, name: &str) -> Result<(), Refused> {
        if self.snippets.contains_key(name) {
            return Err(self.tokens.err(&format!("redeclaration of previously declared snippet {name}")));
        }
        let mut nesting = 1;
        let mut taken = Vec::new();
        while self.tokens.advance() {
            match self.tokens.val() {
                "}" if nesting == 1 => {
                    self.snippets.insert(name.into(), taken);
                    return Ok(());
                }
                "}" => nesting -= 1,
                "{" => nesting += 1,
                _ => {}
            }
            taken.extend(self.tokens.token());
        }
        Err(self.tokens.syntax_err("}"))
    }

    /// Puts a snippet in the place of `import name`; the cursor then stands on its first token.
    fn import(&mut self) -> Result<(), Refused> {
        if !self.tokens.next_arg() {
            return Err(self.tokens.arg_err());
        }
        let pattern = self.substitute(self.tokens.val());
        if pattern.is_empty() {
            return Err(self.tokens.err("Import requires a non-empty filepath"));
        }
        if self.tokens.next_arg() {
            return Err(self.tokens.err("Import takes only one argument (glob pattern or file)"));
        }
        let found = match self.snippets.get(&*pattern) {
            Some(snippet) => snippet.clone(),
            None => self.files(&pattern)?,
        };
        self.imports += 1;
        if self.imports > 10_000 || self.tokens.len() + found.len() > MAX_TOKENS {
            return Err(self.tokens.err("maximum snippet import depth (10000) exceeded"));
        }
        self.tokens.splice(2, found);
        Ok(())
    }

    /// The tokens of the files that a pattern names, relative to the file in which it stands.
    fn files(&mut self, pattern: &str) -> Result<Vec<Token>, Refused> {
        let is_glob = pattern.contains(['*', '?', '[']);
        if pattern.matches('*').count() > 1 || pattern.matches('?').count() > 1 || pattern.contains('[') {
            return Err(self.missing_import(pattern));
        }
        let importing = self.tokens.token().map_or_else(|| self.source.path.into(), |token| token.file);
        let folder = importing.rsplit_once('/').map_or("", |(folder, _)| folder);
        let whole =
            if pattern.starts_with('/') { pattern.to_string() } else { format!("{folder}/{pattern}") };
        let (folder, name) = whole.rsplit_once('/').unwrap_or(("", &whole));
        let fits = |path: &&Text| {
            path.rsplit_once('/').is_some_and(|(of, base)| of == folder && matches(name, base))
        };
        let paths: Vec<Text> = match is_glob {
            true => self.source.files.paths().filter(fits).cloned().collect(),
            false => vec![whole.as_str().into()],
        };
        let mut tokens = Vec::new();
        for path in &paths {
            let Some(text) = self.source.files.text(path) else { return Err(self.missing_import(pattern)) };
            tokens.extend(lexer::tokens(path, text));
        }
        if paths.is_empty() {
            self.lines.push(format!("[WARNING] No files matching import glob pattern: {pattern}").into());
        }
        Ok(tokens)
    }

    /// Environment variables, `{$NAME}` and `{%NAME%}`; one that is not set is empty.
    fn substitute(&self, text: &str) -> Text {
        let mut out = text.to_string();
        for (open, close) in [("{$", "}"), ("{%", "%}")] {
            while let Some(start) = out.find(open) {
                let Some(end) = out[start..].find(close) else { break };
                let name = &out[start + open.len()..start + end];
                // A value is not looked through again: `{$A}` of A stays.
                let value = self.source.variables.get(name).map_or(String::new(), |v| v.replace(open, ""));
                out.replace_range(start..start + end + close.len(), &value);
            }
        }
        out.into()
    }

    fn missing_import(&self, pattern: &str) -> Refused {
        let wild =
            pattern.matches('*').count() > 1 || pattern.matches('?').count() > 1 || pattern.contains('[');
        if wild {
            self.tokens
                .err(&format!("Glob pattern may only contain one wildcard (*), but has others: {pattern}"))
        } else {
            self.tokens.err(&format!("File to import not found: {pattern}"))
        }
    }
}

/// Whether a name fits a pattern with one `*`, one `?`, or both.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => (0..=name.len()).any(|n| name.is_char_boundary(n) && matches(&pattern[1..], &name[n..])),
        Some(c) => {
            let mut rest = name.chars();
            rest.next().is_some_and(|first| c == '?' || c == first)
                && matches(&pattern[c.len_utf8()..], rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> bool {
        ["errors", "cache", "log", "health"].contains(&name)
    }

    fn read(text: &str, files: &Files, variables: &Environment) -> Result<Vec<Block>, String> {
        let source = Source { path: "/etc/coredns/Corefile", text, files, variables, port: 53 };
        parse(&source, known, &mut Vec::new())
    }

    fn refused(text: &str) -> String {
        read(text, &Files::default(), &Environment::default())
            .expect_err("it is refused")
            .trim_start_matches("/etc/coredns/")
            .to_string()
    }

    /// coredns/caddy caddyfile/parse.go: `doImport`, `replaceEnvVars`.
    #[test]
    fn files_and_variables() {
        let mut files = Files::default();
        files.put("/etc/coredns/custom/a.override", "log\n");
        files.put("/etc/coredns/custom/b.override", "cache {$TTL}\n");
        files.put("/etc/coredns/custom/c.server", "c.test {\n errors\n}\n");
        let vars = [("TTL".into(), "30".into()), ("ZONE".into(), "a.test".into())].into_iter().collect();
        let variables = Environment { vars: std::sync::Arc::new(vars) };
        let text = "{$ZONE} {\n import custom/*.override\n}\nimport /etc/coredns/custom/*.server\n";
        let blocks = read(text, &files, &variables).expect("it is read");
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].keys, [Text::from("a.test")]);
        assert_eq!(&*blocks[0].directives["cache"][1].text, "30");
        assert!(blocks[0].directives.contains_key("log"));
        files.put("/etc/coredns/custom/b.override", "log\nfoo\n");
        assert_eq!(
            read(text, &files, &variables),
            Err("/etc/coredns/custom/b.override:2 - Error during parsing: Unknown directive 'foo'".into())
        );
    }

    #[test]
    fn snippets_keys_and_comments() {
        let text = "(common) {\n errors # all of them\n cache 30 {\n success 5\n }\n}\n.:53, example.org {\n import common\n}\n";
        let blocks = read(text, &Files::default(), &Environment::default()).expect("it is read");
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].keys, [Text::from(".:53"), "example.org".into()]);
        let cache: Vec<&str> = blocks[0].directives["cache"].iter().map(|t| &*t.text).collect();
        assert_eq!(cache, ["cache", "30", "{", "success", "5", "}"]);
    }

    /// Words of coredns/caddy at 15135a99, and recorded from CoreDNS 1.13.1.
    #[test]
    fn refusals() {
        assert_eq!(refused(".:53 {\n  foo\n}"), "Corefile:2 - Error during parsing: Unknown directive 'foo'");
        assert_eq!(
            refused(".:53 {\n  errors\n"),
            "Corefile:2 - Syntax error: Unexpected token 'errors', expecting '}'"
        );
        assert_eq!(
            refused(".:53 { errors }"),
            "Corefile:1 - Error during parsing: Unexpected '}' because no matching opening brace"
        );
        assert_eq!(
            refused(".:53, {\n errors\n}"),
            "Corefile:1 - Error during parsing: Expected another address but had '{' - check for extra comma"
        );
        assert_eq!(
            refused(".:53 {\n import nosnippet\n}"),
            "Corefile:2 - Error during parsing: File to import not found: nosnippet"
        );
    }
}
