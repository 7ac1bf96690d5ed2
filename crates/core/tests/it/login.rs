//! Login from the outside.

mod account;
mod attack;
mod browser_url;
mod callback;
mod client;
mod device_code;
mod flood;
mod listener;
mod mix_up;
mod outcome;
mod pages;
mod paste;
