//! What programs print beside what CPython prints. `programs.txt` and `errors.txt` are recorded from CPython 3.12.1
//! (`python3 -u t.py` in /root/tpbench), the latter one wrong program after the other.

use super::Python;
use crate::base::Text;
use crate::shell::bench::Bench;

/// What a program prints: the output, and the exit status when it is not 0.
fn printed(program: &str) -> String {
    let mut bench = Bench::new(&[("/root/tpbench/t.py", program)]);
    let argv: Vec<Text> = ["python3", "t.py"].map(Text::from).to_vec();
    match bench.run(Python::new(&argv).into(), "") {
        (text, 0) => text,
        (text, status) => format!("{text}[exit {status}]\n"),
    }
}

fn check(transcripts: &str) {
    let mut wrong = Vec::new();
    for block in transcripts.split_terminator("====\n") {
        let (program, expected) =
            block.split_once("\n----\n").expect("a program, a line of dashes, its output");
        let printed = printed(&format!("{program}\n"));
        if printed != expected {
            let same = expected.lines().zip(printed.lines()).take_while(|(a, b)| a == b).count();
            let rest = |text: &str| text.lines().skip(same).take(4).collect::<Vec<_>>().join("\n");
            let (cpython, here) = (rest(expected), rest(&printed));
            wrong.push(format!("{program}\n--- CPython, from line {same} on\n{cpython}\n--- here\n{here}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n========\n"));
}

#[test]
fn programs_print_what_cpython_prints() {
    check(include_str!("programs.txt"));
}

#[test]
fn what_is_wrong_is_said_in_cpythons_words() {
    check(include_str!("errors.txt"));
}
