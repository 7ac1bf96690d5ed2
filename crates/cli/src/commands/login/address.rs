//! `authkeep login URL`: finds out what is at an address, shows who would be trusted, and writes it down if that is all right.

use std::str::FromStr;

use authkeep_core::{Address, Reach, Survey, known_at, name_for};
use authkeep_registry::{InvalidName, OnConflict, ProviderName, RegisterError, Registry};
use clap::Args;

use crate::commands::agreement::{self, Agreement};
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::person::{Input, TerminalPerson};

/// What is logged in to.
#[derive(Debug, Clone)]
pub(super) enum Service {
    /// A provider that has a definition.
    Named(ProviderName),
    /// Whatever is at this address.
    At(String),
}

impl FromStr for Service {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.contains("://") {
            return Ok(Self::At(text.to_owned()));
        }
        text.parse().map(Self::Named)
    }
}

/// What only a login to an address takes.
#[derive(Debug, Args)]
pub(super) struct AddressArgs {
    /// With a URL: trust the servers that are found there, without being asked.
    #[arg(long, short)]
    yes: bool,

    /// With a URL: what to call the provider, instead of its host.
    #[arg(long, value_name = "NAME")]
    name: Option<ProviderName>,

    /// With a URL: let it be in a private network. This machine itself always may.
    #[arg(long)]
    local: bool,
}

impl AddressArgs {
    /// Whether any of it was given.
    pub(super) fn is_given(&self) -> bool {
        self.yes || self.local || self.name.is_some()
    }

    fn admits(&self, name: &ProviderName) -> bool {
        self.name.as_ref().is_none_or(|wanted| wanted == name)
    }
}

/// The provider for an address: known from an earlier login, or made now.
pub(super) fn provider_at(
    context: &Context,
    text: &str,
    args: &AddressArgs,
    person: &TerminalPerson,
) -> Result<ProviderName, CommandError> {
    let reach = if args.local {
        Reach::Anywhere
    } else {
        Reach::Public
    };
    let address = Address::parse(text, reach).map_err(|error| {
        CommandError::caused(ExitCode::Usage, "address", &error).hint(
            "give the whole address, such as https://mcp.example.com/mcp; --local lets it be in a private network",
        )
    })?;
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    if let Some(name) = known_at(&registry, &address)?.filter(|name| args.admits(name)) {
        person
            .output
            .say(&format!("That is `{name}`, of an earlier login."));
        return Ok(name);
    }
    if !args.yes && person.input == Input::Forbidden {
        return Err(not_asked());
    }
    let name = new_name(&registry, &address, args)?;
    if address.is_local() && !args.local {
        person.output.say(
            "The address is this machine's own, so the definition is marked local: it may name private addresses.",
        );
    }
    let broker = context.broker_or_new()?;
    person
        .output
        .say(&format!("Asking {} how to log in to it …", address.host()));
    let survey = block_on(OnInterrupt::Drop, async {
        Ok(broker.survey(&address).await?)
    })?;
    let known = || -> Result<_, CommandError> {
        let known = survey.known_in(broker.registry())?;
        let known = known.filter(|name| args.admits(name));
        Ok(known.inspect(|name| {
            person
                .output
                .say(&format!("That is `{name}`, of an earlier login."));
        }))
    };
    if let Some(name) = known()? {
        return Ok(name);
    }
    person.output.instruct(&in_words(&address, &survey));
    if !args.yes {
        agree(person)?;
    }
    let definition = format!("{:#}\n", survey.definition(&name));
    let registered = match broker.register(&definition, text, OnConflict::Refuse) {
        // Another login has just come first. If it was to the same address, both have what they wanted.
        Err(RegisterError::Exists { .. }) => return known()?.ok_or_else(|| taken(&name)),
        registered => registered?,
    };
    for warning in &registered.warnings {
        person.output.warn(warning);
    }
    person.output.say(&format!(
        "Registered it as `{name}`. `authkeep inspect {name}` shows it, `authkeep remove {name}` takes it away."
    ));
    Ok(name)
}

fn new_name(
    registry: &Registry,
    address: &Address,
    args: &AddressArgs,
) -> Result<ProviderName, CommandError> {
    let Some(name) = &args.name else {
        return name_for(registry, address).ok_or_else(|| {
            CommandError::new(
                ExitCode::Usage,
                "name_needed",
                format!("`{}` cannot be the name of a provider", address.host()),
            )
            .hint("choose one with --name NAME")
        });
    };
    match registry.find(name)? {
        None => Ok(name.clone()),
        Some(_) => Err(taken(name)),
    }
}

fn taken(name: &ProviderName) -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "definition_exists",
        format!("`{name}` is the name of another provider"),
    )
    .hint("choose another with --name NAME")
}

/// Who would be trusted, and with what.
fn in_words(address: &Address, survey: &Survey) -> String {
    let mut text = format!(
        "Logins to {} are made at {}.\n",
        address.as_str(),
        survey.issuer()
    );
    match survey.resource() {
        Some(resource) => text.push_str(&format!("Tokens will be for {resource} alone.\n")),
        None => text.push_str("It does not say what its tokens are for.\n"),
    }
    if survey.registers_clients() {
        text.push_str("A client is registered there by itself.\n");
    }
    text.push_str("These will be trusted with the login, and with its tokens:");
    for origin in survey.origins() {
        text.push_str(&format!("\n  {origin}"));
    }
    text
}

fn agree(person: &TerminalPerson) -> Result<(), CommandError> {
    match agreement::ask(person.input)? {
        Agreement::Given => Ok(()),
        Agreement::Declined => Err(agreement::declined()),
        Agreement::Impossible => Err(not_asked()),
    }
}

fn not_asked() -> CommandError {
    agreement::needed("the servers at this address")
}
