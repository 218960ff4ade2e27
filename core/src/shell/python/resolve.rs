//! Where names live, once a whole program is read: what a function sets is its own, unless it says otherwise.

use super::code::{Op, Script};

/// Gives each name of each function its place.
pub fn resolve(script: &mut Script) {
    for code in script.codes.iter_mut().skip(1) {
        let set = code.ops.iter().filter_map(|(op, _)| match op {
            Op::Store(name) | Op::Delete(name) => Some(*name),
            _ => None,
        });
        for name in set.collect::<Vec<u32>>() {
            let elsewhere = code.globals.contains(&name) || code.outer.contains(&name);
            if !elsewhere && !code.locals.contains(&name) {
                code.locals.push(name);
            }
        }
    }
    for index in 1..script.codes.len() {
        let mut ops =
            script.codes.get_mut(index).map(|code| std::mem::take(&mut code.ops)).unwrap_or_default();
        for (op, _) in &mut ops {
            *op = match *op {
                Op::Load(name) => place(script, index, name)
                    .map_or(Op::Load(name), |(depth, slot)| Op::LoadLocal(depth, slot, name)),
                Op::Store(name) => place(script, index, name)
                    .map_or(Op::Store(name), |(depth, slot)| Op::StoreLocal(depth, slot)),
                Op::Delete(name) => place(script, index, name)
                    .map_or(Op::Delete(name), |(depth, slot)| Op::DeleteLocal(depth, slot, name)),
                op => op,
            };
        }
        if let Some(code) = script.codes.get_mut(index) {
            code.ops = ops;
        }
    }
}

/// How many functions out a name is, and its slot there; nothing for a name of the whole program.
fn place(script: &Script, index: usize, name: u32) -> Option<(u16, u16)> {
    let (mut at, mut depth) = (index, 0u16);
    while at != 0 {
        let code = script.codes.get(at)?;
        if code.globals.contains(&name) {
            return None;
        }
        if let Some(slot) = code.locals.iter().position(|local| *local == name) {
            return Some((depth, u16::try_from(slot).ok()?));
        }
        at = code.parent?;
        depth = depth.checked_add(1)?;
    }
    None
}
