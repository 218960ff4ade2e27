//! How the session lets the world run: catching up, playing at a pace, stepping, going back. Knows no widgets.

use super::{Keep, Session};
use crate::flights::{Flight, Lens, Mark, mark};
use crate::follow;
use crate::pace::{self, HOP_MS, Pace, REAL_TIME};
use crate::sim::Budget;
use std::rc::Rc;
use tidepool_core::base::{Duration, FlatSet, Instant, TerminalId};
use tidepool_core::trace::{Event, EventId, Fact, JourneyId, Origin, Reason};

/// Steps of the world in one frame at most.
const FRAME_STEPS: u64 = 3_000;
/// Steps of the world in one frame at most while it catches up with what was before.
const CATCH_UP_STEPS: u64 = 24_000;
/// Steps between two looks at the wall's clock.
const CHUNK_STEPS: u64 = 10;
/// The wall milliseconds that the world may take of a frame; a step that has begun is finished.
const FRAME_MS: f64 = 8.0;
/// The same while it catches up, when there is nothing else to do.
const CATCH_UP_MS: f64 = 28.0;
/// The wall milliseconds that a mark takes which belongs to no followed request.
const PASSING_MS: f64 = 520.0;
/// How far one step may look ahead for the next hop.
const STEP_LIMIT: Duration = Duration::secs(600);
/// With more pods than this the stage is drawn anew at most so often, in wall milliseconds.
const MANY_PODS: usize = 60;
/// See [`MANY_PODS`].
const MANY_PODS_MS: f64 = 120.0;
/// How often the world's time is stored, in wall milliseconds.
const STORE_EVERY_MS: f64 = 2_000.0;

/// Where the run stands.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) playing: bool,
    pub(super) pace: Pace,
    pub(super) speed: usize,
    catch_up: Option<Instant>,
    /// Events up to here were taken in.
    cursor: EventId,
    /// The wall milliseconds for which the followed hop is still shown.
    hold: f64,
    /// The wall milliseconds for which the followed request has been silent.
    silent: f64,
    /// A line was typed into a terminal after this journey: its first request will be followed.
    awaited: Option<(JourneyId, u32)>,
    /// The followed request was typed into this terminal and is told at story pace.
    telling: Option<u32>,
    /// The lines of programs that were told of this command.
    told: FlatSet<u32>,
    /// The farthest that the world's time has been.
    farthest: Instant,
    /// The mark of an input is to be cleared after the next run.
    marked: bool,
    since_store: f64,
    since_stage: f64,
    reached: Option<(u64, f64)>,
    revision: u64,
}

impl Run {
    pub(super) fn catching_up(until: Instant) -> Run {
        Run {
            playing: true,
            pace: Pace::Story,
            speed: REAL_TIME,
            catch_up: Some(until),
            cursor: EventId(0),
            hold: 0.0,
            silent: 0.0,
            awaited: None,
            telling: None,
            told: FlatSet::new(),
            farthest: until,
            marked: false,
            since_store: 0.0,
            since_stage: 0.0,
            reached: None,
            revision: u64::MAX,
        }
    }

    /// Catches up with an instant, not with the warm-up.
    pub(super) fn replay_until(&mut self, until: Instant) {
        (self.catch_up, self.farthest) = (Some(until), until);
    }

    pub(super) fn applied(&mut self, now: Instant) {
        self.marked = true;
        self.farthest = now;
    }

    pub(super) fn await_request(&mut self, since: JourneyId, terminal: u32) {
        self.awaited = Some((since, terminal));
        self.told.clear();
        (self.hold, self.silent) = (0.0, 0.0);
    }
}

impl Session {
    /// Whether the world runs.
    pub fn is_playing(&self) -> bool {
        self.run.playing
    }

    /// The pace.
    pub fn pace(&self) -> Pace {
        self.run.pace
    }

    /// The speed, as an index of `pace::SPEEDS`.
    pub fn speed(&self) -> usize {
        self.run.speed
    }

    /// Whether the world still catches up with what was before.
    pub fn is_catching_up(&self) -> bool {
        self.run.catch_up.is_some()
    }

    /// The farthest that the world's time has been.
    pub fn farthest(&self) -> Instant {
        self.run.farthest.max(self.world().now())
    }

    /// Whether a followed request is being told hop by hop.
    pub fn is_telling(&self) -> bool {
        self.run.telling.is_some()
    }

    /// The speed that was reached, when the world falls behind the one that was asked for.
    pub fn behind(&self) -> Option<String> {
        self.run.reached.map(|(ns, ms)| pace::label(ns, ms))
    }

    pub(super) fn frame(&mut self, ms: f64, keep: &mut impl Keep) -> bool {
        let ms = ms.clamp(0.0, 100.0);
        if let Some(until) = self.run.catch_up {
            return self.catch_up(until, keep);
        }
        let moved = !self.flights.is_empty();
        self.flights.advance(ms);
        if !self.run.playing {
            return moved;
        }
        let before = self.world().now();
        if self.run.pace == Pace::Story && (self.run.telling.is_some() || self.run.awaited.is_some()) {
            self.tell(ms, keep);
        } else {
            self.pass(ms, keep);
        }
        self.hear();
        self.refresh_stage_in_time(ms);
        self.look_at_terminals();
        self.look_at_editors(keep);
        self.look_at_goals(ms);
        if self.run.marked {
            self.run.marked = false;
            keep.after();
        }
        self.run.farthest = self.run.farthest.max(self.world().now());
        self.run.since_store += ms;
        if self.run.since_store > STORE_EVERY_MS {
            self.run.since_store = 0.0;
            keep.now(self.world().now());
        }
        if self.world().now() != before {
            self.stamps.clock += 1;
        }
        true
    }

    fn catch_up(&mut self, until: Instant, keep: &mut impl Keep) -> bool {
        let reached = self.run_for(until, CATCH_UP_STEPS, CATCH_UP_MS, keep);
        if reached {
            self.run.catch_up = None;
            self.run.cursor = EventId(0);
            self.recount();
            if self.sim.recording().inputs.is_empty() {
                self.open_terminal(None, keep);
                keep.after();
                self.run.marked = false;
            }
            self.follow_latest();
            self.arrived();
        }
        self.refresh_stage();
        self.changed_everywhere();
        true
    }

    /// After a restart the last request is shown again, untold.
    fn follow_latest(&mut self) {
        let latest = self.world().log().journeys.iter().rev().find(|journey| {
            follow::is_request(journey) && journey.parent.is_some() && !journey.events.is_empty()
        });
        self.followed = latest.map(|journey| journey.id);
    }

    /// Runs until an instant, but takes no more than so many steps and wall milliseconds; whether it came there.
    fn run_for(&mut self, until: Instant, most: u64, ms: f64, keep: &mut impl Keep) -> bool {
        let (began, mut left) = (keep.clock(), most);
        while left > 0 {
            let ran = self.sim.run_until(until, Budget(CHUNK_STEPS.min(left)));
            if ran.reached {
                return true;
            }
            left -= CHUNK_STEPS.min(left);
            if keep.clock() - began > ms {
                break;
            }
        }
        false
    }

    /// Linear time.
    fn pass(&mut self, ms: f64, keep: &mut impl Keep) {
        let speed = if self.run.pace == Pace::Story { REAL_TIME } else { self.run.speed };
        let covers = pace::covered(ms, speed);
        let before = self.world().now();
        let reached = self.run_for(before + Duration(covers), FRAME_STEPS, FRAME_MS, keep);
        let came = self.world().now().since(before).0;
        self.run.reached = (!reached).then_some((came, ms));
    }

    /// Story pace: up to the next hop of the followed request, then a while to look at it.
    fn tell(&mut self, ms: f64, keep: &mut impl Keep) {
        if self.run.hold > 0.0 {
            self.run.hold -= ms;
            return;
        }
        let limit = self.world().now() + Duration(pace::skipped(ms, self.run.silent));
        let began = keep.clock();
        for n in 1..=FRAME_STEPS {
            let more = self.sim.step_event(limit);
            let hold = self.hear();
            self.find_awaited();
            if let Some(hold) = hold {
                self.run.hold = hold;
                self.run.silent = 0.0;
                return;
            }
            if !more {
                break;
            }
            if n % CHUNK_STEPS == 0 && keep.clock() - began > FRAME_MS {
                return;
            }
        }
        let rest = self.world().next_due().is_none_or(|due| due > limit);
        if rest {
            self.run_for(limit, FRAME_STEPS, FRAME_MS, keep);
        }
        self.run.silent += ms;
        self.is_told();
    }

    /// Ends the telling when the request is over.
    fn is_told(&mut self) {
        let terminal = self.run.telling.or(self.run.awaited.map(|(_, terminal)| terminal));
        let view = terminal.and_then(|id| self.world().terminal(TerminalId(id)));
        // A program whose file is edited waits for a person, not for the world.
        let idle = view.is_none_or(|view| !view.busy || view.editing.is_some());
        let over = self.followed.is_some_and(|id| follow::has_successor(self.world().log(), id));
        if (idle && self.run.silent > 60.0) || (self.run.telling.is_some() && over) {
            (self.run.telling, self.run.awaited) = (None, None);
            (self.run.silent, self.current) = (0.0, None);
            self.stamps.view += 1;
        }
    }

    /// Lets a new shell come to its prompt, so that what is typed next is read as a command of its own.
    pub(super) fn settle(&mut self) {
        let soon = self.world().now() + Duration::millis(20);
        self.sim.run_until(soon, Budget(FRAME_STEPS));
        self.take_in();
    }

    fn find_awaited(&mut self) {
        let Some((since, terminal)) = self.run.awaited else { return };
        if let Some(found) = follow::first_request_since(self.world().log(), since) {
            self.run.awaited = None;
            self.run.telling = Some(terminal);
            self.followed = Some(found);
            self.hop = None;
            self.stamps.view += 1;
        }
    }

    /// Takes in what happened since the last time, and draws the stage anew.
    fn take_in(&mut self) {
        self.hear();
        self.refresh_stage();
    }

    /// Takes in the events since the last time. When a hop of the followed request is among them: for how many
    /// milliseconds it is to be shown.
    fn hear(&mut self) -> Option<f64> {
        let end = self.world().log().end();
        if self.run.cursor == end {
            return None;
        }
        self.find_awaited();
        if self.followed.is_some() && self.followed_journey().is_none() {
            self.follow_latest();
        }
        let news: Vec<Event> = self.sim.world().log().since(self.run.cursor).cloned().collect();
        self.run.cursor = end;
        let mut hold = None;
        for event in &news {
            self.traffic.see(self.sim.world().log(), event);
            self.follow_line(event);
            let followed = event.journey.is_some() && event.journey == self.followed;
            self.launch(event, followed);
            if followed && self.run.telling.is_some() && is_shown(event) {
                hold = Some(telling_ms(event));
                self.current = Some(event.id);
            }
            if let (true, Fact::Decided(_, Reason::ServiceRule(pick))) = (followed, &event.fact) {
                self.node = pick.node.clone();
            }
        }
        self.stamps.log += 1;
        hold
    }

    /// A program is followed from line to line, each line once: a loop is told in its first round and runs on.
    fn follow_line(&mut self, event: &Event) {
        let (Some(id), Some(_)) = (event.journey, self.run.telling) else { return };
        if self.followed.is_none_or(|followed| id <= followed) {
            return;
        }
        let log = self.sim.world().log();
        let line = self.followed.and_then(|followed| follow::line_after(log, followed, id));
        if let Some(line) = line
            && self.run.told.insert(line)
        {
            (self.followed, self.hop) = (Some(id), None);
            self.stamps.view += 1;
        }
    }

    fn launch(&mut self, event: &Event, followed: bool) {
        let log = self.sim.world().log();
        let origin = event.journey.and_then(|id| log.journeys.get(id)).map(|journey| &journey.origin);
        let is_routine =
            self.lens == Lens::Traffic && !followed && matches!(origin, None | Some(Origin::Timer(_)));
        let Some(mark) = mark(&event.fact, origin).filter(|mark| self.lens.shows(*mark)) else { return };
        if is_routine && matches!(mark, Mark::Api | Mark::Watch) {
            return;
        }
        let Fact::Moved(hop) = &event.fact else { return };
        let slow = hop.takes.0 as f64 / pace::covered(1.0, self.run.speed).max(1) as f64;
        let lasts = if self.run.pace == Pace::Clock { slow.max(PASSING_MS) } else { PASSING_MS };
        let lasts = if followed && self.run.telling.is_some() { telling_ms(event) } else { lasts };
        let (from, to) = (hop.from.clone(), hop.to.clone());
        self.flights.launch(Flight { from, to, mark, count: 1, age: 0.0, lasts, followed, event: event.id });
    }

    /// Once a frame while there is little to draw; less often when there is much, so that frames stay short.
    fn refresh_stage_in_time(&mut self, ms: f64) {
        self.run.since_stage += ms;
        let pods: usize = self.stage.nodes.iter().map(|node| node.pods.len()).sum();
        let every = if pods > MANY_PODS { MANY_PODS_MS } else { 0.0 };
        if self.run.since_stage >= every {
            self.run.since_stage = 0.0;
            self.refresh_stage();
        }
    }

    fn refresh_stage(&mut self) {
        let revision = self.world().revision();
        if revision == self.run.revision {
            return;
        }
        self.run.revision = revision;
        self.look_around();
        let stage = self.world().stage();
        if stage != *self.stage {
            self.stage = Rc::new(stage);
            self.ring_again();
            self.relayout();
        }
    }

    /// Whether a terminal has printed or come to its prompt is seen by the numbers that change then.
    fn look_at_terminals(&mut self) {
        let views = self.terminals.open.iter().filter_map(|id| self.world().terminal(TerminalId(*id)));
        let stamp = views.fold(0_u64, |sum, view| {
            let bytes = view.output.back().map_or(0, |chunk| chunk.text.len() as u64);
            let chunks = view.dropped + view.output.len() as u64;
            sum.wrapping_mul(31)
                .wrapping_add(chunks << 20 | bytes << 2 | u64::from(view.busy) << 1 | u64::from(view.ended))
        });
        if stamp != self.terminals.seen {
            self.terminals.seen = stamp;
            self.stamps.terminal += 1;
        }
    }

    pub(super) fn step_hop(&mut self) {
        self.run.playing = false;
        let limit = self.world().now() + STEP_LIMIT;
        for _ in 0..FRAME_STEPS {
            if !self.sim.step_event(limit) {
                break;
            }
            let before = self.run.cursor;
            self.take_in();
            let followed = self.followed;
            let log = self.sim.world().log();
            let is_hop = |event: &Event| match followed {
                Some(_) if self.run.telling.is_some() => event.journey == followed && is_shown(event),
                _ => is_shown(event),
            };
            if let Some(event) = log.since(before).filter(|event| is_hop(event)).last() {
                self.hop = Some(event.id);
                break;
            }
        }
        self.run.farthest = self.run.farthest.max(self.world().now());
        self.look_at_terminals();
    }

    pub(super) fn back_hop(&mut self, keep: &mut impl Keep) {
        self.run.playing = false;
        let log = self.world().log();
        let at = self.hop.unwrap_or(log.end());
        let journey = self.followed.and_then(|id| log.journeys.get(id));
        let earlier = journey
            .and_then(|j| follow::events(log, j).rev().find(|e| e.id < at && is_shown(e)).map(|e| e.id));
        let Some(event) = earlier.or_else(|| at.0.checked_sub(2).map(EventId)) else { return };
        let followed = self.followed;
        self.sim.back_to(event);
        self.jumped();
        (self.followed, self.hop) = (followed, Some(event));
        keep.now(self.world().now());
    }

    pub(super) fn seek(&mut self, at: Instant) {
        let farthest = self.farthest();
        let followed = self.followed;
        self.sim.back_to_instant(at.min(farthest));
        self.jumped();
        self.followed = followed.filter(|id| self.world().log().journeys.get(*id).is_some());
        self.run.farthest = farthest;
    }

    pub(super) fn undo(&mut self, keep: &mut impl Keep) {
        let wrote = |session: &Session| {
            let before =
                session.sim.applied().checked_sub(1).and_then(|n| session.sim.recording().inputs.get(n));
            before.is_some_and(|timed| matches!(timed.input, crate::sim::Input::WriteFile { .. }))
        };
        if !self.can_undo() || !self.sim.undo() {
            return;
        }
        if wrote(self) {
            self.sim.undo();
        }
        self.terminals = super::Terminals {
            history: self.terminals.history.clone(),
            ..super::Terminals::of(self.recording())
        };
        self.jumped();
        self.run.farthest = self.world().now();
        self.follow_latest();
        keep.recording(&self.recording().to_json());
        keep.now(self.world().now());
    }

    /// After a jump in time.
    fn jumped(&mut self) {
        self.flights.clear();
        (self.run.telling, self.run.awaited) = (None, None);
        (self.run.hold, self.run.silent) = (0.0, 0.0);
        self.recount();
        self.run.revision = u64::MAX;
        self.refresh_stage();
        (self.hop, self.current) = (None, None);
        self.changed_everywhere();
    }

    fn recount(&mut self) {
        self.traffic = Default::default();
        let log = self.sim.world().log();
        log.since(EventId(0)).for_each(|event| self.traffic.see(log, event));
        self.run.cursor = log.end();
    }
}

/// How long a hop of the followed request is shown: calls to the API server pass quickly, packets take their time.
fn telling_ms(event: &Event) -> f64 {
    match mark(&event.fact, None) {
        Some(Mark::Api | Mark::Watch) => HOP_MS / 2.0,
        _ => HOP_MS,
    }
}

/// Whether an event is a hop to look at: what moved, and what was decided or refused about it.
fn is_shown(event: &Event) -> bool {
    match &event.fact {
        Fact::Moved(_) | Fact::Refused(..) => true,
        Fact::Decided(..) => follow::is_main(event),
        Fact::Changed(..) => false,
    }
}
