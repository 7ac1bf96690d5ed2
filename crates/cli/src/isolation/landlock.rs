//! Walls by Landlock, the Linux kernel's own means for programs to shut themselves in: no privilege is needed, and
//! nothing takes them down again, no program with set-user-id either.

use std::io;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
    path_beneath_rules,
};

use super::{Support, Walls};

/// Reading, changing, making, removing, moving, truncating: all that could be done with a secret in a file.
fn files() -> BitFlags<AccessFs> {
    AccessFs::from_all(ABI::V3)
}

pub(super) fn raise(walls: &Walls) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    let support = support();
    let enforced = enforce(walls).map_err(io::Error::other)?;
    if support.files && enforced == RulesetStatus::NotEnforced {
        return Err(io::Error::other("the kernel does not enforce the rules"));
    }
    Ok(())
}

fn enforce(walls: &Walls) -> Result<RulesetStatus, RulesetError> {
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(files())?
        .handle_access(AccessNet::ConnectTcp)?
        .scope(Scope::AbstractUnixSocket)?
        .scope(Scope::Signal)?
        .create()?
        .add_rules(path_beneath_rules(walls.beside(), files()))?
        .add_rule(NetPort::new(walls.port, AccessNet::ConnectTcp))?;
    Ok(rules.restrict_self()?.ruleset)
}

pub(super) fn support() -> Support {
    let strict = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    Support {
        files: strict().handle_access(files()).is_ok(),
        tcp: strict().handle_access(AccessNet::ConnectTcp).is_ok(),
        scopes: strict()
            .scope(Scope::AbstractUnixSocket)
            .and_then(|rules| rules.scope(Scope::Signal))
            .is_ok(),
    }
}
