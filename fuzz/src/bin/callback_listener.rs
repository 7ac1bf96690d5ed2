//! Bytes to the port of a login that waits: it answers or closes, and goes on unless they are the answer.

#![no_main]

use std::cell::RefCell;

use authkeep_flows::State;
use authkeep_fuzz::{Address, endless_logins, exchange};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static LOGIN: RefCell<Address> = RefCell::new(begun());
}

fuzz_target!(|data: &[u8]| {
    // A head that never begins is waited for, and one that never ends: here it always does.
    if !data.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
        LOGIN.with_borrow_mut(|login| sent(login, &[data, b"\r\n\r\n"].concat()));
    }
});

/// A login whose answer would be taken: otherwise nothing here is tried.
fn begun() -> Address {
    let mut login = Address::of(endless_logins());
    let good = b"GET /callback?code=a&state={state} HTTP/1.1\r\n\r\n";
    assert_eq!(sent(&mut login, good), Some(303));
    login
}

/// Sends a request, the state and the path filled in, and returns the status.
fn sent(login: &mut Address, data: &[u8]) -> Option<u16> {
    let state = State::from_entropy([7; 32]);
    let request = replaced(data, b"{state}", state.expose().as_bytes());
    // What is made up begins with what all these paths begin with.
    let request = replaced(&request, b"/callback", login.url().path().as_bytes());
    let address = login.url().socket_addrs(|| None).expect("a port")[0];
    let answer = exchange(address, &request)?;
    let known = [200, 303, 400, 404, 405, 408, 414, 417, 431, 505];
    let status = answer
        .strip_prefix(b"HTTP/1.")
        .and_then(|rest| rest.get(2..5));
    let status = status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    let status: u16 = status.expect("a status line");
    assert!(known.contains(&status), "{status}");
    if status == 303 {
        // The answer is in. The browser asks for its last page, and the login is over.
        let page = match contains(&answer, b"location: /received") {
            true => "/received",
            false => "/denied",
        };
        let head = format!("GET {page} HTTP/1.1\r\nhost: {address}\r\n\r\n");
        exchange(address, head.as_bytes());
        login.next();
    }
    Some(status)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The same bytes with the first `name` replaced.
fn replaced(bytes: &[u8], name: &[u8], with: &[u8]) -> Vec<u8> {
    match bytes.windows(name.len()).position(|window| window == name) {
        Some(at) => [&bytes[..at], with, &bytes[at + name.len()..]].concat(),
        None => bytes.to_vec(),
    }
}
