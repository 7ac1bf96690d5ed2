//! Completion scripts load in the real shells and know the commands.

use std::fs;
use std::path::Path;

use authkeep_testkit::home::{Output, run};
use authkeep_tests::Product;

/// The script for `shell` in a file called `script`, and what the shell made of `program`.
fn loaded(shell: &str, arguments: &[&str]) -> Output {
    let product = Product::new();
    let script = product.run(&["completions", shell]);
    assert_eq!((script.code, &*script.stderr), (0, ""));
    fs::write(product.home().home().join("script"), script.stdout).unwrap();
    run(product.home().command(Path::new(shell)).args(arguments))
}

#[test]
fn bash_completes() {
    let program = "source ./script && complete -p authkeep >/dev/null && \
                   COMP_WORDS=(authkeep log) COMP_CWORD=1 && _authkeep authkeep log authkeep && echo ${COMPREPLY[@]}";
    let output = loaded("bash", &["--norc", "-c", program]);
    assert_eq!(
        (output.code, &*output.stdout, &*output.stderr),
        (0, "login logout\n", "")
    );
}

#[test]
fn zsh_loads() {
    let program =
        "autoload -U compinit && compinit -u -D && source ./script && echo $_comps[authkeep]";
    let output = loaded("zsh", &["-f", "-c", program]);
    assert_eq!(
        (output.code, &*output.stdout, &*output.stderr),
        (0, "_authkeep\n", "")
    );
}

#[test]
fn fish_completes() {
    let program = "source ./script; and complete -C 'authkeep log'";
    let output = loaded("fish", &["--no-config", "-c", program]);
    assert_eq!((output.code, &*output.stderr), (0, ""), "{output:?}");
    let words: Vec<_> = output
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(words, ["login", "logout"]);
}

/// The negative control: a script that is broken does not load.
#[test]
fn a_broken_script_would_be_seen() {
    for (shell, arguments) in [
        ("bash", &["--norc", "-c"][..]),
        ("zsh", &["-f", "-c"]),
        ("fish", &["--no-config", "-c"]),
    ] {
        let broken = [arguments, &["echo 'if (' > ./script; source ./script"]].concat();
        let output = loaded(shell, &broken);
        assert!(!output.stderr.is_empty(), "{shell}: {output:?}");
    }
}
