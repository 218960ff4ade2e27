//! `pods/exec` over WebSocket: channels of bytes between a real `kubectl exec` and a process in a container.
//! Models: `k8s.io/apimachinery/pkg/util/remotecommand` (v4 and v5). Omits: SPDY, terminal sizes.

use super::api::{Answer, ask, status};
use super::keeper::{Guest, Keeper};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tidepool_core::process::Said;
use tidepool_core::world::{Errand, InputError};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// The sub-protocols that are spoken, the best first. In v5 a client says when its input ends.
const PROTOCOLS: &[&str] = &["v5.channel.k8s.io", "v4.channel.k8s.io"];
const STDIN: u8 = 0;
const ERROR: u8 = 3;
const CLOSE: u8 = 255;

/// Whether a request is one for `exec`.
pub fn is_exec(request: &Request<Incoming>) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/v1/namespaces/") && path.ends_with("/exec")
}

/// What is to run, and where.
struct Call {
    pod: (String, String),
    container: Option<String>,
    command: Vec<String>,
    stdin: bool,
}

/// Answers it: an upgrade, or a refusal.
pub async fn answer(keeper: Keeper, mut request: Request<Incoming>) -> Answer {
    let Some(call) = read(&request) else {
        return status(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
    };
    let headers = request.headers();
    let is_websocket =
        headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let key = headers.get(SEC_WEBSOCKET_KEY).cloned().filter(|_| is_websocket);
    let Some(key) = key else {
        let words = "unable to upgrade: only WebSocket is spoken here";
        return status(StatusCode::BAD_REQUEST, "BadRequest", words);
    };
    let offered =
        headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let offered: Vec<String> = offered.split(',').map(|name| name.trim().to_string()).collect();
    let Some(protocol) = PROTOCOLS.iter().find(|name| offered.iter().any(|offer| offer == *name)) else {
        let words = "unable to upgrade: none of the sub-protocols that were offered is spoken here";
        return status(StatusCode::BAD_REQUEST, "BadRequest", words);
    };
    let container = match container(&keeper, &call).await {
        Ok(container) => container,
        Err(refusal) => return *refusal,
    };
    let errand = Errand::Exec { pod: call.pod.clone(), container, command: call.command.clone() };
    let opened = keeper.open(errand).await;
    let stdin = call.stdin;
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(&mut request).await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            talk(socket, opened, &call, stdin).await;
        }
    });
    let mut answer = Response::new(Empty::<Bytes>::new().boxed_unsync());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    if let Ok(accept) = accept {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}

fn read(request: &Request<Incoming>) -> Option<Call> {
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    let ["", "api", "v1", "namespaces", namespace, "pods", pod, "exec"] = parts.as_slice() else {
        return None;
    };
    let query = request.uri().query().unwrap_or_default();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let get = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let command = pairs.iter().filter(|(name, _)| name == "command").map(|(_, value)| value.clone());
    Some(Call {
        pod: ((*namespace).to_string(), (*pod).to_string()),
        container: get("container").filter(|name| !name.is_empty()),
        command: command.collect(),
        stdin: get("stdin").as_deref() == Some("true"),
    })
}

/// The container that is meant: checked as the API server checks it.
async fn container(keeper: &Keeper, call: &Call) -> Result<String, Box<Answer>> {
    let (namespace, pod) = &call.pod;
    let uri = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
    let request = Request::builder().uri(uri).header(http::header::USER_AGENT, "kube-apiserver");
    let refused = || status(StatusCode::BAD_REQUEST, "BadRequest", "the request could not be read");
    let request = request.body(Bytes::new()).map_err(|_| Box::new(refused()))?;
    let answer = ask(keeper, &request).await;
    if answer.status() != StatusCode::OK {
        return Err(Box::new(answer));
    }
    let Ok(body) = answer.into_body().collect().await;
    let object: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    let names = object.pointer("/spec/containers").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
    match &call.container {
        Some(name) if !names.contains(&name.as_str()) => {
            let words = format!("container {name} is not valid for pod {pod}");
            Err(Box::new(status(StatusCode::BAD_REQUEST, "BadRequest", &words)))
        }
        Some(name) => Ok(name.clone()),
        None => Ok(names.first().copied().unwrap_or_default().to_string()),
    }
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Carries bytes both ways until the process ends.
async fn talk(socket: Socket, opened: Result<Guest, InputError>, call: &Call, stdin: bool) {
    let (mut to_client, mut from_client) = socket.split();
    let mut guest = match opened {
        Ok(guest) => guest,
        Err(error) => {
            let _ = to_client.send(frame(ERROR, failure(&error, call).to_string().as_bytes())).await;
            let _ = to_client.send(end()).await;
            return;
        }
    };
    if !stdin {
        guest.send(Bytes::new());
    }
    let mut listens = true;
    loop {
        tokio::select! {
            message = from_client.next(), if listens => match message {
                Some(Ok(Message::Binary(bytes))) => match bytes.split_first() {
                    Some((&STDIN, rest)) if !rest.is_empty() => guest.send(Bytes::copy_from_slice(rest)),
                    Some((&CLOSE, [STDIN])) => guest.send(Bytes::new()),
                    _ => {}
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => listens = true,
            },
            said = guest.said() => {
                let sent = match said {
                    Some(Said::Bytes(channel, bytes)) => to_client.send(frame(channel, &bytes)).await,
                    Some(Said::Ended(code)) => {
                        let _ = to_client.send(frame(ERROR, outcome(code).to_string().as_bytes())).await;
                        let _ = to_client.send(end()).await;
                        return;
                    }
                    None => return,
                };
                if sent.is_err() { return }
            },
        }
    }
}

/// Kubernetes' clients take a close without a code for a failure.
fn end() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))
}

fn frame(channel: u8, bytes: &[u8]) -> Message {
    let mut frame = BytesMut::with_capacity(bytes.len() + 1);
    frame.extend_from_slice(&[channel]);
    frame.extend_from_slice(bytes);
    Message::Binary(frame.freeze())
}

/// How the command ended, as the kubelet reports it.
fn outcome(code: i32) -> Value {
    if code == 0 {
        return json!({ "metadata": {}, "status": "Success" });
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
    })
}

/// Why the command could not be started.
fn failure(error: &InputError, call: &Call) -> Value {
    let program = call.command.first().cloned().unwrap_or_default();
    let words = match error {
        InputError::NoSuchContainer(_, container) => {
            format!("unable to upgrade connection: container not found (\"{container}\")")
        }
        InputError::NoSuchProgram(_) => format!(
            "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: {program:?}: executable file not found in $PATH: unknown"
        ),
        other => other.to_string(),
    };
    json!({ "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500, "message": words })
}
