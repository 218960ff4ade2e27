//! CoreDNS against recordings: a hundred questions to one cluster, other Corefiles, and Corefiles that are refused.
//! Recorded from CoreDNS 1.13.1 in front of a kube-apiserver v1.35.6, asked by BIND's tools 9.18.

mod bench;
#[cfg(not(target_arch = "wasm32"))]
mod fuzz;
mod rules;
mod tools;

use bench::{Bench, blocks, file};
use tidepool_core::dns::message::text;
use tidepool_core::process::Files;

/// Every plugin's recording: Corefile, questions, answers, log lines.
#[test]
fn other_corefiles_answer_as_recorded() {
    let recording = file("plugins.txt");
    let mut failures = Vec::new();
    let mut asked = 0;
    for section in recording.split("\n## ").skip(1) {
        let (title, rest) = section.split_once('\n').expect("a title");
        let corefile: String = rest
            .lines()
            .take_while(|line| line.starts_with("    "))
            .map(|line| format!("{}\n", line.trim()))
            .collect();
        let mut bench = match Bench::new(&corefile.replacen(". {", ".:53 {", 1)) {
            Ok(bench) => bench,
            Err(refused) => {
                failures.push(format!("## {title}: {refused}"));
                continue;
            }
        };
        let (questions, log) = rest.split_once("\nlog:\n").unwrap_or((rest, ""));
        for line_block in questions.split("\n\n").skip(1) {
            let mut lines = line_block.lines().filter(|line| !line.is_empty());
            let mut first = lines.next().unwrap_or_default();
            if let Some(wait) = first.strip_prefix("(after ") {
                let seconds = wait.split(' ').next().and_then(|n| n.parse().ok()).expect("seconds");
                bench.wait(seconds);
                first = lines.next().unwrap_or_default();
            }
            let Some(question) = first.strip_prefix("? ") else { continue };
            let (answer, _) = bench.ask(question);
            asked += 1;
            let mut expected: Vec<String> = lines.map(|line| line.trim().to_string()).collect();
            let mut got = vec![format!(
                "{} flags {} counts {}/{}/{}/{} question {}",
                answer.rcode,
                text::flags(&answer, " ", false),
                answer.questions.len(),
                answer.answers.len(),
                answer.authorities.len(),
                answer.additionals.len() + usize::from(answer.edns.is_some()),
                answer.question().map(|q| q.name.to_string()).unwrap_or_default(),
            )];
            if expected.first().is_some_and(|line| line.ends_with("question -")) {
                // The recorder did not print this question's name.
                got[0] = got[0].replace(&*answer.question().expect("a question").name, "-");
            }
            got.extend(answer.records().map(bench::plain));
            expected.sort();
            got.sort();
            if expected != got {
                failures.push(format!("## {title}: {question}\n  expected {expected:#?}\n  got {got:#?}"));
            }
        }
        for line in
            log.lines().map(str::trim).filter(|line| !line.is_empty() && title != "forward to nothing")
        {
            if !bench.lines().iter().any(|printed| bench::like(line, printed)) {
                failures.push(format!("## {title}: not printed: {line}\n  printed {:#?}", bench.lines()));
            }
        }
    }
    assert!(asked > 40, "only {asked} questions");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Questions whose answers were written down from CoreDNS's rules.
#[test]
fn questions_are_answered_by_the_rules() {
    let mut bench = Bench::new(&file("cluster.Corefile")).expect("it starts");
    let (mut failures, questions) = (Vec::new(), rules::questions(&file("rules.txt")));
    assert!(questions.len() >= 60, "only {} questions", questions.len());
    for (question, expected) in questions {
        let (answer, _) = bench.ask(&question);
        let got = bench::lines(&answer);
        if expected != got {
            failures.push(format!("? {question}\n  expected {expected:#?}\n  got {got:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Corefiles that CoreDNS refuses, in its words.
#[test]
fn corefiles_are_refused_as_recorded() {
    let recording = file("refusals.txt");
    let mut failures = Vec::new();
    for section in recording.split("\n## ").skip(1) {
        let (title, rest) = section.split_once('\n').expect("a title");
        let (inside, outside): (Vec<&str>, Vec<&str>) =
            rest.lines().partition(|line| line.starts_with("    "));
        let corefile: String = inside.iter().map(|line| format!("{}\n", &line[4..])).collect();
        let expected = outside.iter().find(|line| !line.is_empty()).copied().unwrap_or_default();
        let starts = outside.contains(&"(it starts)");
        match Bench::new(&corefile) {
            Ok(_) if starts => {}
            Err(refused) if !starts && refused == expected => {}
            Ok(_) => failures.push(format!("## {title}: expected {expected:?}, but it starts")),
            Err(refused) => failures.push(format!("## {title}: expected {expected:?}, got {refused:?}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The answers to a hundred questions, as dig, host and nslookup print them, to the letter.
#[test]
fn a_hundred_answers_as_recorded() {
    let mut bench = Bench::new(&file("cluster.Corefile")).expect("it starts");
    let (mut failures, mut asked) = (Vec::new(), 0);
    for (command, expected) in blocks(&file("answers.txt")) {
        if command.contains(" www.example.test.") {
            // The recorder had come this far two seconds after an ExternalName had led to this name: 28 are left of 30.
            bench.wait(2);
        }
        asked += 1;
        let printed = tools::run(&mut bench, &command, &Files::default());
        let (want, got) = (bench::unordered(&expected), bench::unordered(&printed));
        let different = want.iter().zip(&got).find(|(want, got)| !bench::like(want, got));
        if want.len() != got.len() || different.is_some() {
            failures.push(format!("$ {command}\n  {different:?}\n  expected {want:#?}\n  got {got:#?}"));
        }
    }
    assert!(asked > 95, "only {asked} questions");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
