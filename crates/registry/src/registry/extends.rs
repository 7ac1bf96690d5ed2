//! `extends`: laying a definition over another one.
//!
//! A bundled definition extends bundled ones only, so that a user's override changes the one name it
//! bears. A user's definition extends whatever that name means to the user, except that its own name
//! means the bundled definition it overrides.

use serde_json::{Map, Value};

use super::{Registry, bundled};
use crate::dialect;
use crate::document;
use crate::error::{DefinitionError, FieldError};
use crate::name::ProviderName;

/// Chains longer than this are a mistake: nobody could tell what applies.
const DEEPEST: usize = 4;

/// Which set a definition belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Bundled,
    User,
}

impl Registry {
    /// The document with everything it extends merged in.
    pub(super) fn extended(
        &self,
        file: &str,
        map: Map<String, Value>,
        side: Side,
    ) -> Result<Map<String, Value>, DefinitionError> {
        let mut chain = Vec::new();
        if let Some(Value::String(own)) = map.get("name") {
            chain.push((side, own.clone()));
        }
        self.extended_from(file, map, side, &mut chain)
    }

    fn extended_from(
        &self,
        file: &str,
        map: Map<String, Value>,
        side: Side,
        chain: &mut Vec<(Side, String)>,
    ) -> Result<Map<String, Value>, DefinitionError> {
        let refuse = |reason: String| {
            Err(DefinitionError::of(
                file,
                vec![FieldError::new("extends", reason)],
            ))
        };
        // Anything that is no name is left for the reader to report.
        let Some(Value::String(parent)) = map.get("extends") else {
            return Ok(map);
        };
        let Ok(parent) = parent.parse::<ProviderName>() else {
            return Ok(map);
        };
        let own = map.get("name").and_then(Value::as_str);
        let (parent_side, parent_file, parent_text) = match self.parent(&parent, side, own) {
            Ok(Some(found)) => found,
            Ok(None) => return refuse(format!("`{parent}` does not exist")),
            Err(reason) => return refuse(reason),
        };
        let link = (parent_side, parent.to_string());
        if chain.contains(&link) {
            let names: Vec<&str> = chain.iter().map(|(_, name)| name.as_str()).collect();
            let circle = crate::text::clean(&names.join(" → "));
            return refuse(format!("goes round in a circle ({circle} → {parent})"));
        }
        if chain.len() > DEEPEST {
            return refuse(format!("is more than {DEEPEST} levels deep"));
        }
        chain.push(link);
        let parent_map = match parent_side {
            Side::Bundled => document::parse(&parent_file, &parent_text)?,
            Side::User => dialect::parse(&parent_file, &parent_text)?.map,
        };
        let mut merged = self.extended_from(&parent_file, parent_map, parent_side, chain)?;
        for own in ["name", "aliases", "extends", "community_checked"] {
            merged.remove(own);
        }
        document::merge(&mut merged, map);
        Ok(merged)
    }

    /// The text of the definition that `extends` means.
    fn parent(
        &self,
        name: &ProviderName,
        side: Side,
        child: Option<&str>,
    ) -> Result<Option<(Side, String, String)>, String> {
        let of_user = side == Side::User && child != Some(name.as_str());
        if of_user && let Some(user) = &self.user {
            match user.read(name) {
                Ok(Some(file)) => return Ok(Some((Side::User, file.name, file.text))),
                Ok(None) => {}
                Err(error) => return Err(format!("`{name}` cannot be used: {error}")),
            }
        }
        let entry = bundled::by_name(name.as_str());
        Ok(entry.map(|entry| (Side::Bundled, entry.file(), entry.text.to_owned())))
    }
}
