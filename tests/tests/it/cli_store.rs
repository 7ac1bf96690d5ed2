//! A vault, a key or a log that cannot be used: exit code 7, a reason, and not a byte changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use authkeep_testkit::canary::canary;
use authkeep_tests::Product;
use serde_json::json;

use crate::refusal::refused;

/// Where SQLite keeps the version of a program's own format, and what program a file belongs to.
const USER_VERSION: usize = 60;
const APPLICATION_ID: usize = 68;

struct Vault {
    product: Product,
    key: String,
}

impl Vault {
    /// With one key in it.
    fn new() -> Self {
        let (product, key) = (Product::new(), canary());
        let output = product.run_with_input(&["login", "openai", "--with-token"], &key);
        assert_eq!(output.code, 0, "{output:?}");
        Self { product, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.product.home().authkeep_home().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("profiles/default/store.db")
    }

    /// Damages a file, looks at every command that opens it, and puts the file back.
    fn with_damage(&self, file: &str, kind: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(file);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        damage(&mut bytes);
        assert_ne!(bytes, whole, "{kind}: no damage done");
        fs::write(&path, &bytes).unwrap();
        let before = self.product.files();
        for arguments in [
            &["get", "openai", "--field", "token", "--show-secret"][..],
            &["list"],
            &["export"],
            &["login", "anthropic", "--no-input"],
            &["init"],
        ] {
            let said = refused(&self.product, arguments, 7, kind);
            assert!(!said.contains(&self.key), "{said}");
        }
        let (code, report) = self.product.json(&["doctor"]);
        assert_eq!((code, &report["ok"]), (7, &json!(false)), "{report}");
        assert!(
            self.product.files() == before,
            "{kind}: something was written"
        );
        fs::write(&path, &whole).unwrap();
        assert_eq!(
            self.product.secret("openai", "token"),
            self.key,
            "{kind}: it did not recover"
        );
    }
}

#[test]
fn a_database_that_is_damaged_foreign_or_newer_is_left_alone() {
    let vault = Vault::new();
    let store = "profiles/default/store.db";
    assert_eq!(fs::read(vault.database()).unwrap()[..6], *b"SQLite");
    vault.with_damage(store, "not_a_vault", |bytes| bytes.clear());
    vault.with_damage(store, "not_a_vault", |bytes| bytes.truncate(50));
    vault.with_damage(store, "not_a_vault", |bytes| {
        *bytes = b"Dear diary,\n".repeat(500)
    });
    vault.with_damage(store, "not_a_vault", |bytes| bytes[APPLICATION_ID] ^= 0xff);
    vault.with_damage(store, "vault_damaged", |bytes| {
        bytes.truncate(bytes.len() / 2)
    });
    vault.with_damage(store, "vault_damaged", |bytes| {
        let length = bytes.len();
        bytes[100..length].fill(0xa5);
    });
    vault.with_damage(store, "newer_vault", |bytes| bytes[USER_VERSION + 3] = 99);
}

#[test]
fn one_damaged_entry_is_found_and_named_and_nothing_is_printed() {
    let vault = Vault::new();
    let path = vault.database();
    let mut bytes = fs::read(&path).unwrap();
    // The envelope is JSON text with its parts in base64: one character of the ciphertext.
    let needle = b"\"ciphertext\":\"";
    let at = bytes
        .windows(needle.len())
        .rposition(|window| window == needle)
        .unwrap()
        + needle.len()
        + 8;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    fs::write(&path, bytes).unwrap();
    let said = refused(
        &vault.product,
        &["get", "openai", "--field", "token", "--show-secret"],
        7,
        "entry_damaged",
    );
    assert!(
        said.contains("openai") && !said.contains(&vault.key),
        "{said}"
    );
    let report = vault.product.run(&["doctor"]);
    assert!(report.stdout.contains("FAIL  vault default"), "{report:?}");
    // The way out that the message names works.
    let output = vault
        .product
        .run_with_input(&["login", "openai", "--with-token", "--force"], &vault.key);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(vault.product.secret("openai", "token"), vault.key);
}

#[test]
fn a_master_key_that_is_missing_wrong_or_open_to_others() {
    let vault = Vault::new();
    let other = Vault::new();
    let path = vault.path("master.key");
    let foreign = fs::read(other.path("master.key")).unwrap();
    vault.with_damage("master.key", "wrong_key", |bytes| *bytes = foreign);
    vault.with_damage("master.key", "master_key_malformed", |bytes| {
        bytes.truncate(10)
    });
    vault.with_damage("master.key", "master_key_malformed", |bytes| bytes.clear());

    let key = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let said = refused(&vault.product, &["get", "openai"], 7, "master_key_missing");
    assert!(said.contains("put the master.key back"), "{said}");
    refused(
        &vault.product,
        &["login", "openai", "--no-input"],
        7,
        "master_key_missing",
    );
    assert!(
        !path.exists(),
        "a new key was made over a vault that it cannot open"
    );

    // Put back, but for everyone to read.
    fs::write(&path, key).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let said = refused(&vault.product, &["get", "openai"], 7, "store");
    assert!(said.contains("chmod 600"), "{said}");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(vault.product.secret("openai", "token"), vault.key);
}

#[test]
fn without_a_record_of_it_no_secret_is_released() {
    let vault = Vault::new();
    let log = vault.path("audit.log");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    for arguments in [
        &["get", "openai", "--field", "token", "--show-secret"][..],
        &["export", "openai"],
    ] {
        let said = refused(&vault.product, arguments, 7, "not_recorded");
        assert!(
            said.contains("audit.log") && !said.contains(&vault.key),
            "{said}"
        );
    }
    let marker = vault.product.home().tmp().join("started");
    let program = ["run", "--env", "--", "touch", marker.to_str().unwrap()];
    assert_eq!(vault.product.run(&program).code, 7);
    assert!(!marker.exists());
    // What releases nothing goes on.
    assert_eq!(vault.product.run(&["get", "openai"]).code, 0);
    fs::remove_dir(&log).unwrap();
    assert_eq!(vault.product.secret("openai", "token"), vault.key);
    assert_eq!(vault.product.run(&program).code, 0);
    assert!(marker.exists());
}
