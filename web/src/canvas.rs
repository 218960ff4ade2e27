//! The marks on their way, drawn on a canvas over the stage. Shape repeats colour. Knows the session, changes nothing.

use crate::browser::style_property;
use crate::flights::{Flight, Mark};
use crate::layout::route::{Point, Way};
use crate::session::Session;
use std::f64::consts::{PI, TAU};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The colours of the marks, read from the style of the theme.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    theme: &'static str,
    dns: String,
    tcp: String,
    http: String,
    fail: String,
    watch: String,
    probe: String,
    paper: String,
    ink: String,
}

impl Palette {
    /// Reads the colours, unless they are those of the theme already.
    pub fn refresh(&mut self, theme: &'static str) {
        if self.theme == theme {
            return;
        }
        let property = style_property;
        *self = Palette {
            theme,
            dns: property("--dns"),
            tcp: property("--tcp"),
            http: property("--http"),
            fail: property("--fail"),
            watch: property("--watch"),
            probe: property("--probe"),
            paper: property("--panel"),
            ink: property("--ink"),
        };
    }

    fn of(&self, mark: Mark) -> &str {
        match mark {
            Mark::DnsQuery | Mark::DnsAnswer => &self.dns,
            Mark::Tcp | Mark::Api => &self.tcp,
            Mark::Request | Mark::Answer => &self.http,
            Mark::Failure => &self.fail,
            Mark::Probe => &self.probe,
            Mark::Watch => &self.watch,
        }
    }
}

/// Draws everything that is on its way.
pub fn draw(canvas: &HtmlCanvasElement, session: &Session, palette: &mut Palette) {
    palette.refresh(session.theme.name());
    let size = session.layout.size;
    let scale = gloo::utils::window().device_pixel_ratio().clamp(1.0, 3.0);
    let (width, height) = ((size.width * scale) as u32, (size.height * scale) as u32);
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
    else {
        return;
    };
    let _ = context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, size.width, size.height);
    let mut counts = Vec::new();
    for flight in session.flights.iter() {
        if let Some(way) = session.way_of(flight) {
            mark(&context, session, flight, &way, palette, &mut counts);
        }
    }
}

fn mark(
    context: &CanvasRenderingContext2d,
    session: &Session,
    flight: &Flight,
    way: &Way,
    palette: &Palette,
    counts: &mut Vec<Point>,
) {
    let still = session.still;
    let colour = palette.of(flight.mark);
    let share = if still { 1.0 } else { ease(flight.progress()) };
    let fade = (flight.age / 120.0).min((flight.lasts - flight.age) / 120.0).clamp(0.0, 1.0);
    context.set_global_alpha(if still { 1.0 } else { 0.25 + 0.75 * fade });
    if still || flight.followed {
        trail(context, way, if still { 0.0 } else { share }, colour, still);
    }
    let (point, direction) = way.at(share);
    let radius = if flight.followed { 6.2 } else { 4.6 };
    shape(context, flight.mark, point, direction, radius, colour, &palette.paper);
    if flight.count > 1 {
        context.set_font("600 11px ui-sans-serif, system-ui, sans-serif");
        context.set_fill_style_str(&palette.ink);
        // Into the gutter, never over a pod's card, and not where another count stands already.
        let (gutter, away) = (session.layout.gutter, radius + 3.0);
        let is_right = point.0 > (gutter.0 + gutter.1) / 2.0;
        context.set_text_align(if is_right { "right" } else { "left" });
        let x = if is_right { point.0 - away } else { point.0 + away };
        let is_free = |taken: &Point| (taken.0 - x).abs() > 30.0 || (taken.1 - point.1).abs() > 13.0;
        if counts.iter().all(is_free) {
            counts.push((x, point.1));
            let _ = context.fill_text(&format!("×{}", flight.count), x, point.1 - 4.0);
        }
    }
    context.set_global_alpha(1.0);
}

/// Calm at both ends.
fn ease(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}

fn trail(context: &CanvasRenderingContext2d, way: &Way, share: f64, colour: &str, whole: bool) {
    let points = way.points();
    let end = if whole { points.len() } else { (points.len() as f64 * share).ceil() as usize };
    context.begin_path();
    for (n, (x, y)) in points.iter().take(end).enumerate() {
        if n == 0 { context.move_to(*x, *y) } else { context.line_to(*x, *y) }
    }
    context.set_stroke_style_str(colour);
    context.set_line_width(1.6);
    context.stroke();
}

fn shape(
    context: &CanvasRenderingContext2d,
    mark: Mark,
    (x, y): Point,
    (dx, dy): Point,
    r: f64,
    colour: &str,
    paper: &str,
) {
    context.set_fill_style_str(colour);
    context.set_stroke_style_str(colour);
    context.set_line_width(2.2);
    context.begin_path();
    match mark {
        Mark::DnsQuery | Mark::DnsAnswer => {
            context.move_to(x, y - r * 1.15);
            context.line_to(x + r * 1.15, y);
            context.line_to(x, y + r * 1.15);
            context.line_to(x - r * 1.15, y);
            context.close_path();
        }
        Mark::Request | Mark::Answer => {
            let _ = context.arc(x, y, r * 0.92, 0.0, TAU);
        }
        Mark::Tcp => context.rect(x - r * 0.7, y - r * 0.7, r * 1.4, r * 1.4),
        Mark::Api => context.rect(x - r * 0.9, y - r * 0.5, r * 1.8, r),
        Mark::Failure => {
            for sign in [1.0, -1.0] {
                context.move_to(x - r * 0.8, y - r * 0.8 * sign);
                context.line_to(x + r * 0.8, y + r * 0.8 * sign);
            }
        }
        Mark::Probe => {
            context.move_to(x, y - r * 0.8);
            context.line_to(x, y + r * 0.8);
        }
        Mark::Watch => {
            let angle = dy.atan2(dx);
            for turn in [PI * 0.75, 0.0, -PI * 0.75] {
                let (px, py) = (x + r * (angle + turn).cos(), y + r * (angle + turn).sin());
                if turn > 2.0 { context.move_to(px, py) } else { context.line_to(px, py) }
            }
        }
    }
    match mark {
        Mark::DnsQuery | Mark::Request | Mark::Tcp | Mark::Api => context.fill(),
        Mark::DnsAnswer | Mark::Answer => {
            context.set_fill_style_str(paper);
            context.fill();
            context.stroke();
        }
        Mark::Failure | Mark::Probe | Mark::Watch => context.stroke(),
    }
}
