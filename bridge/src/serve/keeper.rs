//! The keeper of the world: one thread has it, lets its time pass, gives it inputs and carries what it says to guests.

use super::clock::{Clock, Speed, Wall};
use super::ports::{ServiceAddress, service_addresses};
use crate::commands::warn;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;
use tidepool_core::base::{Instant as WorldInstant, StrangerId};
use tidepool_core::process::Said;
use tidepool_core::recording::script::WARM_UP;
use tidepool_core::recording::{Recording, RecordingError, Session};
use tidepool_core::world::{Budget, Errand, Input, InputError, Payload};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};

/// Whoever may ask the keeper.
#[derive(Clone)]
pub struct Keeper {
    orders: Sender<Order>,
    services: watch::Receiver<Vec<ServiceAddress>>,
}

/// A stranger in the world. It leaves when this is dropped.
pub struct Guest {
    id: u32,
    orders: Sender<Order>,
    said: UnboundedReceiver<Said>,
}

/// Where a connection goes.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// To the cluster's DNS, from a pod.
    Dns,
    /// To an address, from a pod.
    Inside(SocketAddr),
    /// To an address, from outside.
    Outside(SocketAddr),
}

enum Wish {
    Errand(Errand),
    Connect(Target, bool),
}

enum Order {
    Open(Wish, UnboundedSender<Said>, oneshot::Sender<Result<u32, InputError>>),
    Send(u32, Bytes),
    Leave(u32),
}

impl Keeper {
    /// Lets a world begin, and its cluster come up, in a thread of its own; the thread ends with the last `Keeper` and
    /// gives the recording back.
    pub fn start(
        recording: Recording,
        speed: Speed,
        from: Option<(String, String)>,
    ) -> Result<(Keeper, JoinHandle<Recording>), RecordingError> {
        let mut session = Session::new(recording)?;
        warn(session.world());
        let warm = session.world().now() + WARM_UP;
        session.run_until(warm, Budget(u64::MAX));
        let (orders, to_do) = channel();
        let (tell, services) = watch::channel(service_addresses(session.world()));
        let room =
            Room { guests: BTreeMap::new(), next: 0, from, told: session.world().revision(), tell, session };
        // The world itself stays on this one thread: its events have one order.
        #[allow(clippy::disallowed_methods)]
        let thread = std::thread::spawn(move || room.live(speed, &to_do));
        Ok((Keeper { orders, services }, thread))
    }

    /// The addresses of all Services, and when they change.
    pub fn services(&self) -> watch::Receiver<Vec<ServiceAddress>> {
        self.services.clone()
    }

    /// Sends a stranger into the world.
    pub async fn open(&self, errand: Errand) -> Result<Guest, InputError> {
        self.wish(Wish::Errand(errand)).await
    }

    /// Opens a connection, or an exchange of datagrams.
    pub async fn connect(&self, to: Target, udp: bool) -> Result<Guest, InputError> {
        self.wish(Wish::Connect(to, udp)).await
    }

    async fn wish(&self, wish: Wish) -> Result<Guest, InputError> {
        let (tell, said) = unbounded_channel();
        let (answer, answered) = oneshot::channel();
        let gone = InputError::NoSuchStranger(StrangerId(0));
        self.orders.send(Order::Open(wish, tell, answer)).map_err(|_| gone.clone())?;
        let id = answered.await.map_err(|_| gone)??;
        Ok(Guest { id, orders: self.orders.clone(), said })
    }
}

impl Guest {
    /// Sends bytes; none means that there are no more.
    pub fn send(&self, bytes: Bytes) {
        // A world that has ended listens no more.
        let _ = self.orders.send(Order::Send(self.id, bytes));
    }

    /// What the world says next; `None` after the end.
    pub async fn said(&mut self) -> Option<Said> {
        self.said.recv().await
    }

    /// As [`Guest::said`], for streams.
    pub fn poll_said(&mut self, cx: &mut Context<'_>) -> Poll<Option<Said>> {
        self.said.poll_recv(cx)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Leave(self.id));
    }
}

/// Who is in the world.
struct Visit {
    tell: UnboundedSender<Said>,
    /// Whether it has heard anything: then it listens to a stream, or its answer is on the way.
    heard: bool,
}

/// What the keeper's thread has.
struct Room {
    session: Session,
    guests: BTreeMap<u32, Visit>,
    next: u32,
    from: Option<(String, String)>,
    told: u64,
    tell: watch::Sender<Vec<ServiceAddress>>,
}

/// Steps between two looks at what was ordered.
const SLICE: Budget = Budget(2_000);
/// The longest that the keeper sleeps.
const NAP: Duration = Duration::from_millis(50);
/// How fast time passes at most, without a limit of its own, while nobody waits for anything but more of a stream: a
/// watch would see days go by in a blink.
const STREAMING: f64 = 100.0;
/// How far the world may lag behind before its clock slips.
const LAG: Duration = Duration::from_millis(200);

impl Room {
    fn live(mut self, speed: Speed, orders: &Receiver<Order>) -> Recording {
        let now = self.session.world().now();
        let mut clock = match speed {
            Speed::Times(factor) => Some(Clock::new(factor, now)),
            Speed::Max => None,
        };
        let mut streaming = Clock::new(STREAMING, now);
        loop {
            // Without a speed of its own the world has the streams' while there is nothing but streams.
            let mut clock = clock.as_mut();
            if clock.is_none() && !self.guests.is_empty() && self.guests.values().all(|guest| guest.heard) {
                clock = Some(&mut streaming);
            } else {
                streaming.slip(self.session.world().now());
            }
            let wait = self.wait(clock.as_deref());
            match orders.recv_timeout(wait) {
                Ok(order) => {
                    self.pass(clock.as_deref_mut());
                    self.carry_out(order);
                    while let Ok(order) = orders.try_recv() {
                        self.carry_out(order);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.session.recording().clone(),
            }
            self.pass(clock);
            self.tell();
        }
    }

    /// How long nothing will happen unless someone asks for it.
    fn wait(&self, clock: Option<&Clock>) -> Duration {
        match (clock, self.session.world().next_due()) {
            (None, _) if self.guests.is_empty() => NAP,
            (None, _) => Duration::ZERO,
            (Some(clock), Some(due)) => clock.until(due).min(NAP),
            (Some(_), None) => NAP,
        }
    }

    /// Lets time pass.
    fn pass(&mut self, clock: Option<&mut Clock>) {
        match clock {
            Some(clock) => {
                let began = Wall::now();
                while !self.session.run_until(clock.target(), SLICE).reached {
                    if began.elapsed() > LAG {
                        clock.slip(self.session.world().now());
                        break;
                    }
                }
            }
            None if self.guests.is_empty() => {}
            None => {
                // To the next thing that happens, and everything else at that instant.
                let due: Option<WorldInstant> = self.session.world().next_due();
                if let Some(due) = due {
                    self.session.run_until(due, SLICE);
                }
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Open(wish, tell, answer) => {
                let opened = self.errand(wish).and_then(|errand| {
                    let stranger = self.next;
                    self.next += 1;
                    self.session.input(Input::Open { stranger, errand }).map(|()| stranger)
                });
                if let Ok(id) = opened {
                    self.guests.insert(id, Visit { tell, heard: false });
                }
                // Whoever asked may have gone; then its guest was never made, and nobody says that it leaves.
                if let (Err(Ok(id)), _) = (answer.send(opened), ()) {
                    self.carry_out(Order::Leave(id));
                }
            }
            Order::Send(stranger, bytes) => {
                // A stranger whose process has ended is no longer there; what it sends is lost, as on a real network.
                let _ = self.session.input(Input::Send { stranger, bytes: Payload(bytes.to_vec()) });
            }
            Order::Leave(stranger) => {
                if self.guests.remove(&stranger).is_some() {
                    let _ = self.session.input(Input::Leave { stranger });
                }
            }
        }
    }

    fn errand(&self, wish: Wish) -> Result<Errand, InputError> {
        match wish {
            Wish::Errand(errand) => Ok(errand),
            Wish::Connect(Target::Outside(to), udp) => Ok(Errand::Connect { from: None, to, udp }),
            Wish::Connect(Target::Inside(to), udp) => Ok(Errand::Connect { from: self.pod(), to, udp }),
            Wish::Connect(Target::Dns, udp) => {
                let to = SocketAddr::new(self.dns(), 53);
                Ok(Errand::Connect { from: self.pod(), to, udp })
            }
        }
    }

    /// The pod from which inside connections come: the one that was named, else the first that is ready, those of
    /// namespace `default` before others.
    fn pod(&self) -> Option<(String, String)> {
        if self.from.is_some() {
            return self.from.clone();
        }
        let stage = self.session.world().stage();
        let pods = stage.nodes.iter().flat_map(|node| &node.pods).filter(|pod| pod.ready && !pod.terminating);
        let first = pods.min_by_key(|pod| (&*pod.namespace != "default", &pod.namespace, &pod.name));
        first.map(|pod| (pod.namespace.to_string(), pod.name.to_string()))
    }

    fn dns(&self) -> IpAddr {
        let of_service =
            |address: &&ServiceAddress| address.namespace == "kube-system" && address.name == "kube-dns";
        let known = self.tell.borrow().iter().find(of_service).map(|address| address.ip);
        known.unwrap_or(IpAddr::from([10, 96, 0, 10]))
    }

    /// Carries what was said to those for whom it is meant.
    fn tell(&mut self) {
        for (StrangerId(id), said) in self.session.take_said() {
            let is_end = matches!(said, Said::Ended(_));
            if let Some(guest) = self.guests.get_mut(&id) {
                guest.heard = true;
                // Whoever has gone will have left.
                let _ = guest.tell.send(said);
            }
            if is_end {
                self.guests.remove(&id);
            }
        }
        let revision = self.session.world().revision();
        if revision != self.told {
            self.told = revision;
            let now = service_addresses(self.session.world());
            self.tell.send_if_modified(|before| {
                let changed = *before != now;
                *before = now;
                changed
            });
        }
    }
}
