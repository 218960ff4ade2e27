//! Questions to a world: a line is typed in a clone of it, and what it prints is the answer. The world itself never
//! hears of it, and no recording does. Lessons ask so whether a goal is met.

use super::script::LineResult;
use crate::base::{Duration, TerminalId};
use crate::process::terminal::ChunkKind;
use crate::world::{Budget, Input, World};

/// The terminal in the clone: no page opens so many.
const TERMINAL: u32 = u32::MAX;

/// What a line on the operator's machine would print now, within so many steps and so much of the world's time. `None`
/// when it does not come to its end by then, or cannot be typed.
pub fn ask(world: &World, line: &str, budget: Budget, patience: Duration) -> Option<LineResult> {
    let mut world = world.clone();
    let id = TerminalId(TERMINAL);
    let (first_event, deadline) = (world.log().end(), world.now() + patience);
    let most = world.steps() + budget.0;
    world.input(&Input::OpenTerminal { terminal: TERMINAL, pod: None }).ok()?;
    run_until_idle(&mut world, deadline, most)?;
    world.input(&Input::Line { terminal: TERMINAL, text: line.into() }).ok()?;
    run_until_idle(&mut world, deadline, most)?;
    let view = world.terminal(id)?;
    let printed = view.output.iter().filter(|chunk| chunk.kind != ChunkKind::Typed);
    let output = printed.map(|chunk| chunk.text.as_str()).collect();
    Some(LineResult { output, status: view.status, first_event, ended: true })
}

fn run_until_idle(world: &mut World, deadline: crate::base::Instant, most: u64) -> Option<()> {
    while world.terminal(TerminalId(TERMINAL))?.busy {
        let due = world.next_due().filter(|due| *due <= deadline)?;
        if world.steps() >= most {
            return None;
        }
        world.run_until(due, Budget(1));
    }
    Some(())
}
