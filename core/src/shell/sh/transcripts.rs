//! What the shell and its commands print beside what bash prints. `transcripts.txt` and `commands.txt` are recorded from
//! bash 5.2.15, GNU coreutils 9.1, grep 3.8, sed 4.9 and findutils 4.9, in a directory with the two files below.

use crate::shell::bench;

const FILES: &[(&str, &str)] =
    &[("/root/tpbench/fruit", "banana\napple\ncherry\napple\n"), ("/root/tpbench/nums", "10\n9\n100\n9\n")];

#[test]
fn the_shell_prints_what_bash_prints() {
    check(include_str!("transcripts.txt"));
}

#[test]
fn commands_print_what_the_real_ones_print() {
    check(include_str!("commands.txt"));
}

fn check(transcripts: &str) {
    let mut wrong = Vec::new();
    for block in transcripts.split_terminator("====\n") {
        let (script, expected) =
            block.split_once("\n----\n").expect("a script, a line of dashes, its output");
        let printed = bench::printed(FILES, script);
        if printed != expected {
            wrong.push(format!("{script}\n--- bash\n{expected}--- here\n{printed}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n========\n"));
}

/// Expected by POSIX: a job's number is printed when it begins, and its end before the next command is read.
#[test]
fn a_terminal_shell_tells_of_jobs_and_drops_what_it_cannot_read() {
    let printed = bench::type_lines(
        "sleep 1 &\nsleep 2\necho a\ndone\necho $?\nnosuch\nx=1; echo $((x/0)); echo no\necho yes\n",
    );
    let expected = "[1] 2\n[1]+  Done                    sleep 1\na\n\
        bash: syntax error near unexpected token `done'\n2\nbash: nosuch: command not found\n\
        bash: x/0: division by 0 (error token is \"0\")\nyes\n";
    assert_eq!(printed, expected);
}

#[test]
fn a_terminal_shell_reads_commands_over_several_lines() {
    let printed =
        bench::type_lines("for i in 1 2\ndo echo $i\ndone\ncat <<E\nx\ny\nE\nread v\nhello\necho $v\n");
    assert_eq!(printed, "1\n2\nx\ny\nhello\n");
}

#[test]
fn an_endless_loop_takes_time_and_does_not_hang() {
    let (printed, status) = bench::run(FILES, "timeout 1 bash -c 'while :; do :; done'; echo $?");
    assert_eq!((printed.as_str(), status), ("124\n", 0));
}
