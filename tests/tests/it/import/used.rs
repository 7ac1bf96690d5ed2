//! Imported logins are used like any other: renewed at the pinned endpoint by the client that came along, and sent to
//! the hosts that the report named.

use std::process::Command;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::message::Reply;
use authkeep_testkit::world::World;
use serde_json::json;

use super::{Importer, copied, fixture, secret};

fn in_world(importer: &Importer, world: &World, arguments: &[&str]) -> Command {
    let mut command = importer.product.command(arguments);
    command.envs(world.variables());
    command
}

fn token(importer: &Importer, world: &World, arguments: &[&str]) -> String {
    let get = [&["get"], arguments, &["--field", "token", "--show-secret"]].concat();
    let output = run(&mut in_world(importer, world, &get));
    assert_eq!(output.code, 0, "{output:?}");
    output.stdout.trim_end().to_owned()
}

#[test]
fn a_refresh_token_alone_buys_the_first_token() {
    let mut importer = Importer::new();
    copied(&fixture("planopticon"), &importer.path(".planopticon"));
    importer.json(&["import", "planopticon"], 0);
    let world = World::start();
    let new = canary();
    let answer = new.clone();
    world.serve("api.dropboxapi.com", move |request| {
        let id = request
            .field("client_id")
            .map(str::to_owned)
            .or(request.basic_client().map(|c| c.0));
        let proof = request
            .field("client_secret")
            .map(str::to_owned)
            .or(request.basic_client().map(|c| c.1));
        let right = request.field("refresh_token") == Some(&secret("dropbox refresh"))
            && id.as_deref() == Some("dropbox-client")
            && proof == Some(secret("dropbox client"));
        match (&*request.path, right) {
            ("/oauth2/token", true) => Reply::json(
                200,
                &json!({ "access_token": answer, "token_type": "bearer", "expires_in": 14400 }),
            ),
            _ => Reply::error(400, "invalid_grant", "no"),
        }
    });
    assert_eq!(token(&importer, &world, &["dropbox"]), new);
    assert_eq!(world.seen().len(), 1);
    // What was renewed since is not put back by the same import, whatever is said.
    let again = importer.json(&["import", "planopticon", "--replace"], 0);
    assert_eq!(again["imported"], 0, "{again:#}");
    assert_eq!(token(&importer, &world, &["dropbox"]), new);
    assert_eq!(world.seen().len(), 1);
    assert_eq!(world.strangers(), Vec::<String>::new());
}

#[test]
fn an_expired_login_of_authsome_is_renewed_with_its_client() {
    let mut importer = Importer::new();
    let home = fixture("authsome").display().to_string();
    importer.json(
        &[
            "import",
            "authsome",
            "--home",
            &home,
            "--from-profile",
            "default",
            "--profile",
            "default",
        ],
        0,
    );
    let world = World::start();
    let (new, rotated) = (canary(), canary());
    let answer = json!({ "access_token": new, "refresh_token": rotated, "token_type": "Bearer", "expires_in": 3600 });
    world.serve("oauth2.googleapis.com", move |request| {
        let right =
            request.field("refresh_token") == Some(&secret("default google expired refresh"));
        match right {
            true => Reply::json(200, &answer),
            false => Reply::error(400, "invalid_grant", "no"),
        }
    });
    assert_eq!(
        token(&importer, &world, &["google", "--connection", "expired"]),
        new
    );
    let again = importer.json(
        &[
            "import",
            "authsome",
            "--home",
            &home,
            "--from-profile",
            "default",
            "--profile",
            "default",
            "--replace",
        ],
        0,
    );
    assert_eq!(again["imported"], 0, "{again:#}");
    // The login that has years left asks nobody.
    assert_eq!(
        token(&importer, &world, &["google", "--connection", "default"]),
        secret("default google default access")
    );
    assert_eq!(world.seen().len(), 1);
}

#[test]
fn an_imported_key_goes_to_its_own_hosts_and_to_no_others() {
    let mut importer = Importer::new();
    let home = fixture("authsome").display().to_string();
    importer.json(
        &[
            "import",
            "authsome",
            "--home",
            &home,
            "--from-profile",
            "default",
            "--profile",
            "default",
        ],
        0,
    );
    let world = World::start();
    let key = secret("default acme-crm default key");
    for host in ["api.acme-crm.example", "api.acme-crm.example.evil.example"] {
        world.serve(host, |request| {
            Reply::json(
                200,
                &json!({ "key": request.header("x-api-key").is_some() }),
            )
        });
    }
    for host in ["api.acme-crm.example", "api.acme-crm.example.evil.example"] {
        let url = format!("https://{host}/v1");
        let arguments = [
            "run",
            "--quiet",
            "--provider",
            "acme-crm",
            "--",
            "curl",
            "-sS",
            "--max-time",
            "20",
            &url,
        ];
        let output = run(&mut in_world(&importer, &world, &arguments));
        assert_eq!(output.code, 0, "{output:?}");
    }
    assert_eq!(world.hosts_that_got(&[key]), ["api.acme-crm.example"]);
}
