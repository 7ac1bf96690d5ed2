//! What a person does before the first login: how to make the app or the key, step by step, with the pages to do it on.
//!
//! The steps are made of the definition, so they are right for each service and cannot be forgotten for a new one.

use authkeep_registry::{Definition, Flow, RedirectKind};

use crate::asked_for::{AskedFor, AskedKind, asked_for, registers_clients};
use crate::login::{redirect_address, usable_flows};

/// The steps for one way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The flows that need them.
    pub flows: Vec<Flow>,
    /// What to do, in order; never empty.
    pub steps: Vec<SetupStep>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupStep {
    /// What to do, a sentence without its full stop.
    pub text: String,
    /// The page to do it on.
    pub link: Option<String>,
}

/// More scopes than this are not repeated in a sentence.
const FEW: usize = 6;

/// What to do before the first login to a service: once for all flows that need an app, and once for an API key, the
/// default first.
pub fn setup_steps(definition: &Definition) -> Vec<Setup> {
    let sample = definition.bind(&definition.sample_params());
    let usable = sample
        .as_ref()
        .map_or_else(|_| definition.flows.clone(), usable_flows);
    let (key, app): (Vec<Flow>, Vec<Flow>) = usable.iter().partition(|flow| **flow == Flow::ApiKey);
    let steps = Steps {
        definition,
        asked: asked_for(definition),
        with_flow: usable.len() > 1,
    };
    let mut setups = Vec::new();
    if !app.is_empty() {
        let redirect = sample
            .ok()
            .and_then(|provider| provider.oauth)
            .map(|oauth| redirect_address(&oauth));
        setups.push(Setup {
            steps: steps.of_app(&app, redirect),
            flows: app,
        });
    }
    if !key.is_empty() {
        setups.push(Setup {
            steps: steps.of_key(),
            flows: key,
        });
    }
    // The default way comes first.
    setups.sort_by_key(|setup| {
        !setup
            .flows
            .contains(usable.first().unwrap_or(&Flow::ApiKey))
    });
    setups
}

struct Steps<'a> {
    definition: &'a Definition,
    asked: Vec<AskedFor>,
    with_flow: bool,
}

impl Steps<'_> {
    fn of_app(&self, flows: &[Flow], redirect: Option<String>) -> Vec<SetupStep> {
        let Some(oauth) = &self.definition.oauth else {
            return Vec::new();
        };
        let login = self.login(flows.first().copied());
        if registers_clients(self.definition) {
            let mut steps = self.parameters();
            steps.push(step(
                format!("run `{login}`; it registers a client by itself"),
                None,
            ));
            return steps;
        }
        let service = &self.definition.display_name;
        let create = match &self.definition.extends {
            Some(parent) => format!(
                "create an OAuth app at {service}, or take the one that you have for `{parent}`"
            ),
            None => format!("create an OAuth app at {service}"),
        };
        let docs = oauth.docs.as_ref().or(self.definition.docs.as_ref());
        let mut steps = vec![step(create, docs.cloned())];
        if flows.contains(&Flow::AuthorizationCode)
            && let Some(redirect) = redirect
        {
            let ends = match oauth.redirect {
                RedirectKind::Https => {
                    "; the browser ends there at an error page, whose address you paste"
                }
                _ => "",
            };
            steps.push(step(
                format!("register the redirect address {redirect}{ends}"),
                None,
            ));
        }
        if flows.contains(&Flow::DeviceCode) && flows.len() > 1 {
            steps.push(step(
                "allow the device flow, if the app has a switch for it",
                None,
            ));
        }
        match oauth.scopes.as_slice() {
            [] => {}
            few if few.len() <= FEW => {
                steps.push(step(
                    format!("give it the permissions {}", few.join(", ")),
                    None,
                ));
            }
            many => steps.push(step(
                format!(
                    "give it the {} permissions that `authkeep inspect` lists",
                    many.len()
                ),
                None,
            )),
        }
        steps.extend(self.parameters());
        steps.push(self.last(&login, AskedKind::Client));
        steps
    }

    fn of_key(&self) -> Vec<SetupStep> {
        let service = &self.definition.display_name;
        let key = self.definition.api_key.as_ref();
        let docs = key.and_then(|key| key.docs.as_ref());
        let fields = self.labels(AskedKind::Key);
        let what = match fields.as_slice() {
            [_] => "an API key".to_owned(),
            several => format!("these ready: {}", several.join(", ")),
        };
        let verb = if fields.len() == 1 { "create" } else { "have" };
        let docs = docs.or(self.definition.docs.as_ref());
        let mut steps = vec![step(format!("{verb} {what} at {service}"), docs.cloned())];
        let hints = self.of(AskedKind::Key).filter_map(|asked| {
            let hint = asked.hint.as_ref()?;
            Some(step(format!("{}: {hint}", asked.label), None))
        });
        steps.extend(hints);
        steps.extend(self.parameters());
        steps.push(self.last(&self.login(Some(Flow::ApiKey)), AskedKind::Key));
        steps
    }

    fn of(&self, kind: AskedKind) -> impl Iterator<Item = &AskedFor> {
        self.asked.iter().filter(move |asked| asked.kind == kind)
    }

    fn labels(&self, kind: AskedKind) -> Vec<String> {
        let label = |asked: &AskedFor| match asked.optional {
            true => format!("{} (optional)", asked.label),
            false => asked.label.clone(),
        };
        self.of(kind).map(label).collect()
    }

    /// What has to be known besides.
    fn parameters(&self) -> Vec<SetupStep> {
        let needed = self
            .of(AskedKind::Parameter)
            .filter(|asked| !asked.optional);
        let text = |asked: &AskedFor| {
            let help = asked
                .example
                .as_ref()
                .map(|example| format!(", such as {example}"));
            let help = help.or_else(|| asked.hint.as_ref().map(|hint| format!(": {hint}")));
            format!("find out your {}{}", asked.label, help.unwrap_or_default())
        };
        needed.map(|asked| step(text(asked), None)).collect()
    }

    fn login(&self, flow: Option<Flow>) -> String {
        let name = &self.definition.name;
        let params: String = self
            .of(AskedKind::Parameter)
            .filter(|asked| !asked.optional)
            .map(|asked| format!(" --param {}=…", asked.name))
            .collect();
        match flow.filter(|flow| self.with_flow && self.definition.flows.first() != Some(flow)) {
            Some(flow) => format!("authkeep login {name} --flow {flow}{params}"),
            None => format!("authkeep login {name}{params}"),
        }
    }

    fn last(&self, login: &str, kind: AskedKind) -> SetupStep {
        let variables: Vec<&str> = self
            .of(kind)
            .filter_map(|asked| asked.variables.first().map(String::as_str))
            .collect();
        let from = match variables.is_empty() {
            true => String::new(),
            false => format!(", or takes from {}", variables.join(" and ")),
        };
        step(
            format!(
                "run `{login}`, which asks for: {}{from}",
                self.labels(kind).join(", ")
            ),
            None,
        )
    }
}

fn step(text: impl Into<String>, link: Option<String>) -> SetupStep {
    SetupStep {
        text: text.into(),
        link,
    }
}

#[cfg(test)]
mod tests {
    use authkeep_registry::Registry;

    use super::*;

    fn shown(definition: &Definition) -> String {
        let line = |step: &SetupStep| {
            format!(
                "{} <{}>",
                step.text,
                step.link.as_deref().unwrap_or_default()
            )
        };
        let lines = setup_steps(definition)
            .into_iter()
            .flat_map(|setup| setup.steps.iter().map(line).collect::<Vec<_>>());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_app_and_a_key_have_their_own_steps() {
        let text = r#"{"schema_version": 2, "name": "acme", "display_name": "Acme",
            "flows": ["api_key", "authorization_code", "device_code"], "hosts": ["{site}.acme.example"],
            "params": {"site": {"label": "site", "example": "eu1"}},
            "oauth": {"authorization_url": "https://acme.example/a", "token_url": "https://acme.example/t",
                "device_authorization_url": "https://acme.example/d", "scopes": ["read"], "public_client": true,
                "docs": "https://acme.example/apps"},
            "api_key": {"docs": "https://acme.example/keys", "fields": [{"name": "token", "hint": "begins with k"}]},
            "env": {"ACME_KEY": "{token}"}}"#;
        let definition = Definition::from_json("acme.json", text).unwrap();
        assert_eq!(
            shown(&definition),
            "create an API key at Acme <https://acme.example/keys>\n\
             API key: begins with k <>\n\
             find out your site, such as eu1 <>\n\
             run `authkeep login acme --param site=…`, which asks for: API key, or takes from ACME_KEY <>\n\
             create an OAuth app at Acme <https://acme.example/apps>\n\
             register the redirect address http://127.0.0.1/callback/acme.example (any port) <>\n\
             allow the device flow, if the app has a switch for it <>\n\
             give it the permissions read <>\n\
             find out your site, such as eu1 <>\n\
             run `authkeep login acme --flow authorization_code --param site=…`, which asks for: client id, client secret (optional), \
             or takes from ACME_CLIENT_ID and ACME_CLIENT_SECRET <>"
        );
    }

    #[test]
    fn every_bundled_definition_has_steps_and_the_first_has_a_page() {
        for found in Registry::new(None).all().unwrap() {
            let definition = found.unwrap().definition;
            let setups = setup_steps(&definition);
            assert!(!setups.is_empty(), "{}", definition.name);
            for setup in setups {
                assert!(!setup.steps.is_empty(), "{}", definition.name);
            }
        }
    }
}
