//! Fetching a definition that somebody has published. It is text and nothing more until a person has agreed to it.

use authkeep_flows::HttpResponse;
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::{Address, BodyCap, Broker, HttpError};

/// A file from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Its text.
    pub text: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Why a file was not fetched. Nothing but the question was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No answer was had.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server leads elsewhere; whoever trusts the address has not said so of that place.
    #[error("{host} redirects to {to}, which is not followed")]
    Redirected {
        /// Who was asked.
        host: String,
        /// Where it leads, safe to print.
        to: String,
    },
    /// There is no such file.
    #[error("{host} answered with status {status}")]
    Status {
        /// Who was asked.
        host: String,
        /// What it said.
        status: u16,
    },
    /// It is something else.
    #[error("{host} answered with {kind}, and a definition is JSON")]
    NotJson {
        /// Who was asked.
        host: String,
        /// What it is.
        kind: &'static str,
    },
}

impl Broker {
    /// Fetches the text at an address. Redirects are not followed, and nothing is sent along.
    ///
    /// # Errors
    ///
    /// [`DownloadError`] says what was there instead.
    pub async fn download(&self, address: &Address) -> Result<Downloaded, DownloadError> {
        let host = address.host().to_owned();
        let response = self.question(address).await?;
        let not_json = |kind| DownloadError::NotJson {
            host: host.clone(),
            kind,
        };
        match response.status() {
            200 => {}
            300..400 => {
                let to = response.header("location").unwrap_or("nowhere");
                return Err(DownloadError::Redirected {
                    host,
                    to: format!("{:?}", to.chars().take(200).collect::<String>()),
                });
            }
            status => return Err(DownloadError::Status { host, status }),
        }
        let kind = response.header("content-type").unwrap_or_default();
        if kind.to_ascii_lowercase().contains("html") {
            return Err(not_json("a web page"));
        }
        match std::str::from_utf8(response.body()) {
            Ok(text) => Ok(Downloaded {
                text: text.to_owned(),
                sha256: hex(&Sha256::digest(response.body())),
            }),
            Err(_) => Err(not_json("bytes that are no text")),
        }
    }

    async fn question(&self, address: &Address) -> Result<HttpResponse, HttpError> {
        let request = address.request();
        let sent = self
            .parts
            .http
            .send(&request, BodyCap::Metadata, address.reach());
        sent.await
    }
}
