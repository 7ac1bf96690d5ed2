//! A server without TLS that remembers every byte that came.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Plain {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let seen = Arc::clone(&all);
                tokio::spawn(async move {
                    let (mut own, mut buffer) = (Vec::new(), [0; 4096]);
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        seen.lock().unwrap().extend_from_slice(&buffer[..count]);
                        own.extend_from_slice(&buffer[..count]);
                        if own.ends_with(b"\r\n\r\n") {
                            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
                            drop(stream.write_all(answer).await);
                            return;
                        }
                    }
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<u8> {
        self.seen.lock().unwrap().clone()
    }
}
