//! The modules that can be imported: socket, time, sys, collections, random. Knows no sockets but by name.

use super::call::Named;
use super::compute::{as_float, as_int};
use super::job::Step;
use super::machine::{Called, MAX_FRAMES, Machine};
use super::value::{Fault, Object, Res, Value, fault, type_error};
use crate::base::{Duration, Purpose, Text};
use crate::process::{Cx, Syscall};
use crate::shell::{date, filter};

/// The version that this python3 speaks like.
pub const VERSION: &str = "3.12.1";

const MODULES: &[&str] = &["socket", "time", "sys", "collections", "random"];
/// More modules of the standard library, for hints.
const STANDARD: &[&str] = &[
    "os",
    "json",
    "re",
    "math",
    "threading",
    "subprocess",
    "datetime",
    "itertools",
    "functools",
    "struct",
    "select",
    "asyncio",
    "logging",
    "urllib",
    "http",
    "ssl",
    "signal",
    "random",
    "string",
    "pathlib",
    "typing",
    "traceback",
];

const SOCKET: &[&str] = &[
    "socket.gethostbyname",
    "socket.gethostbyname_ex",
    "socket.getaddrinfo",
    "socket.create_connection",
    "socket.setdefaulttimeout",
    "socket.getdefaulttimeout",
    "socket.gethostname",
    "socket.inet_aton",
];
const OTHERS: &[&str] = &[
    "time.sleep",
    "time.time",
    "time.perf_counter",
    "time.monotonic",
    "time.time_ns",
    "time.strftime",
    "sys.exit",
    "sys.getrecursionlimit",
    "sys.stdout",
    "sys.stderr",
    "random.random",
    "random.randint",
    "random.choice",
    "random.randrange",
    "random.seed",
];
const CONSTANTS: &[(&str, i64)] = &[
    ("AF_UNSPEC", 0),
    ("AF_INET", 2),
    ("AF_INET6", 10),
    ("SOCK_STREAM", 1),
    ("SOCK_DGRAM", 2),
    ("SOL_SOCKET", 1),
    ("SO_REUSEADDR", 2),
    ("SO_KEEPALIVE", 9),
    ("IPPROTO_TCP", 6),
    ("IPPROTO_UDP", 17),
    ("TCP_NODELAY", 1),
    ("SHUT_RD", 0),
    ("SHUT_WR", 1),
    ("SHUT_RDWR", 2),
    ("EAI_AGAIN", -3),
    ("EAI_NODATA", -5),
    ("EAI_NONAME", -2),
];

/// Whether a function belongs to the socket module.
pub fn is_of_socket(name: &str) -> bool {
    name.starts_with("socket.")
}

/// Whether a name is a module that could be imported.
pub fn is_standard(name: &str) -> bool {
    MODULES.contains(&name) || STANDARD.contains(&name)
}

/// An attribute of a module.
pub fn attribute(machine: &mut Machine, module: &'static str, name: &str) -> Res<Value> {
    let found = match (module, name) {
        ("socket", "socket") => Some(Value::Type("socket")),
        ("socket", "timeout") => Some(Value::Type("TimeoutError")),
        ("socket", "error") => Some(Value::Type("OSError")),
        ("socket", "gaierror") => Some(Value::Type("gaierror")),
        ("socket", "herror") => Some(Value::Type("herror")),
        ("socket", _) => CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, n)| Value::Int(*n)),
        ("collections", "Counter") => Some(Value::Type("Counter")),
        ("collections", "defaultdict") => Some(Value::Type("defaultdict")),
        ("sys", "argv") => {
            let words = machine.argv.iter().map(|word| Value::Str(word.clone())).collect();
            Some(machine.heap.list(words)?)
        }
        ("sys", "platform") => Some(Value::Str("linux".into())),
        ("sys", "version") => Some(Value::Str(format!("{VERSION} (main) [GCC 14.2.0]").into())),
        ("sys", "maxsize") => Some(Value::Int(i64::MAX)),
        ("sys", "version_info") => {
            let numbers = VERSION.split('.').filter_map(|n| n.parse().ok().map(Value::Int)).collect();
            Some(machine.heap.tuple(numbers))
        }
        _ => None,
    };
    let full = format!("{module}.{name}");
    let function =
        || SOCKET.iter().chain(OTHERS).find(|known| **known == full).map(|name| Value::Native(name));
    found.or_else(function).ok_or_else(|| {
        let known =
            SOCKET.iter().chain(OTHERS).filter_map(|full| full.strip_prefix(module)?.strip_prefix('.'));
        let mut words = format!("module '{module}' has no attribute '{name}'");
        if let Some(close) = super::hint::closest(name, known) {
            words.push_str(&format!(". Did you mean: '{close}'?"));
        }
        fault("AttributeError", words)
    })
}

impl Machine {
    pub(super) fn import(&mut self, name: u32) -> Res<Value> {
        let name = self.name(name);
        match MODULES.iter().find(|known| **known == &*name) {
            Some(module) => Ok(Value::Module(module)),
            None => {
                let first = name.split('.').next().unwrap_or_default();
                let mut words = format!("No module named '{name}'");
                if MODULES.contains(&first) {
                    words.push_str(&format!("; '{first}' is not a package"));
                }
                Err(fault("ModuleNotFoundError", words))
            }
        }
    }

    pub(super) fn import_from(&mut self, _: &mut Cx<'_, '_>, name: u32) -> Res<Value> {
        let name = self.name(name);
        let Some(Value::Module(module)) = self.stack.last().cloned() else { return Ok(Value::None) };
        attribute(self, module, &name).map_err(|_| {
            let place = match module {
                "time" | "sys" => "unknown location".to_string(),
                "collections" => "/usr/local/lib/python3.12/collections/__init__.py".to_string(),
                _ => format!("/usr/local/lib/python3.12/{module}.py"),
            };
            fault("ImportError", format!("cannot import name '{name}' from '{module}' ({place})"))
        })
    }

    /// Functions of the modules that make no network calls.
    pub(super) fn module_function(
        &mut self,
        cx: &mut Cx<'_, '_>,
        name: &str,
        args: Vec<Value>,
        _: &Named,
    ) -> Res<Called> {
        let nanos = cx.out.now.unix_nanos();
        let value = match (name, args.as_slice()) {
            ("time.sleep", [time]) => {
                let Some(seconds) = as_float(time) else {
                    let class = self.heap.class(time);
                    return type_error(format!("'{class}' object cannot be interpreted as an integer"));
                };
                if seconds < 0.0 {
                    return Err(fault("ValueError", "sleep length must be non-negative"));
                }
                self.wait(Step::Sleep, Syscall::Sleep(Duration(nanoseconds(seconds))));
                return Ok(Called::Later);
            }
            ("time.time", []) => Value::Float(nanos as f64 / 1e9),
            ("time.time_ns", []) => Value::Int(nanos as i64),
            ("time.perf_counter" | "time.monotonic", []) => Value::Float(cx.out.now.0 as f64 / 1e9),
            ("time.strftime", [Value::Str(pattern), ..]) => {
                let text = date::format(cx.out.now, pattern);
                self.heap.text(text)?
            }
            ("sys.exit", _) => return Err(Fault::New("SystemExit", args)),
            ("sys.getrecursionlimit", []) => Value::Int(MAX_FRAMES as i64),
            (name, _) if name.starts_with("random.") => self.random(cx, name, &args)?,
            _ => return type_error(format!("{name}() does not take these {} arguments", args.len())),
        };
        Ok(Called::Value(value))
    }

    fn random(&mut self, cx: &mut Cx<'_, '_>, name: &str, args: &[Value]) -> Res<Value> {
        let actor = cx.hostname();
        match (name, args) {
            ("random.random", []) => {
                let draw = cx.out.draw(Purpose::Program, &actor) >> 11;
                Ok(Value::Float(draw as f64 / (1u64 << 53) as f64))
            }
            ("random.randint" | "random.randrange", [a, b]) => {
                let (Some(low), Some(high)) = (as_int(a), as_int(b)) else {
                    return type_error("this python3's randint() takes whole numbers");
                };
                let count = high.saturating_sub(low).saturating_add(i64::from(name == "random.randint"));
                if count <= 0 {
                    return Err(fault("ValueError", format!("empty range in randrange({low}, {high})")));
                }
                let n = cx.out.below(Purpose::Program, &actor, count.unsigned_abs());
                Ok(Value::Int(low + n as i64))
            }
            ("random.choice", [from]) => {
                let items = self.heap.items(from)?;
                let n = cx.out.below(Purpose::Program, &actor, items.len() as u64);
                let found = items.get(n as usize).cloned();
                found.ok_or_else(|| fault("IndexError", "Cannot choose from an empty sequence"))
            }
            ("random.seed", _) => Ok(Value::None),
            _ => type_error(format!("{name}() does not take these {} arguments", args.len())),
        }
    }

    pub(super) fn open_file(&mut self, cx: &mut Cx<'_, '_>, args: &[Value], named: &Named) -> Res<Called> {
        let Some(Value::Str(path)) = args.first() else {
            return type_error("open() missing required argument 'file' (pos 1)");
        };
        let mode =
            args.get(1).or_else(|| named.iter().find(|(key, _)| &**key == "mode").map(|(_, mode)| mode));
        if let Some(Value::Str(mode)) = mode
            && !matches!(&**mode, "r" | "rt")
        {
            return Err(fault("ValueError", "this python3 opens files to read text only"));
        }
        let absolute = filter::absolute(cx, path);
        let Some(content) = cx.files.get(&absolute) else {
            let words: Text = "No such file or directory".into();
            let args = vec![Value::Int(2), Value::Str(words), Value::Str(path.clone())];
            return Err(Fault::New("FileNotFoundError", args));
        };
        let file = Object::File(path.clone(), content.as_ref().into(), 0);
        Ok(Called::Value(self.heap.put(file)))
    }

    pub(super) fn file_method(&mut self, id: super::value::Id, name: &str, _: &[Value]) -> Res<Value> {
        let Some(Object::File(_, content, at)) = self.heap.get_mut(id) else { return Ok(Value::None) };
        if *at == usize::MAX && name != "close" {
            return Err(fault("ValueError", "I/O operation on closed file."));
        }
        let rest = content.get(*at..).unwrap_or_default();
        let text = String::from_utf8_lossy(rest).into_owned();
        match name {
            "read" => {
                *at = content.len();
                self.heap.text(text)
            }
            "readline" => {
                let line = text.split_inclusive('\n').next().unwrap_or_default().to_string();
                *at += line.len();
                self.heap.text(line)
            }
            "readlines" => {
                *at = content.len();
                let lines = text.split_inclusive('\n').map(|line| Value::Str(line.into())).collect();
                self.heap.list(lines)
            }
            "close" => {
                *at = usize::MAX;
                Ok(Value::None)
            }
            _ => Err(fault("io.UnsupportedOperation", "not writable")),
        }
    }
}

/// Seconds as nanoseconds.
pub fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).clamp(0.0, 9e18) as u64
}
