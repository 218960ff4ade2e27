//! Instructions over values: operators, brackets, what holds others. Knows no calls.

use super::code::{Binary, Compare, Op, Unary};
use super::machine::Machine;
use super::value::{Dict, Fault, Object, Res, Value, fault, type_error};
use crate::process::Cx;

impl Machine {
    pub(super) fn compute(&mut self, cx: &mut Cx<'_, '_>, op: Op) -> Res<()> {
        match op {
            Op::Unary(op) => {
                let value = self.pop();
                let result = self.unary(op, value)?;
                self.push(result);
            }
            Op::Binary(op, in_place) => {
                let (right, left) = (self.pop(), self.pop());
                let result = self.binary(op, left, right, in_place)?;
                self.push(result);
            }
            Op::Compare(op) => {
                let (right, left) = (self.pop(), self.pop());
                let result = self.compared(op, &left, &right)?;
                self.push(Value::Bool(result));
            }
            Op::Attr(name) => {
                let object = self.pop();
                let name = self.name(name);
                let value = self.attribute(object, &name)?;
                self.push(value);
            }
            Op::StoreAttr(name) => {
                let object = self.pop();
                let (class, name) = (self.heap.class(&object), self.name(name));
                let words = format!("'{class}' object has no attribute '{name}'");
                return Err(fault("AttributeError", words));
            }
            Op::Index => {
                let (index, object) = (self.pop(), self.pop());
                let value = self.heap.item(&object, &index)?;
                let value = match value {
                    Some(value) => value,
                    None => return self.missing(object, index),
                };
                self.push(value);
            }
            Op::StoreIndex => {
                let (index, object, value) = (self.pop(), self.pop(), self.pop());
                self.heap.set_item(&object, index, value)?;
            }
            Op::DeleteIndex => {
                let (index, object) = (self.pop(), self.pop());
                self.heap.delete_item(&object, &index)?;
            }
            Op::Format(convert, has_format) => self.format_op(convert, has_format)?,
            Op::Join(n) => {
                let parts = self.pop_many(n as usize);
                let mut text = String::new();
                for part in parts {
                    text.push_str(&self.heap.str(&part)?);
                }
                let value = self.heap.text(text)?;
                self.push(value);
            }
            Op::Enter => self.enter()?,
            Op::Exit => {
                let value = self.pop();
                return self.close_value(cx, &value);
            }
            _ => self.gather(op)?,
        }
        Ok(())
    }

    /// A dict has no such key: an error, or what makes one.
    fn missing(&mut self, object: Value, index: Value) -> Res<()> {
        let factory = match self.heap.of(&object) {
            Some(Object::Dict(dict)) if dict.class == "Counter" => {
                self.push(Value::Int(0));
                return Ok(());
            }
            Some(Object::Dict(dict)) => dict.factory.clone(),
            _ => None,
        };
        let Some(Value::Type(class)) = factory else { return Err(Fault::New("KeyError", vec![index])) };
        let made = self.construct(class, Vec::new(), &[])?;
        self.heap.set_item(&object, index, made.clone())?;
        self.push(made);
        Ok(())
    }

    fn gather(&mut self, op: Op) -> Res<()> {
        match op {
            Op::Tuple(n) => {
                let values = self.parts(n);
                let value = self.heap.tuple(values);
                self.push(value);
            }
            Op::List(n) => {
                let values = self.parts(n);
                let value = self.heap.list(values)?;
                self.push(value);
            }
            Op::Set(n) => {
                let values = self.parts(n);
                let value = self.heap.set_of(values)?;
                self.push(value);
            }
            Op::Dict(n) => {
                let mut dict = Dict::new("dict");
                let mut values = self.pop_many(n as usize * 2).into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    dict.insert(self.heap.key(&key)?, key, value);
                }
                let value = self.heap.put(Object::Dict(dict));
                self.push(value);
            }
            Op::Append(depth) => {
                let value = self.pop();
                if let Some(list) = self.under(depth) {
                    self.heap.append(&list, value)?;
                }
            }
            Op::Insert(depth) => {
                let (value, key) = (self.pop(), self.pop());
                if let Some(dict) = self.under(depth) {
                    self.heap.set_item(&dict, key, value)?;
                }
            }
            Op::Extend => {
                let more = self.pop();
                let values = self.heap.items(&more)?;
                if let Some(list) = self.under(0) {
                    for value in values {
                        self.heap.append(&list, value)?;
                    }
                }
            }
            Op::Unpack(n, star) => self.unpack(n as usize, star as usize)?,
            Op::Iter => {
                let value = self.pop();
                let iterator = self.heap.iterate(value)?;
                self.push(iterator);
            }
            Op::Slice => {
                if let Ok(parts) = <[Value; 3]>::try_from(self.pop_many(3)) {
                    let value = self.heap.put(Object::Slice(parts));
                    self.push(value);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// So many values, or those of the list on top.
    fn parts(&mut self, n: u32) -> Vec<Value> {
        if n != u32::MAX {
            return self.pop_many(n as usize);
        }
        let list = self.pop();
        match self.heap.of(&list) {
            Some(Object::List(values)) => values.clone(),
            _ => Vec::new(),
        }
    }

    fn under(&self, depth: u32) -> Option<Value> {
        let at = self.stack.len().checked_sub(1 + depth as usize)?;
        self.stack.get(at).cloned()
    }

    fn unpack(&mut self, n: usize, star: usize) -> Res<()> {
        let value = self.pop();
        let Ok(mut values) = self.heap.items(&value) else {
            return type_error(format!("cannot unpack non-iterable {} object", self.heap.class(&value)));
        };
        let got = values.len();
        if star > 0 {
            if got < n - 1 {
                let words = format!("not enough values to unpack (expected at least {}, got {got})", n - 1);
                return Err(fault("ValueError", words));
            }
            let middle: Vec<Value> = values.drain(star - 1..star - 1 + (got - (n - 1))).collect();
            let list = self.heap.list(middle)?;
            values.insert(star - 1, list);
        } else if got < n {
            let words = format!("not enough values to unpack (expected {n}, got {got})");
            return Err(fault("ValueError", words));
        } else if got > n {
            return Err(fault("ValueError", format!("too many values to unpack (expected {n})")));
        }
        self.stack.extend(values.into_iter().rev());
        Ok(())
    }

    fn unary(&mut self, op: Unary, value: Value) -> Res<Value> {
        if op == Unary::Not {
            return Ok(Value::Bool(!self.heap.truth(&value)));
        }
        let sign = match op {
            Unary::Neg => "-",
            Unary::Invert => "~",
            _ => "+",
        };
        match (op, as_int(&value), &value) {
            (Unary::Neg, Some(n), _) => n.checked_neg().map(Value::Int).ok_or_else(too_large),
            (Unary::Pos, Some(n), _) => Ok(Value::Int(n)),
            (Unary::Invert, Some(n), _) => Ok(Value::Int(!n)),
            (Unary::Neg, _, Value::Float(x)) => Ok(Value::Float(-x)),
            (Unary::Pos, _, Value::Float(_)) => Ok(value),
            _ => type_error(format!("bad operand type for unary {sign}: '{}'", self.heap.class(&value))),
        }
    }

    fn compared(&mut self, op: Compare, left: &Value, right: &Value) -> Res<bool> {
        Ok(match op {
            Compare::Eq => self.heap.equal(left, right, 0)?,
            Compare::Ne => !self.heap.equal(left, right, 0)?,
            Compare::Is => is_same(left, right),
            Compare::IsNot => !is_same(left, right),
            Compare::In => self.heap.contains(right, left)?,
            Compare::NotIn => !self.heap.contains(right, left)?,
            Compare::Lt => self.heap.order(left, right, "<", 0)?.is_some_and(|order| order.is_lt()),
            Compare::Le => self.heap.order(left, right, "<=", 0)?.is_some_and(|order| order.is_le()),
            Compare::Gt => self.heap.order(left, right, ">", 0)?.is_some_and(|order| order.is_gt()),
            Compare::Ge => self.heap.order(left, right, ">=", 0)?.is_some_and(|order| order.is_ge()),
        })
    }

    fn binary(&mut self, op: Binary, left: Value, right: Value, in_place: bool) -> Res<Value> {
        if let (Some(a), Some(b)) = (as_int(&left), as_int(&right)) {
            return integers(op, a, b, matches!((&left, &right), (Value::Bool(_), Value::Bool(_))));
        }
        if let (Some(a), Some(b)) = (as_float(&left), as_float(&right))
            && let Some(result) = floats(op, a, b)?
        {
            return Ok(result);
        }
        if let Some(result) = self.heap.joined(op, &left, &right, in_place)? {
            return Ok(result);
        }
        self.bad_operands(op, &left, &right, in_place)
    }

    fn bad_operands(&self, op: Binary, left: &Value, right: &Value, in_place: bool) -> Res<Value> {
        let (a, b) = (self.heap.class(left), self.heap.class(right));
        let sign = sign(op);
        if op == Binary::Add {
            match a {
                "str" => return type_error(format!("can only concatenate str (not \"{b}\") to str")),
                "list" if !in_place => {
                    return type_error(format!("can only concatenate list (not \"{b}\") to list"));
                }
                "list" => return type_error(format!("'{b}' object is not iterable")),
                "tuple" => return type_error(format!("can only concatenate tuple (not \"{b}\") to tuple")),
                "bytes" => return type_error(format!("can't concat {b} to bytes")),
                _ => {}
            }
        }
        if op == Binary::Mul {
            let sequence = |class| matches!(class, "str" | "list" | "tuple" | "bytes");
            if sequence(a) {
                return type_error(format!("can't multiply sequence by non-int of type '{b}'"));
            }
            if sequence(b) {
                return type_error(format!("can't multiply sequence by non-int of type '{a}'"));
            }
        }
        let sign = match (op, in_place) {
            (Binary::Pow, false) => "** or pow()".to_string(),
            (_, false) => sign.to_string(),
            (_, true) => format!("{sign}="),
        };
        type_error(format!("unsupported operand type(s) for {sign}: '{a}' and '{b}'"))
    }
}

fn sign(op: Binary) -> &'static str {
    match op {
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::Mul => "*",
        Binary::Div => "/",
        Binary::FloorDiv => "//",
        Binary::Mod => "%",
        Binary::Pow => "**",
        Binary::Shl => "<<",
        Binary::Shr => ">>",
        Binary::And => "&",
        Binary::Or => "|",
        Binary::Xor => "^",
    }
}

/// A number beyond what this python3 holds.
pub fn too_large() -> Fault {
    fault("OverflowError", "this python3 has whole numbers of 64 bits only")
}

/// A value as a whole number: truth values too.
pub fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Bool(b) => Some(i64::from(*b)),
        _ => None,
    }
}

/// A value as a number.
pub fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        value => as_int(value).map(|n| n as f64),
    }
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Type(a), Value::Type(b)) | (Value::Native(a), Value::Native(b)) => a == b,
        (Value::Ref(a), Value::Ref(b)) => a == b,
        _ => false,
    }
}

/// An operator between whole numbers.
pub fn integers(op: Binary, a: i64, b: i64, are_bools: bool) -> Res<Value> {
    let zero = |words: &str| fault("ZeroDivisionError", words);
    let result = match op {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div if b == 0 => return Err(zero("division by zero")),
        Binary::Div => return Ok(Value::Float(a as f64 / b as f64)),
        Binary::FloorDiv if b == 0 => return Err(zero("integer division or modulo by zero")),
        Binary::Mod if b == 0 => return Err(zero("integer modulo by zero")),
        Binary::FloorDiv => a.checked_div(b).map(|q| q - i64::from(a % b != 0 && (a < 0) != (b < 0))),
        Binary::Mod => a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r }),
        Binary::Pow if b < 0 && a == 0 => {
            return Err(zero("0.0 cannot be raised to a negative power"));
        }
        Binary::Pow if b < 0 => return Ok(Value::Float(power(a as f64, b))),
        Binary::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        Binary::Shl | Binary::Shr if b < 0 => return Err(fault("ValueError", "negative shift count")),
        Binary::Shl if a == 0 => Some(0),
        Binary::Shl => u32::try_from(b)
            .ok()
            .and_then(|b| 1i64.checked_shl(b))
            .filter(|n| *n > 0)
            .and_then(|n| a.checked_mul(n)),
        Binary::Shr => Some(a >> b.min(63)),
        Binary::And if are_bools => return Ok(Value::Bool(a & b == 1)),
        Binary::Or if are_bools => return Ok(Value::Bool(a | b == 1)),
        Binary::Xor if are_bools => return Ok(Value::Bool(a ^ b == 1)),
        Binary::And => Some(a & b),
        Binary::Or => Some(a | b),
        Binary::Xor => Some(a ^ b),
    };
    result.map(Value::Int).ok_or_else(too_large)
}

/// A power with a whole exponent, by squaring: the same on every machine.
fn power(base: f64, exponent: i64) -> f64 {
    let (mut result, mut square, mut n) = (1.0f64, base, exponent.unsigned_abs());
    while n > 0 {
        if n & 1 == 1 {
            result *= square;
        }
        square *= square;
        n >>= 1;
    }
    if exponent < 0 { 1.0 / result } else { result }
}

fn floats(op: Binary, a: f64, b: f64) -> Res<Option<Value>> {
    let zero = |words: &str| Err(fault("ZeroDivisionError", words));
    let result = match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div if b == 0.0 => return zero("float division by zero"),
        Binary::Div => a / b,
        Binary::FloorDiv if b == 0.0 => return zero("float floor division by zero"),
        Binary::FloorDiv => floor_division(a, b).0,
        Binary::Mod if b == 0.0 => return zero("float modulo"),
        Binary::Mod => floor_division(a, b).1,
        Binary::Pow if b.fract() == 0.0 && b.abs() < 1e9 => power(a, b as i64),
        Binary::Pow if b == 0.5 && a >= 0.0 => a.sqrt(),
        Binary::Pow => return Err(fault("OverflowError", "this python3 has whole exponents only")),
        _ => return Ok(None),
    };
    Ok(Some(Value::Float(result)))
}

/// Quotient and rest of floats, as CPython's `float_divmod`.
fn floor_division(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0.0f64.copysign(b);
    } else if (rest < 0.0) != (b < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}
