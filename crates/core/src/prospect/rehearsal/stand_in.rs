//! The person of a rehearsal: answers every question with its own name in angle brackets, and agrees to everything.

use std::sync::{Arc, Mutex, PoisonError};

use authkeep_registry::{Definition, ParamSource};
use secrecy::SecretString;
use url::Url;

use super::server::Server;
use crate::{
    AskError, BoxFuture, BrowserUrl, Event, FieldRequest, Interaction, Judge, Launch, Pasting,
};

/// Who logs in.
#[derive(Debug)]
pub(super) struct StandIn<'a> {
    definition: &'a Definition,
    server: Arc<Server>,
    /// The page that was opened last.
    opened: Mutex<Option<Url>>,
}

impl<'a> StandIn<'a> {
    pub(super) fn new(definition: &'a Definition, server: Arc<Server>) -> Self {
        Self {
            definition,
            server,
            opened: Mutex::new(None),
        }
    }

    /// Where the browser would end once the person has agreed.
    fn callback(&self) -> Option<Url> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let page = opened.as_ref()?;
        // What a single-page application keeps behind its fragment counts too.
        let fragment = page
            .fragment()
            .and_then(|fragment| fragment.split_once('?'));
        let query = fragment.map_or(page.query().unwrap_or_default(), |(_, query)| query);
        let asked: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let of = |name: &str| {
            asked
                .iter()
                .find(|(asked, _)| asked == name)
                .map(|(_, value)| value.clone())
        };
        let mut callback = Url::parse(&of("redirect_uri")?).ok()?;
        let mut pairs = callback.query_pairs_mut();
        pairs.append_pair("code", "<code>");
        if let Some(state) = of("state") {
            pairs.append_pair("state", &state);
        }
        if let Some(issuer) = self.server.issuer() {
            pairs.append_pair("iss", issuer);
        }
        for (name, param) in &self.definition.params {
            if let Some(ParamSource::Callback(key)) = &param.from {
                pairs.append_pair(key, &self.definition.sample(name).unwrap_or_default());
            }
        }
        drop(pairs);
        Some(callback)
    }
}

impl Interaction for StandIn<'_> {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        if let Ok(url) = Url::parse(url.as_str()) {
            self.server.note_page(&url);
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(url);
        }
        Launch::Shown
    }

    fn ask<'a>(&'a self, field: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        // A parameter ends up in addresses, where no brackets may stand.
        let value = self.definition.sample(&field.name);
        let value = value.unwrap_or_else(|| format!("<{}>", field.name));
        Box::pin(async move { Ok(SecretString::from(value)) })
    }

    fn pasting(&self) -> Pasting {
        Pasting::Wanted
    }

    fn paste<'a>(&'a self, mut judge: Judge<'a>) -> BoxFuture<'a, Result<(), AskError>> {
        Box::pin(async move {
            let callback = self.callback().ok_or(AskError::NotPossible)?;
            match judge(&SecretString::from(callback.to_string())).is_break() {
                true => Ok(()),
                false => Err(AskError::Cancelled),
            }
        })
    }

    fn tell(&self, _event: &Event) {}
}
