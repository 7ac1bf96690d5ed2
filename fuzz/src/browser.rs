//! Whatever may connect to a port on this machine: sends bytes, reads what comes back.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use url::Url;

/// Longer than any answer takes that is not a hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a server is now. It may be another port each time that it has ended well.
pub struct Address {
    announced: Receiver<Url>,
    now: Url,
}

impl Address {
    /// Waits for the first.
    pub fn of(announced: Receiver<Url>) -> Self {
        let now = announced.recv().expect("a server");
        Self { announced, now }
    }

    /// The address of the server that is there now.
    pub fn url(&mut self) -> &Url {
        self.now = self.announced.try_iter().last().unwrap_or(self.now.clone());
        &self.now
    }

    /// Waits for the next server, because this one has ended.
    pub fn next(&mut self) {
        self.now = self
            .announced
            .recv_timeout(PATIENCE)
            .expect("the next server");
    }
}

/// Sends `bytes` and reads until the end. `None` where nobody listens any more, or nothing is answered.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut answer = Vec::new();
    // A server that has heard enough closes the connection while it is still being written to.
    let _sent = stream.write_all(bytes);
    let _ended = stream.read_to_end(&mut answer);
    (!answer.is_empty()).then_some(answer)
}
