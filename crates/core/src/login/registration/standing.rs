//! Whether the server still knows a client that it has registered.
//!
//! An authorization endpoint that does not know a client shows an error page and redirects nobody (RFC 6749 §4.1.2.1),
//! so the login would wait in vain. Where the server says how to look the registration up (RFC 7592 §2.1), that is done
//! before a browser opens. No answer, and any that is not clear, leaves it open.

use std::time::Duration;

use authkeep_flows::{RegisteredGrant, is_forgotten, read_registration, registration_lookup};
use authkeep_vault::{Expected, PutError};

use super::Registrar;
use crate::login::LoginError;
use crate::record::{self, ClientRecord, Stored};
use crate::{BodyCap, Broker, Reach};

/// How long the person is kept from the browser by it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a client at its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was made for this login.
    New,
    /// The server knows it.
    Known,
    /// The server says that there is no such client.
    Forgotten,
    /// It was registered earlier, and the server cannot be asked.
    Unknown,
}

impl Broker {
    /// Looks the registration up, and keeps what the server has changed of it.
    pub(super) async fn standing(
        &self,
        registrar: &Registrar<'_>,
        saved: &mut Stored<ClientRecord>,
        grant: RegisteredGrant<'_>,
    ) -> Result<Standing, LoginError> {
        let record = &mut saved.record;
        let Some(made) = record.registration.as_mut() else {
            return Ok(Standing::Unknown);
        };
        let Some((place, token)) = made.management(registrar.oauth) else {
            return Ok(Standing::Unknown);
        };
        let request = registration_lookup(&place, &token);
        let reach = Reach::of(registrar.provider);
        let sent = self.parts.http.send(&request, BodyCap::Token, reach);
        let Ok(Ok(response)) = tokio::time::timeout(PATIENCE, sent).await else {
            return Ok(Standing::Unknown);
        };
        if is_forgotten(&response) {
            return Ok(Standing::Forgotten);
        }
        let Ok(client) = read_registration(&response, grant) else {
            return Ok(Standing::Unknown);
        };
        if client.id != record.client_id {
            return Ok(Standing::Unknown);
        }
        made.update(&client);
        let key = self
            .keys(&registrar.provider.name)
            .registration(&made.slot)?;
        if let Some(secret) = &client.secret {
            record.client_secret = Some(secret.as_secret().clone());
        }
        // Tokens that the answer replaces are good for nothing from now on, whatever becomes of this login.
        let expected = Expected::Revision(saved.revision);
        match record::write(self.store(), &key, record, expected) {
            // Another login has just registered a client of its own.
            Ok(_) | Err(PutError::Conflict { .. }) => Ok(Standing::Known),
            Err(error) => Err(LoginError::NotSaved(error)),
        }
    }
}
