//! Requests on their way to the API server and answers on their way back, typed and over HTTP; and what the API server
//! passes on to a kubelet (logs).

use super::Rooms;
use crate::api::{Request, Response, Status, Verb};
use crate::apiserver::{HttpOutcome, KubeletRequest};
use crate::base::{Duration, Fd, Pid};
use crate::effect::{Client, ContainerId, Out, Token, Wake};
use crate::trace::{Cargo, Fact, Hop, Place};
use bytes::Bytes;
use std::sync::Arc;

impl Rooms {
    /// A typed request reaches the API server; its answer leaves.
    pub(super) fn api_request(&mut self, from: Client, token: Token, request: &Request, out: &mut Out<'_>) {
        let place = self.client_place(from);
        let cargo = Cargo::ApiRequest(verb(request).into(), path(request).into(), request.agent.clone());
        let takes = out.timing.api;
        let hop = |from, to, cargo| Fact::Moved(Hop { from, to, cargo, addresses: None, takes });
        out.fact(hop(place.clone(), Place::ApiServer, cargo));
        let result = self.api.request(request, out);
        let wait = takes + if is_write(request) { out.timing.storage } else { Duration::ZERO };
        let cargo = Cargo::ApiResponse(code(request, &result));
        out.fact(hop(Place::ApiServer, place, cargo));
        out.after(wait, Wake::ApiReply(from, token, Box::new(result)));
    }

    /// An HTTP request of a process reaches the API server.
    pub(super) fn api_http(&mut self, pid: Pid, fd: Fd, request: &http::Request<Bytes>, out: &mut Out<'_>) {
        let wait =
            out.timing.api + if request.method().is_safe() { Duration::ZERO } else { out.timing.storage };
        match self.api.http(request, out) {
            HttpOutcome::Response(response) => self.answer_http(pid, fd, response, wait, out),
            HttpOutcome::Kubelet(request) => {
                let response = self.ask_kubelet(&request);
                if request.follow {
                    self.kernel.api_answer(pid, fd, Arc::new(response), true, out);
                    self.watches.add_log(pid, fd, container(&request), &self.kernel);
                } else {
                    self.answer_http(pid, fd, response, wait, out);
                }
            }
            HttpOutcome::Watch(spec) => {
                let response =
                    http::Response::builder().header("content-type", "application/json").body(Bytes::new());
                self.kernel.api_answer(pid, fd, Arc::new(response.unwrap_or_default()), true, out);
                self.watches.add_stream(pid, fd, *spec, out);
            }
        }
    }

    fn answer_http(
        &self,
        pid: Pid,
        fd: Fd,
        response: http::Response<Bytes>,
        wait: Duration,
        out: &mut Out<'_>,
    ) {
        let to = self.client_place(Client::Process(pid, fd));
        let cargo = Cargo::ApiResponse(response.status().as_u16());
        let hop = Hop { from: Place::ApiServer, to, cargo, addresses: None, takes: wait };
        out.fact(Fact::Moved(hop));
        out.after(wait, Wake::ApiHttpReply(pid, fd, Arc::new(response)));
    }

    /// What only a kubelet knows: a container's log.
    fn ask_kubelet(&self, request: &KubeletRequest) -> http::Response<Bytes> {
        let id = container(request);
        // Of one that waits to be started again, the last run is what has ended.
        let previous = request.previous && self.kernel.container_process(&id).is_some();
        let log = self.kernel.log(&id, previous);
        let log: Vec<u8> = log.flat_map(|chunk| chunk.iter().copied()).collect();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let skip = request.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let body: String = lines[skip..].concat();
        let response = http::Response::builder().header("content-type", "text/plain").body(Bytes::from(body));
        response.unwrap_or_default()
    }
}

fn container(request: &KubeletRequest) -> ContainerId {
    ContainerId { pod: request.uid.clone(), name: request.container.clone() }
}

fn is_write(request: &Request) -> bool {
    !matches!(request.verb, Verb::Get | Verb::List)
}

fn verb(request: &Request) -> &'static str {
    match request.verb {
        Verb::Get | Verb::List => "GET",
        Verb::Create(_) => "POST",
        Verb::Update(_) => "PUT",
        Verb::Patch(..) => "PATCH",
        Verb::Delete | Verb::DeleteCollection => "DELETE",
    }
}

/// The URL path that the request would have over HTTP.
fn path(request: &Request) -> String {
    let kind = request.kind;
    let mut path = match kind.group {
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    if kind.namespaced && !request.namespace.is_empty() {
        path.push_str(&format!("/namespaces/{}", request.namespace));
    }
    for part in [kind.plural, &request.name, request.subresource].into_iter().filter(|part| !part.is_empty())
    {
        path.push('/');
        path.push_str(part);
    }
    path
}

fn code(request: &Request, result: &Result<Response, Status>) -> u16 {
    match (result, &request.verb) {
        (Ok(_), Verb::Create(_)) => 201,
        (Ok(_), _) => 200,
        (Err(status), _) => status.code,
    }
}
