//! Giving back the `#` that prose in a program lost on its way through a web page. Sound programs are left as they are.
//! Knows no editor.

use super::lexer::{Token, tokens};
use super::parser::{KEYWORDS, MAX_SOURCE, compile};
use super::{builtin, code::Problem};
use crate::api::yaml::repair::{Repair, RepairKind};

/// Lines that are given a `#` at most.
const MAX_LINES: usize = 100;

/// The program with its comments restored, if lines of it are prose.
pub fn offer(text: &str) -> Option<Repair> {
    if text.len() > MAX_SOURCE {
        return None;
    }
    let mut lines: Vec<String> = text.split('\n').map(str::to_string).collect();
    let mut count = 0;
    while count < MAX_LINES {
        let whole = lines.join("\n");
        let found = match compile("", &whole) {
            Err(problem) if !problem.class.is_empty() => broken(&lines, &problem),
            _ => unknown_name(&whole, &lines),
        };
        let Some(line) = found.and_then(|at| lines.get_mut(at)) else { break };
        let indent = line.len() - line.trim_start().len();
        line.insert_str(indent, "# ");
        count += 1;
    }
    let restored = lines.join("\n");
    let is_better = count > 0 && damage(&restored) > damage(text);
    is_better.then_some(Repair { what: vec![RepairKind::Comments], text: restored })
}

/// How far a program can be read, and how many names in it stand alone for nothing.
fn damage(text: &str) -> (u32, std::cmp::Reverse<usize>) {
    let reach = match compile("", text) {
        Err(problem) if !problem.class.is_empty() => problem.span.line,
        _ => u32::MAX,
    };
    let lines: Vec<String> = text.split('\n').map(str::to_string).collect();
    (reach, std::cmp::Reverse(usize::from(unknown_name(text, &lines).is_some())))
}

/// The line of prose that keeps a program from being read: where it stops, or the one before.
fn broken(lines: &[String], problem: &Problem) -> Option<usize> {
    let at = (problem.span.line as usize).checked_sub(1)?;
    let before = (0..at).rev().find(|at| lines.get(*at).is_some_and(|line| !line.trim().is_empty()));
    let is_indent = problem.class == "IndentationError";
    let candidates = [Some(at), before.filter(|_| is_indent)];
    candidates.into_iter().flatten().find(|at| lines.get(*at).is_some_and(|line| is_prose(line)))
}

/// Whether a line that is no Python reads like prose.
fn is_prose(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return false;
    }
    let mut quote = None;
    let mut outside = String::new();
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) => outside.push(c),
            _ => {}
        }
    }
    let first: String = outside.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let next = outside.chars().nth(first.len());
    let is_name = first.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_call = is_name && matches!(next, Some('(' | '（' | '[' | '.' | '=')) || outside.contains('=');
    if is_call || outside.ends_with(':') {
        return false;
    }
    if outside.chars().any(|c| !c.is_ascii() && c.is_alphabetic()) {
        return !KEYWORDS.contains(&first.as_str()) || next != Some(' ');
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_word = |word: &&str| {
        let bare = word.trim_matches(|c: char| ",.;:!?()'\"".contains(c));
        !bare.is_empty() && bare.chars().all(|c| c.is_alphabetic() || c == '-' || c == '\'')
    };
    let starts = words.first().is_some_and(|word| !KEYWORDS.contains(word));
    starts && words.len() > 1 && words.iter().all(is_word)
}

/// A line that is only a name, which stands nowhere else: nothing can have given it a value.
fn unknown_name(text: &str, lines: &[String]) -> Option<usize> {
    let (tokens, _) = tokens(text);
    let alone = |at: usize| {
        let (Token::Name(name), span) = tokens.get(at)? else { return None };
        let line = lines.get((span.line as usize).checked_sub(1)?)?;
        let is_alone = line.trim() == &**name && matches!(tokens.get(at + 1), Some((Token::Newline, _)));
        let is_safe = span.col == 0 || !name.is_ascii();
        let is_known =
            KEYWORDS.contains(&&**name) || builtin::named(name).is_some() || name.starts_with("__");
        if !is_alone || !is_safe || is_known {
            return None;
        }
        let others = tokens.iter().enumerate().filter(|(_, (token, _))| *token == Token::Name(name.clone()));
        let is_attribute =
            |other: usize| matches!(tokens.get(other.wrapping_sub(1)), Some((Token::Op("."), _)));
        let mut others = others.map(|(other, _)| other).filter(|other| *other != at && !is_attribute(*other));
        let is_used = others.any(|other| !is_lone(&tokens, lines, other));
        (!is_used).then_some(span.line as usize - 1)
    };
    (0..tokens.len()).find_map(alone)
}

fn is_lone(tokens: &[(Token, super::code::Span)], lines: &[String], at: usize) -> bool {
    let Some((Token::Name(name), span)) = tokens.get(at) else { return false };
    lines.get((span.line as usize).saturating_sub(1)).is_some_and(|line| line.trim() == &**name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: &str = "import socket
# 服务名称
service_name = 'my-service.default.svc.cluster.local'
# DNS解析
service_ip = socket.gethostbyname(service_name)
# 连接服务（端口 80）
service_port = 80
sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.connect((service_ip, service_port))
# 1. 调用服务：发送请求
request = 'GET / HTTP/1.1\\r\\nHost: {}\\r\\n\\r\\n'.format(service_name)
for n in range(2):
    # 发送
    sock.sendall(request.encode('utf-8'))
# Receive the answer
response = sock.recv(4096)
print(response.decode('utf-8'))
# close
sock.close()
";

    #[test]
    fn prose_gets_its_sign_back() {
        assert_eq!(offer(ARTICLE), None);
        let pasted = ARTICLE.replace("# ", "");
        let repair = offer(&pasted).expect("a repair");
        assert_eq!(repair.text, ARTICLE);
        assert_eq!(repair.what, [RepairKind::Comments]);
        for line in ARTICLE.lines().filter(|line| line.trim().starts_with('#')) {
            let broken = ARTICLE.replacen(line, &line.replacen("# ", "", 1), 1);
            assert_eq!(offer(&broken).map(|repair| repair.text).as_deref(), Some(ARTICLE), "{line}");
        }
    }

    #[test]
    fn code_is_never_made_a_comment() {
        for sound in [
            "try:\n    unicode\nexcept NameError:\n    unicode = str\n",
            "x = 1\nx\n",
            "名称 = 1\n名称\n",
            "def 问():\n    return 1\n问()\n",
            "print('你好，世界')\n",
            "len\n",
            "",
        ] {
            assert_eq!(offer(sound), None, "{sound}");
        }
        for wrong in [
            "print(“a”)\n",
            "print（'你好'）\n",
            "x = (1\ny = 2\n",
            "名称 = “值”\n",
            "if x\n    pass\n",
            "x == \n",
        ] {
            assert_eq!(offer(wrong), None, "{wrong}");
        }
    }
}
