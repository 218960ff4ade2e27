//! The search for the place of each line: all places that the kind's fields allow, the cheapest whole wins. Knows lines
//! and types; writes nothing.

use super::lines::Line;
use crate::api::fields::Shape;
use crate::base::order;

/// How many ways to go on are kept after each line.
const BEAM: usize = 32;

/// What a way costs. Only the order of magnitude matters: a field that the kind lacks must cost more than anything else.
mod cost {
    pub const UNKNOWN_FIELD: u32 = 100;
    pub const WRONG_SHAPE: u32 = 60;
    pub const NOT_TEXT: u32 = 40;
    pub const WRONG_TYPE: u32 = 10;
    pub const LEFT_EMPTY: u32 = 8;
    pub const NO_VALUE: u32 = 6;
    pub const CONTINUED: u32 = 5;
    pub const AGAINST_INDENT: u32 = 4;
    pub const LABEL_OR_FIELD: u32 = 3;
    pub const LACKS_REQUIRED: u32 = 3;
    pub const ANYTHING: u32 = 2;
    pub const UNEVEN: u32 = 2;
    pub const CLOSED: u32 = 1;
}

/// A map or list that is open.
#[derive(Clone)]
struct Open<'a> {
    shape: Shape,
    seen: Vec<&'a str>,
    items: usize,
    /// The column at which what is in it is written.
    column: usize,
    /// The column at which the line that opened it stands, and its first child.
    stands: Option<usize>,
    child_stands: Option<usize>,
}

impl Open<'_> {
    fn is_empty(&self) -> bool {
        self.items == 0 && self.seen.is_empty()
    }

    /// What it costs to be done with it.
    fn closing(&self) -> u32 {
        if self.is_empty() {
            return cost::LEFT_EMPTY;
        }
        let lacks = |field: &&crate::api::fields::Field| field.required && !self.seen.contains(&field.name);
        cost::CLOSED + cost::LACKS_REQUIRED * self.shape.fields().iter().filter(lacks).count() as u32
    }
}

/// A way to place the lines so far.
#[derive(Clone)]
struct Way<'a> {
    open: Vec<Open<'a>>,
    columns: Vec<usize>,
    cost: u32,
}

/// The column of each line, for a document of a kind, and what they cost.
pub fn columns(lines: &[Line<'_>], root: &Shape) -> Option<(u32, Vec<usize>)> {
    let first = lines.first()?.indent;
    let is_flat = lines.iter().all(|line| line.indent == first);
    let root =
        Open { shape: root.clone(), seen: Vec::new(), items: 0, column: 0, stands: None, child_stands: None };
    let mut ways = vec![Way { open: vec![root], columns: Vec::new(), cost: 0 }];
    for line in lines {
        let mut next: Vec<Way<'_>> = ways.iter().flat_map(|way| way.go_on(line, is_flat)).collect();
        order::sort_by_key(&mut next, |way| way.cost);
        next.truncate(BEAM);
        ways = next;
    }
    let total = |way: &Way<'_>| way.cost + way.open.iter().skip(1).map(Open::closing).sum::<u32>();
    ways.into_iter().map(|way| (total(&way), way.columns)).min_by_key(|(total, _)| *total)
}

impl<'a> Way<'a> {
    /// Every way to place the next line.
    fn go_on(&self, line: &Line<'a>, is_flat: bool) -> Vec<Way<'a>> {
        if line.is_rest() {
            let mut way = self.clone();
            way.columns.push(self.columns.last().map_or(0, |column| column + 2));
            way.cost += cost::CONTINUED;
            return vec![way];
        }
        let mut ways = Vec::new();
        let mut closing = 0;
        for depth in (0..self.open.len()).rev() {
            let here = &self.open[depth];
            if let Some((placing, shape)) = self.placing(depth, line) {
                let mut way = Way { open: self.open[..=depth].to_vec(), ..self.clone() };
                way.cost += closing + placing + if is_flat { 0 } else { against(here, line) };
                way.enter(line, shape);
                ways.push(way);
            }
            closing += here.closing();
        }
        ways
    }

    /// What it costs to place a line in an open map or list, and the type of its value; `None` if it cannot be there.
    fn placing(&self, depth: usize, line: &Line<'a>) -> Option<(u32, Shape)> {
        let here = &self.open[depth];
        if line.is_item {
            let item = match &here.shape {
                Shape::Any if here.seen.is_empty() => &Shape::Any,
                other => other.item()?,
            };
            let Some(key) = line.key else { return Some((scalar_cost(item, line.value), item.clone())) };
            return match item {
                Shape::Struct(_) => Some(field_cost(item, key, line)),
                Shape::Map(inner) => Some((cost::ANYTHING, (**inner).clone())),
                Shape::Any => Some((cost::ANYTHING, Shape::Any)),
                _ => Some((cost::WRONG_SHAPE, Shape::Any)),
            };
        }
        let key = line.key.filter(|key| !here.seen.contains(key))?;
        match &here.shape {
            Shape::Struct(_) => Some(field_cost(&here.shape, key, line)),
            Shape::Map(inner) if inner.is_scalar() && line.value.is_empty() => {
                Some((cost::NOT_TEXT, Shape::Any))
            }
            Shape::Map(inner) => {
                let is_field = |open: &Open<'_>| open.shape.field(key).is_some() && !open.seen.contains(&key);
                let doubtful = !here.is_empty() && self.open[..depth].iter().any(is_field);
                let doubt = if doubtful { cost::LABEL_OR_FIELD } else { 0 };
                Some((doubt + value_cost(inner, line.value), (**inner).clone()))
            }
            Shape::Any if here.items == 0 => Some((cost::ANYTHING, Shape::Any)),
            _ => None,
        }
    }

    /// Places the line in the innermost open map or list, and opens what it begins.
    fn enter(&mut self, line: &Line<'a>, shape: Shape) {
        let Some(here) = self.open.last_mut() else { return };
        let column = here.column;
        self.columns.push(column);
        here.child_stands.get_or_insert(line.indent);
        let mut key_column = column;
        if line.is_item {
            here.items += 1;
            key_column += 2;
            let Some(key) = line.key else { return };
            let item = here.shape.item().cloned().unwrap_or(Shape::Any);
            let stands = Some(line.indent);
            // The keys after the first stand right of the dash, or where it was lost, under it.
            self.open.push(Open {
                shape: item,
                seen: vec![key],
                items: 0,
                column: key_column,
                stands,
                child_stands: None,
            });
        } else if let Some(key) = line.key {
            here.seen.push(key);
        }
        if line.value.is_empty() && !shape.is_scalar() {
            let stands = Some(line.indent);
            let column = key_column + 2;
            self.open.push(Open { shape, seen: Vec::new(), items: 0, column, stands, child_stands: None });
        }
    }
}

/// What a field of a struct costs, and its type.
fn field_cost(of: &Shape, key: &str, line: &Line<'_>) -> (u32, Shape) {
    match of.field(key) {
        Some(field) => (value_cost(&field.shape, line.value), field.shape.clone()),
        None => (cost::UNKNOWN_FIELD, Shape::Any),
    }
}

fn value_cost(shape: &Shape, value: &str) -> u32 {
    match (shape, value) {
        (Shape::Any, _) | (_, "null" | "~") => 0,
        (Shape::Struct(_) | Shape::List(_) | Shape::Map(_), "") => 0,
        (Shape::Struct(_) | Shape::Map(_), _) if value.starts_with(['{', '&', '*']) => 0,
        (Shape::List(_), _) if value.starts_with(['[', '&', '*']) => 0,
        (Shape::Struct(_) | Shape::List(_) | Shape::Map(_), _) => cost::WRONG_SHAPE,
        (_, "") => cost::NO_VALUE,
        _ => scalar_cost(shape, value),
    }
}

fn scalar_cost(shape: &Shape, value: &str) -> u32 {
    let fits = match shape {
        Shape::Int(_) => value.parse::<i64>().is_ok(),
        Shape::Bool => matches!(value, "true" | "false"),
        Shape::Any => true,
        Shape::Struct(_) => value.starts_with('{'),
        Shape::List(_) | Shape::Map(_) => value.starts_with(['[', '{']),
        _ => true,
    };
    match (fits, shape.is_scalar()) {
        (true, _) => 0,
        (false, true) => cost::WRONG_TYPE,
        (false, false) => cost::WRONG_SHAPE,
    }
}

/// How much a place goes against the indentation that is left.
fn against(here: &Open<'_>, line: &Line<'_>) -> u32 {
    let outside =
        here.stands.is_some_and(|stands| line.indent < stands || line.indent == stands && !line.is_item);
    let uneven = here.child_stands.is_some_and(|child| child != line.indent);
    u32::from(outside) * cost::AGAINST_INDENT + u32::from(uneven) * cost::UNEVEN
}
