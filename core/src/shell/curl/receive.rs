//! The exchange on a connection: the request goes out, the response comes in, a redirect begins anew.

use super::transfer::{self, NotHttp};
use super::{Curl, State};
use crate::process::{Cx, Errno, Reply, Syscall};
use bytes::Bytes;

/// Bytes read at once.
const CHUNK: u32 = 65_536;

impl Curl {
    pub(super) fn send(&mut self, cx: &mut Cx<'_, '_>) {
        let (Some(transfer), Some(connection)) = (&mut self.transfer, &self.connection) else { return };
        let fd = connection.fd;
        transfer.ends = Some(connection.ends);
        transfer.marks.looked_up.get_or_insert(cx.out.now);
        transfer.marks.connected.get_or_insert(cx.out.now);
        let lines = transfer.request(&self.options);
        let mut wire = transfer::wire(&lines);
        transfer.sizes.1 = wire.len();
        let body = transfer.body.clone();
        wire.extend_from_slice(body.as_deref().unwrap_or_default().as_bytes());
        lines.iter().for_each(|line| self.verbose(format!("> {line}")));
        self.verbose("> ".to_string());
        self.verbose(match &body {
            Some(body) if !body.is_empty() => format!("* upload completely sent off: {} bytes", body.len()),
            _ => "* Request completely sent off".to_string(),
        });
        self.todo.push_back(Syscall::Write(fd, wire.into()));
        self.await_bytes(cx);
    }

    /// Asks for more of the response, as long as there is time.
    pub(super) fn await_bytes(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(fd) = self.connection.as_ref().map(|connection| connection.fd) else { return };
        self.state = State::Reading;
        self.todo.push_back(match self.time_left(cx.out.now) {
            Some(left) => Syscall::ReadTimeout(fd, CHUNK, left),
            None => Syscall::Read(fd, CHUNK),
        });
    }

    pub(super) fn read(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) {
        let now = cx.out.now;
        let bytes = match reply {
            Reply::Data(bytes) if bytes.is_empty() => return self.ended(cx),
            Reply::Data(bytes) => bytes,
            Reply::Err(Errno::Etimedout) => return self.timed_out(cx),
            Reply::Err(errno) => {
                let message = format!("Recv failure: {}", errno.words());
                self.verbose(format!("* {message}"));
                return self.broken(cx, 56, message);
            }
            _ => return self.broken(cx, 56, "Recv failure: Bad file descriptor".into()),
        };
        let Some(transfer) = &mut self.transfer else { return };
        transfer.marks.first_byte.get_or_insert(now);
        if transfer.head.is_some() {
            return self.body(cx, bytes);
        }
        match transfer.take_head(&bytes) {
            Err(NotHttp) => {
                self.verbose("* Received HTTP/0.9 when not allowed".to_string());
                self.broken(cx, 1, "Received HTTP/0.9 when not allowed".into());
            }
            Ok(None) => self.await_bytes(cx),
            Ok(Some(rest)) => self.head(cx, rest.into()),
        }
    }

    /// The head is whole.
    pub(super) fn head(&mut self, cx: &mut Cx<'_, '_>, rest: Bytes) {
        let Some((transfer, head)) =
            self.transfer.as_ref().and_then(|t| t.head.clone().map(|head| (t, head)))
        else {
            return;
        };
        let bodiless = transfer.is_bodiless();
        let failed = head.status >= 400 && self.options.fail;
        let follows = self.follows(&head);
        head.lines.iter().for_each(|line| self.verbose(format!("< {line}")));
        if follows && head.length.is_some() {
            self.verbose("* Ignoring the response-body".to_string());
            self.verbose("* setting size while ignoring".to_string());
        }
        if failed {
            self.verbose(format!("* The requested URL returned error: {}", head.status));
        } else if head.length.is_none() && !bodiless {
            self.verbose("* no chunk, no close, no size. Assume close to signal end".to_string());
        }
        self.verbose("< ".to_string());
        if self.options.include && !failed {
            let text: String = head.lines.iter().map(|line| format!("{line}\r\n")).collect();
            self.emit(format!("{text}\r\n").into());
        }
        if failed {
            let message = format!("The requested URL returned error: {}", head.status);
            return self.broken(cx, 22, message);
        }
        if bodiless || head.length == Some(0) { self.complete(cx) } else { self.body(cx, rest) }
    }

    pub(super) fn follows(&self, head: &transfer::Head) -> bool {
        self.options.location && (300..400).contains(&head.status) && head.header("location").is_some()
    }

    /// More of the body.
    pub(super) fn body(&mut self, cx: &mut Cx<'_, '_>, bytes: Bytes) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some(head) = transfer.head.clone() else { return };
        let room = head.length.map_or(u64::MAX, |length| length.saturating_sub(transfer.received));
        let bytes = bytes.slice(..bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        transfer.received += bytes.len() as u64;
        let whole = head.length.is_some_and(|length| transfer.received >= length);
        if !bytes.is_empty() && !self.follows(&head) {
            self.emit(bytes);
        }
        if whole { self.complete(cx) } else { self.await_bytes(cx) }
    }

    /// The peer has no more to send.
    pub(super) fn ended(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(transfer) = &self.transfer else { return };
        let reused = self.connection.as_ref().is_some_and(|connection| connection.reused);
        match &transfer.head {
            None if transfer.buffer.is_empty() && reused => {
                // The server had closed the idle connection: a fresh one.
                if let Some(connection) = self.connection.take() {
                    self.verbose(format!("* Connection {} seems to be dead", connection.number));
                    self.todo.push_back(Syscall::Close(connection.fd));
                }
                self.look_up(cx);
            }
            None => {
                let message = "Empty reply from server".to_string();
                self.verbose(format!("* {message}"));
                self.broken(cx, 52, message);
            }
            Some(head) => match head.length {
                Some(length) => {
                    let missing = length.saturating_sub(transfer.received);
                    let message = format!("end of response with {missing} bytes missing");
                    self.verbose(format!("* {message}"));
                    self.broken(cx, 18, message);
                }
                None => {
                    self.close("shutting down");
                    self.redirect_or_finish(cx);
                }
            },
        }
    }

    pub(super) fn timed_out(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(transfer) = &self.transfer else { return };
        let took = self.elapsed(cx.out.now).as_millis();
        let received = transfer.received;
        let out_of = transfer.head.as_ref().and_then(|head| head.length);
        let out_of = out_of.map_or(String::new(), |length| format!(" out of {length}"));
        let message =
            format!("Operation timed out after {took} milliseconds with {received}{out_of} bytes received");
        self.verbose(format!("* {message}"));
        self.broken(cx, 28, message);
    }

    /// The response is whole.
    pub(super) fn complete(&mut self, cx: &mut Cx<'_, '_>) {
        let head = self.transfer.as_ref().and_then(|transfer| transfer.head.as_ref());
        let closes =
            head.and_then(|head| head.header("connection")).is_some_and(|v| v.eq_ignore_ascii_case("close"));
        if closes {
            self.close("shutting down");
        } else if let Some(connection) = &self.connection {
            let (number, host) = (connection.number, connection.host.0.clone());
            self.verbose(format!("* Connection #{number} to host {host} left intact"));
        }
        self.redirect_or_finish(cx);
    }

    pub(super) fn redirect_or_finish(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some(head) = transfer.head.clone() else { return };
        let follows = self.options.location && (300..400).contains(&head.status);
        let location = head.header("location").filter(|_| follows).map(str::to_string);
        let Some(location) = location else {
            let failed = head.status >= 400 && self.options.fail_with_body;
            let message = format!("The requested URL returned error: {}", head.status);
            return if failed { self.finish(cx, 22, message) } else { self.finish(cx, 0, String::new()) };
        };
        let limit = self.options.max_redirects.unwrap_or(50);
        if transfer.redirects >= limit {
            return self.finish(cx, 47, format!("Maximum ({limit}) redirects followed"));
        }
        match transfer.target.follow(&location) {
            Err((code, message)) => self.finish(cx, code, message),
            Ok(target) => {
                transfer.redirects += 1;
                if matches!(head.status, 301..=303)
                    && transfer.method == "POST"
                    && self.options.method.is_none()
                {
                    transfer.method = "GET".to_string();
                    transfer.body = None;
                }
                let line = format!("* Issue another request to this URL: '{}'", target.url());
                (transfer.target, transfer.head, transfer.received) = (target, None, 0);
                self.verbose(line);
                self.look_up(cx);
            }
        }
    }
}
