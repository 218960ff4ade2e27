//! The checker finds each way in which a lesson can be wrong, and the course that is shipped has none.

#![cfg(not(target_arch = "wasm32"))]

use std::path::Path;
use tidepool_tutorials::verify;
use tidepool_tutorials::verify::Files;

const COURSE: &str =
    "lessons:\n- {folder: 01-first, minutes: 1, titles: {en: A namespace, zh-CN: A namespace}}\n";

const GOOD: &str = "---
title: A namespace
minutes: 1
seed: 7
---
What is a namespace?

## Make one

Type this.

```sh
kubectl get namespace default -o name
```
```out
namespace/default
```
```goal
# There is a namespace for the shop
kubectl get namespaces -o name
---- contains
namespace/shop
```
```hint
kubectl create namespace NAME
```
```solution
kubectl create namespace shop
```
";

fn problems(change: impl Fn(&str) -> String) -> Vec<String> {
    let files: Files = [
        ("course.yaml", COURSE.to_string()),
        ("01-first/en.md", change(GOOD)),
        ("01-first/zh-CN.md", GOOD.to_string()),
    ]
    .map(|(path, text)| (path.to_string(), text))
    .into();
    verify(&files).1.iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_lesson_passes_and_each_fault_is_found() {
    assert_eq!(problems(str::to_string), Vec::<String>::new());
    for (from, to, message) in [
        ("namespace/shop", "namespace/default", "met before the step begins"),
        ("create namespace shop", "create namespace mall", "not met after the solution"),
        ("```out\nnamespace/default", "```out\nnamespace/other", "the world prints something else"),
        ("```hint\nkubectl create namespace NAME\n```\n", "", "needs a hint"),
        ("```hint", "```quiz", "has other blocks"),
        ("title: A namespace", "title: A room", "the title in en is not"),
        ("```hint", "```predict", "a question needs a line ----"),
        (
            "```hint",
            "```did\n# It is called\ncurl*\n---- contains\n200\n```\n```hint",
            "no command of this step",
        ),
        ("```hint", "```stage\nlens: red\n```\n```hint", "is none of traffic, registration, dns"),
        ("---- contains", "---- perhaps", "no way of looking"),
        ("minutes: 1\n", "", "missing field `minutes`"),
        ("```solution\nkubectl create namespace shop\n```", "```solution\nkubectl", "no closing ```"),
    ] {
        let found = problems(|text| text.replace(from, to));
        assert!(found.iter().any(|problem| problem.contains(message)), "{message}: {found:?}");
    }
}

#[test]
fn the_course_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Files::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for path in
            std::fs::read_dir(&folder).expect("a folder").filter_map(|entry| entry.ok().map(|e| e.path()))
        {
            let relative = path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/");
            if path.is_dir() && relative != "src" && relative != "tests" {
                open.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                files.insert(relative, text);
            }
        }
    }
    let problems: Vec<String> = verify(&files).1.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
