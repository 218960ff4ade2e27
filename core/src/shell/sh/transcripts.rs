//! What the shell prints beside what bash prints. `transcripts.txt` is recorded from bash 5.2.15 and GNU coreutils 9.1,
//! in a directory with the two files below.

use crate::shell::bench;

const FILES: &[(&str, &str)] =
    &[("/root/tpbench/fruit", "banana\napple\ncherry\napple\n"), ("/root/tpbench/nums", "10\n9\n100\n9\n")];

#[test]
fn the_shell_prints_what_bash_prints() {
    let mut wrong = Vec::new();
    for block in include_str!("transcripts.txt").split_terminator("====\n") {
        let (script, expected) =
            block.split_once("\n----\n").expect("a script, a line of dashes, its output");
        let printed = bench::printed(FILES, script);
        if printed != expected {
            wrong.push(format!("{script}\n--- bash\n{expected}--- here\n{printed}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n========\n"));
}
