//! Walls by Landlock, the Linux kernel's own means for programs to shut themselves in: no privilege is needed, and
//! nothing takes them down again, no program with set-user-id either.

use std::io;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
    path_beneath_rules,
};

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::{Support, Walls};

/// Reading, changing, making, removing, moving, truncating: all that could be done with a secret in a file.
fn files() -> BitFlags<AccessFs> {
    AccessFs::from_all(ABI::V3)
}

pub(super) fn raise(walls: &Walls) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    give_up_capabilities()?;
    let support = support();
    let enforced = enforce(walls).map_err(io::Error::other)?;
    if support.files && enforced == RulesetStatus::NotEnforced {
        return Err(io::Error::other("the kernel does not enforce the rules"));
    }
    Ok(())
}

/// What a container's superuser has, less what sees or sends packets past their sockets, and what makes devices.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::SETFCAP);

/// The superuser has ways around the rules, such as reading the memory of processes that it may not trace. No program
/// that is started later gets back what is given up here: no new privileges are to be had.
fn give_up_capabilities() -> io::Result<()> {
    let mut sets = capabilities(None)?;
    for set in [
        &mut sets.effective,
        &mut sets.permitted,
        &mut sets.inheritable,
    ] {
        *set &= KEPT;
    }
    Ok(set_capabilities(None, sets)?)
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
