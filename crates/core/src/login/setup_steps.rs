//! What a person does before the first login: which app to register or key to make at the service, where, and what to type
//! here then. Made of the definition alone; nobody is asked, and nothing is known of what is set up already.

use std::collections::BTreeMap;

use authkeep_registry::{
    ApiKey, ClientAuthMethod, Definition, Field, Flow, OAuth, OAuthEndpoints, Param, Provider,
    Template,
};

use super::loopback::redirect_note;
use crate::RedirectPort;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupStep {
    /// The flow that needs it. The steps of a flow stand together and in order.
    pub flow: Flow,
    /// The sentence.
    pub text: String,
    /// The page where it is done.
    pub link: Option<String>,
}

/// The steps of each flow on offer, the default flow first. The last one of each is the login itself.
pub fn setup_steps(definition: &Definition) -> Vec<SetupStep> {
    let bound = definition.bind(&BTreeMap::new()).ok();
    let of_flow = |(at, flow): (usize, &Flow)| {
        let mut steps = Steps {
            flow: *flow,
            all: Vec::new(),
        };
        match (flow, &definition.api_key, &definition.oauth) {
            (Flow::ApiKey, Some(key), _) => steps.key(definition, key),
            (_, _, Some(oauth)) => steps.client(definition, oauth, bound.as_ref()),
            _ => {}
        }
        steps.params(definition);
        let choice = match at {
            0 => String::new(),
            _ => format!(" --flow {flow}"),
        };
        let name = &definition.name;
        steps.add(format!("Run `authkeep login {name}{choice}`."), None);
        steps.all
    };
    definition
        .flows
        .iter()
        .enumerate()
        .flat_map(of_flow)
        .collect()
}

/// The steps of one flow so far.
struct Steps {
    flow: Flow,
    all: Vec<SetupStep>,
}

impl Steps {
    fn add(&mut self, text: String, link: Option<&String>) {
        let (flow, link) = (self.flow, link.cloned());
        self.all.push(SetupStep { flow, text, link });
    }

    fn key(&mut self, definition: &Definition, key: &ApiKey) {
        let service = &definition.display_name;
        let names: Vec<String> = key.fields.iter().map(named).collect();
        let text = format!("At {service}, find or make: {}.", names.join("; "));
        self.add(text, key.docs.as_ref().or(definition.docs.as_ref()));
    }

    fn client(&mut self, definition: &Definition, oauth: &OAuth, bound: Option<&Provider>) {
        let service = &definition.display_name;
        if oauth.registration_url.is_some() {
            let text = format!("Nothing to set up: {service} registers a client at the login.");
            return self.add(text, None);
        }
        if oauth.anonymous {
            let text = format!("Nothing to set up: {service} asks for no client.");
            return self.add(text, None);
        }
        if oauth.docs.is_none() && oauth.token_url.is_none() {
            let text = "Nothing to set up where the issuer registers clients: it is asked at the login. Else \
                        register a client there."
                .to_owned();
            return self.add(text, None);
        }
        if let Some(parent) = &definition.extends {
            let text = format!(
                "If `{parent}` has a client here already, it is used for this too: go on to its permissions."
            );
            self.add(text, None);
        }
        let app = match self.flow {
            Flow::ClientCredentials => "an app that acts for itself",
            _ => "an app",
        };
        let text = format!("At {service}, register {app}.");
        self.add(text, oauth.docs.as_ref().or(definition.docs.as_ref()));
        // A service that wants something of its own in the place of an address says so in a parameter.
        if self.flow == Flow::AuthorizationCode && oauth.redirect_uri.is_none() {
            self.add(redirect(bound.and_then(|p| p.oauth.as_ref())), None);
        }
        let scopes = oauth.scopes_for(Some(self.flow));
        if !scopes.is_empty() {
            let text = format!("Allow the app these scopes: {}.", scopes.join(" "));
            self.add(text, None);
        }
        if self.flow == Flow::DeviceCode {
            let text =
                "Switch on the device flow for the app, if there is a switch for it.".to_owned();
            self.add(text, None);
        }
        self.add(self.credentials(oauth), None);
    }

    /// What the app's page shows that the login will ask for.
    fn credentials(&self, oauth: &OAuth) -> String {
        let for_itself = self.flow == Flow::ClientCredentials;
        let secret = match oauth.client_auth {
            ClientAuthMethod::PrivateKeyJwt => "client id and private key",
            ClientAuthMethod::None => "client id",
            _ if oauth.public_client && !for_itself => {
                "client id, and its client secret if it has one"
            }
            _ => "client id and client secret",
        };
        let mut text = format!("Have at hand the app's {secret}");
        let variable = |name: &str| oauth.client_env.get(name);
        if let Some(id) = variable("client_id") {
            text.push_str(&format!(", or set {id}"));
            if let Some(secret) = variable(oauth.client_auth.secret_field()) {
                text.push_str(&format!(" and {secret}"));
            }
        }
        text.push('.');
        text
    }

    /// What the login asks for because there is no default, and what it does not ask for but may need.
    fn params(&mut self, definition: &Definition) {
        let redirect = definition
            .oauth
            .iter()
            .filter_map(|oauth| oauth.redirect_uri.as_ref());
        let redirect: Vec<&str> = redirect.flat_map(Template::variables).collect();
        let redirects = self.flow == Flow::AuthorizationCode;
        let is_asked = |(name, param): &(&String, &Param)| {
            let needed = !param.may_be_absent() || redirects && redirect.contains(&name.as_str());
            param.default.is_none() && needed
        };
        for (_, param) in definition.params.iter().filter(is_asked) {
            let mut text = format!("Have this at hand: {}", param.label);
            if let Some(example) = &param.example {
                text.push_str(&format!(", such as {example}"));
            }
            text.push('.');
            if let Some(hint) = &param.hint {
                text.push_str(&format!(" {hint}"));
            }
            self.add(text, None);
        }
        let may_apply = |(name, param): &(&String, &Param)| {
            param.may_be_absent() && param.from.is_none() && !redirect.contains(&name.as_str())
        };
        for (name, param) in definition.params.iter().filter(may_apply) {
            let value = param.example.as_deref().unwrap_or("VALUE");
            let mut text = format!(
                "Where it applies, have this at hand, or give `--param {name}={value}`: {}.",
                param.label
            );
            if let Some(hint) = &param.hint {
                text.push_str(&format!(" {hint}"));
            }
            self.add(text, None);
        }
    }
}

/// A field of a key with what helps to find it.
fn named(field: &Field) -> String {
    let optional = if field.optional { " (optional)" } else { "" };
    let hint = field.hint.as_ref();
    let hint = hint.map_or_else(String::new, |hint| {
        format!(" ({})", hint.trim_end_matches('.'))
    });
    format!("{}{optional}{hint}", field.label)
}

fn redirect(oauth: Option<&OAuthEndpoints>) -> String {
    let Some(oauth) = oauth.filter(|oauth| !oauth.needs_discovery()) else {
        return "Add the redirect URI that the login shows.".to_owned();
    };
    let note = redirect_note(oauth);
    let any = match note.port {
        RedirectPort::Any => " (any port)",
        RedirectPort::Fixed => "",
    };
    let pasted = match note.address.starts_with("https:") {
        true => " The browser ends there at an error page, whose address is pasted.",
        false => "",
    };
    format!("Add the redirect URI {}{any}.{pasted}", note.address)
}

#[cfg(test)]
mod tests {
    use authkeep_registry::Registry;

    use super::*;

    fn steps(name: &str) -> Vec<SetupStep> {
        let found = Registry::new(None).find(&name.parse().expect("a name"));
        setup_steps(&found.expect("readable").expect("bundled").definition)
    }

    fn texts(name: &str, flow: Flow) -> String {
        let steps = steps(name).into_iter().filter(|step| step.flow == flow);
        let line = |step: SetupStep| match step.link {
            Some(link) => format!("{} <{link}>", step.text),
            None => step.text,
        };
        steps.map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_key_is_made_on_its_page() {
        assert_eq!(
            texts("datadog", Flow::ApiKey),
            "At Datadog, find or make: API key (32 hexadecimal digits, from Organization Settings); \
             Application key (optional). <https://app.datadoghq.com/organization-settings/api-keys>\n\
             Run `authkeep login datadog`."
        );
    }

    #[test]
    fn an_app_is_registered_with_the_redirect_address_and_the_scopes() {
        assert_eq!(
            texts("linear", Flow::AuthorizationCode),
            "At Linear, register an app. <https://linear.app/settings/api/applications/new>\n\
             Add the redirect URI http://127.0.0.1:27149/callback/api.linear.app.\n\
             Allow the app these scopes: read write.\n\
             Have at hand the app's client id, and its client secret if it has one.\n\
             Run `authkeep login linear`."
        );
        assert!(
            texts("linear", Flow::ApiKey).ends_with("Run `authkeep login linear --flow api_key`.")
        );
        assert!(texts("github", Flow::AuthorizationCode).contains("(any port)"));
        assert!(texts("slack", Flow::AuthorizationCode).contains("is pasted"));
        assert!(
            texts("zoom", Flow::ClientCredentials)
                .contains("or set ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET")
        );
    }

    #[test]
    fn tenants_are_asked_for_and_clients_that_register_themselves_are_not() {
        assert!(texts("zendesk", Flow::ApiKey).contains("Have this at hand: Zendesk subdomain"));
        let told = texts("zendesk", Flow::AuthorizationCode);
        assert!(
            told.contains("the redirect URI that the login shows"),
            "{told}"
        );
        let told = texts("atlassian", Flow::ApiKey);
        assert!(told.contains("`--param site=acme`: Site name."), "{told}");
        let told = texts("notion-mcp", Flow::AuthorizationCode);
        assert!(told.starts_with("Nothing to set up"), "{told}");
        assert!(
            texts("google-drive", Flow::AuthorizationCode).contains("If `google` has a client")
        );
        assert!(texts("postiz", Flow::DeviceCode).starts_with("Nothing to set up"));
        let told = texts("ebay", Flow::AuthorizationCode);
        assert!(
            told.contains("RuName") && !told.contains("redirect URI"),
            "{told}"
        );
        assert!(!texts("ebay", Flow::ClientCredentials).contains("RuName"));
    }

    #[test]
    fn every_flow_of_every_definition_has_steps_that_end_in_the_login() {
        for found in Registry::new(None)
            .all()
            .expect("lists")
            .into_iter()
            .flatten()
        {
            let steps = setup_steps(&found.definition);
            for flow in &found.definition.flows {
                let of_flow: Vec<_> = steps.iter().filter(|step| step.flow == *flow).collect();
                assert!(of_flow.len() >= 2, "{} {flow}", found.definition.name);
                assert!(
                    of_flow[of_flow.len() - 1]
                        .text
                        .starts_with("Run `authkeep login ")
                );
            }
        }
    }
}
