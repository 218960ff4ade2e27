//! The tests of the core from outside, as one program: each more would link the whole core once again.

#![allow(missing_docs)]

#[cfg(not(target_arch = "wasm32"))]
mod cases;
#[cfg(not(target_arch = "wasm32"))]
mod check_service;
#[cfg(not(target_arch = "wasm32"))]
mod converges;
mod dns;
#[cfg(not(target_arch = "wasm32"))]
mod fairness;
mod http;
#[cfg(not(target_arch = "wasm32"))]
mod laws;
#[cfg(not(target_arch = "wasm32"))] // with properties, whose crate is native
mod proxy;
#[cfg(not(target_arch = "wasm32"))]
mod python;
mod repair;
mod replay;
#[cfg(not(target_arch = "wasm32"))]
mod rolling;
#[cfg(not(target_arch = "wasm32"))]
mod slices;
#[cfg(not(target_arch = "wasm32"))]
mod told;
mod yaml;
