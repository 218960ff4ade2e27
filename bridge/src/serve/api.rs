//! The API server's port: real HTTP requests become strangers' requests in the world, and back.

use super::exec;
use super::keeper::{Guest, Keeper};
use super::protobuf;
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tidepool_core::net::http1;
use tidepool_core::process::Said;
use tidepool_core::world::{Errand, Payload};
use tokio::net::TcpListener;

/// A body as it is sent.
pub type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// The most bytes of a body that are read at all; the world has a limit of its own, and better words for it.
const MAX_BODY: usize = 7 << 20;

/// Takes connections for ever.
pub async fn listen(listener: TcpListener, keeper: Keeper) {
    while let Ok((stream, _)) = listener.accept().await {
        let keeper = keeper.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(keeper.clone(), request));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that breaks off is its own affair.
            let _ = connection.with_upgrades().await;
        });
    }
}

async fn answer(keeper: Keeper, request: Request<Incoming>) -> Result<Answer, Infallible> {
    if exec::is_exec(&request) {
        return Ok(exec::answer(keeper, request).await);
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let words = "Request entity too large: limit is 3145728";
            return Ok(status(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", words));
        }
        Err(_) => return Ok(status(StatusCode::BAD_REQUEST, "BadRequest", "the body could not be read")),
    };
    let mut headers = head.headers;
    let is_protobuf = |value: &HeaderValue| value.as_bytes().starts_with(protobuf::CONTENT_TYPE.as_bytes());
    let body = if headers.get(CONTENT_TYPE).is_some_and(is_protobuf) && !body.is_empty() {
        match protobuf::to_json(&body) {
            Ok(value) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(value.to_string())
            }
            Err(words) => return Ok(status(StatusCode::BAD_REQUEST, "BadRequest", &words)),
        }
    } else {
        body
    };
    let mut inner = Request::builder().method(head.method).uri(head.uri);
    for name in [ACCEPT, CONTENT_TYPE, USER_AGENT] {
        if let Some(value) = headers.get(&name) {
            inner = inner.header(name, value);
        }
    }
    let Ok(inner) = inner.body(body) else {
        return Ok(status(StatusCode::BAD_REQUEST, "BadRequest", "the request could not be read"));
    };
    Ok(ask(&keeper, &inner).await)
}

/// Asks the world, and passes its answer on while it comes.
pub async fn ask(keeper: &Keeper, request: &Request<Bytes>) -> Answer {
    let raw = http1::write_request(request).to_vec();
    let Ok(mut guest) = keeper.open(Errand::Api { request: Payload(raw) }).await else {
        return status(StatusCode::BAD_REQUEST, "BadRequest", "the request could not be read");
    };
    // The head comes whole: it is written by one system call.
    let Some(Said::Bytes(_, first)) = guest.said().await else {
        return status(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "the world gave no answer");
    };
    let Some((mut parts, rest)) = read_head(&first) else {
        return status(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "the world's answer is no HTTP");
    };
    let is_stream = !parts.headers.contains_key(CONTENT_LENGTH);
    for name in [CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    let body = if is_stream {
        Stream { first: (!rest.is_empty()).then_some(rest), guest }.boxed_unsync()
    } else {
        Full::new(rest).boxed_unsync()
    };
    Response::from_parts(parts, body)
}

/// The head of a response and what there is of its body.
fn read_head(bytes: &[u8]) -> Option<(http::response::Parts, Bytes)> {
    match http1::parse_response(bytes, true) {
        http1::Parsed::Whole(response, _) => Some(response.into_parts()),
        http1::Parsed::Partial | http1::Parsed::Bad => None,
    }
}

/// A watch's or a log's stream.
struct Stream {
    first: Option<Bytes>,
    guest: Guest,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.guest.poll_said(cx).map(|said| match said {
            Some(Said::Bytes(_, bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Said::Ended(_)) | None => None,
        })
    }
}

/// A refusal of the bridge itself, in the API server's form.
pub fn status(code: StatusCode, reason: &str, message: &str) -> Answer {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    let body = Full::new(Bytes::from(format!("{body}\n"))).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
