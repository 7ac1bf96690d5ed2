//! Why a server's word about itself could not be had, or is not used.

use authkeep_flows::metadata::MetadataError;
use url::Url;

use super::host;
use crate::HttpError;

/// Why a server's word about itself could not be had, or is not used. Nothing was sent but the question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// No answer was had.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server leads to another one. Metadata from there would not be its own.
    #[error("{host} redirects to {to}, and metadata is not taken from another server")]
    Redirected {
        /// Who was asked.
        host: String,
        /// Where it leads.
        to: String,
    },
    /// The server leads on and on.
    #[error("{host} redirects more than {most} times")]
    RedirectedTooOften {
        /// Who was asked.
        host: String,
        /// How many are followed.
        most: usize,
    },
    /// There is no metadata, or it must not be used.
    #[error("{host} cannot be used by what it publishes about itself")]
    Metadata {
        /// Who was asked.
        host: String,
        /// Why not.
        #[source]
        source: MetadataError,
    },
    /// An address that no definition could name either. It was not asked.
    #[error("the address {shown} {why}")]
    Address {
        /// The address, made safe to print.
        shown: String,
        /// Why not.
        why: String,
    },
}

impl DiscoveryError {
    pub(super) fn metadata(url: &Url, source: MetadataError) -> Self {
        let host = host(url);
        Self::Metadata { host, source }
    }

    pub(super) fn address(text: &str, why: String) -> Self {
        Self::Address {
            shown: format!("{:?}", text.chars().take(200).collect::<String>()),
            why,
        }
    }

    /// Whether what was looked for may still be at another place.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Metadata { source, .. } => source.is_absent(),
            Self::Redirected { .. } => true,
            _ => false,
        }
    }

    /// Whether the document is in order, and about something else.
    pub(crate) fn is_about_another(&self) -> bool {
        matches!(
            self,
            Self::Metadata {
                source: MetadataError::Foreign { .. },
                ..
            }
        )
    }

    /// Whether it says no more than that there is nothing.
    pub(super) fn says_nothing(&self) -> bool {
        matches!(
            self,
            Self::Metadata {
                source: MetadataError::Absent { .. },
                ..
            }
        )
    }

    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Http(error) => !matches!(error, HttpError::Forbidden { .. }),
            Self::Metadata { source, .. } => source.may_pass(),
            _ => false,
        }
    }
}
