//! The classes of exceptions and of values, by name. Knows no values.

/// Exceptions and the class of each.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("BaseException", "object"),
    ("SystemExit", "BaseException"),
    ("KeyboardInterrupt", "BaseException"),
    ("Exception", "BaseException"),
    ("ArithmeticError", "Exception"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("OverflowError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("EOFError", "Exception"),
    ("ImportError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("MemoryError", "Exception"),
    ("NameError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("OSError", "Exception"),
    ("BlockingIOError", "OSError"),
    ("ConnectionError", "OSError"),
    ("BrokenPipeError", "ConnectionError"),
    ("ConnectionAbortedError", "ConnectionError"),
    ("ConnectionRefusedError", "ConnectionError"),
    ("ConnectionResetError", "ConnectionError"),
    ("FileNotFoundError", "OSError"),
    ("IsADirectoryError", "OSError"),
    ("PermissionError", "OSError"),
    ("TimeoutError", "OSError"),
    ("gaierror", "OSError"),
    ("herror", "OSError"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("StopIteration", "Exception"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
    ("UnicodeError", "ValueError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
];

/// Classes of values that a program can name.
const TYPES: &[&str] =
    &["int", "float", "str", "bytes", "bool", "list", "tuple", "dict", "set", "range", "object", "type"];

/// The class of this name, if a program sees it without an import.
pub fn builtin(name: &str) -> Option<&'static str> {
    let hidden = matches!(name, "gaierror" | "herror");
    match name {
        "EnvironmentError" | "IOError" => Some("OSError"),
        _ if hidden => None,
        _ => exception(name).or_else(|| TYPES.iter().find(|known| **known == name).copied()),
    }
}

/// The exception of this name.
pub fn exception(name: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known)
}

/// Whether a class is another, or derived from it.
pub fn is_subclass(class: &str, of: &str) -> bool {
    let mut at = class;
    loop {
        if at == of || of == "object" {
            return true;
        }
        at = match (at, EXCEPTIONS.iter().find(|(known, _)| *known == at)) {
            (_, Some((_, base))) => base,
            ("bool", _) => "int",
            ("Counter" | "defaultdict", _) => "dict",
            _ => return false,
        };
    }
}

/// The name with its module, as `repr` and tracebacks show it.
pub fn qualified(class: &str) -> String {
    let module = match class {
        "gaierror" | "herror" | "socket" => "socket.",
        "Counter" | "defaultdict" => "collections.",
        _ => "",
    };
    format!("{module}{class}")
}

/// The class of the `OSError` of a number.
pub fn of_errno(number: i32) -> &'static str {
    match number {
        2 => "FileNotFoundError",
        11 => "BlockingIOError",
        13 => "PermissionError",
        21 => "IsADirectoryError",
        32 => "BrokenPipeError",
        103 => "ConnectionAbortedError",
        104 => "ConnectionResetError",
        110 => "TimeoutError",
        111 => "ConnectionRefusedError",
        _ => "OSError",
    }
}
