//! Names of environment variables a definition may set or read.
//!
//! The type knows only the syntax. [`EnvVarName::is_dangerous`] lists the variables that change how
//! programs run; a definition may not set those.

use std::fmt;
use std::str::FromStr;

use crate::text;

/// An environment variable's name: `[A-Za-z_][A-Za-z0-9_]*`, at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvVarName(String);

impl EnvVarName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for variables that loaders, shells, interpreters and TLS libraries obey. Setting one from
    /// a definition would run code or redirect traffic in every child process.
    #[must_use]
    pub fn is_dangerous(&self) -> bool {
        const EXACT: [&str; 51] = [
            "PATH",
            "HOME",
            "SHELL",
            "ENV",
            "BASH_ENV",
            "IFS",
            "USER",
            "LOGNAME",
            "TMPDIR",
            "PS4",
            "PROMPT_COMMAND",
            "EDITOR",
            "VISUAL",
            "PAGER",
            "BROWSER",
            "NODE_OPTIONS",
            "NODE_PATH",
            "NODE_EXTRA_CA_CERTS",
            "NODE_TLS_REJECT_UNAUTHORIZED",
            "RUBYOPT",
            "RUBYLIB",
            "JAVA_TOOL_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "_JAVA_OPTIONS",
            "CLASSPATH",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "CURL_CA_BUNDLE",
            "CURL_HOME",
            "REQUESTS_CA_BUNDLE",
            "NO_PROXY",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PYTHONHOME",
            "ZDOTDIR",
            "SHELLOPTS",
            "BASHOPTS",
            "LESSOPEN",
            "LESSCLOSE",
            "LUA_INIT",
            "LUA_PATH",
            "LUA_CPATH",
            "GCONV_PATH",
            "HOSTALIASES",
            "KUBECONFIG",
            "GH_HOST",
            "MAKEFLAGS",
            "GOFLAGS",
            "GOPROXY",
            "PHPRC",
            "AWS_CA_BUNDLE",
        ];
        const STARTS: [&str; 6] = ["LD_", "DYLD_", "PERL5", "GIT_", "AUTHKEEP_", "BASH_FUNC_"];
        // Settings of tools that load code, choose servers or trust certificates; their tokens are no settings.
        const TOOLS: [&str; 16] = [
            "PYTHON",
            "NPM_CONFIG_",
            "CARGO_",
            "RUSTC",
            "DOTNET_",
            "OPENSSL_",
            "SSL",
            "JAVA_",
            "MAVEN_",
            "PHP_INI",
            "BUN_",
            "DENO_",
            "ELECTRON_",
            "DOCKER_",
            "PIP_",
            "XDG_",
        ];
        const TOKENS: [&str; 4] = ["_TOKEN", "_KEY", "_SECRET", "_PASSWORD"];
        let name = self.0.to_ascii_uppercase();
        let is_token = TOKENS.iter().any(|end| name.ends_with(end));
        EXACT.contains(&name.as_str())
            || STARTS.iter().any(|start| name.starts_with(start))
            || !is_token && TOOLS.iter().any(|start| name.starts_with(start))
            || name.ends_with("_PROXY")
    }
}

impl FromStr for EnvVarName {
    type Err = InvalidEnvVarName;

    fn from_str(name: &str) -> Result<Self, InvalidEnvVarName> {
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let rest_is_fine = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if starts_well && rest_is_fine && name.len() <= 128 {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidEnvVarName {
                shown: text::quote(name),
            })
        }
    }
}

impl AsRef<str> for EnvVarName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvVarName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is no name of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not the name of an environment variable")]
pub struct InvalidEnvVarName {
    shown: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax() {
        for good in ["GITHUB_TOKEN", "_x", "a1"] {
            assert!(good.parse::<EnvVarName>().is_ok(), "{good}");
        }
        for bad in ["", "1A", "A-B", "A=B", "A B", "Ä", "A\n", "A$(id)"] {
            assert!(bad.parse::<EnvVarName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn variables_that_run_code_are_dangerous_and_tokens_are_not() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "GIT_SSH_COMMAND",
            "NPM_CONFIG_REGISTRY",
            "npm_config_script_shell",
            "OPENSSL_CONF",
            "SSLKEYLOGFILE",
            "DOTNET_STARTUP_HOOKS",
            "ZDOTDIR",
            "RUSTC_WRAPPER",
            "https_proxy",
        ] {
            assert!(
                name.parse::<EnvVarName>().expect("valid").is_dangerous(),
                "{name}"
            );
        }
        for name in ["GITHUB_TOKEN", "GITLAB_TOKEN", "DD_SITE", "PATHFINDER_KEY"] {
            assert!(
                !name.parse::<EnvVarName>().expect("valid").is_dangerous(),
                "{name}"
            );
        }
    }
}
