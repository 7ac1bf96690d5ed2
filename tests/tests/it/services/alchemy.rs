//! Alchemy: the key is a part of the path, with a beginning of its own for each of the interfaces.

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::{Received, Reply};
use serde_json::json;

use super::Abroad;

/// A network that knows one key.
fn network(key: String) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    move |request| {
        let is_call = request.method == "POST" && request.path == format!("/v2/{key}");
        let is_look_up = request.path == format!("/nft/v3/{key}/getNFTsForOwner")
            && request.parameter("owner") == Some("0x1");
        if request.header("authorization").is_some() || !(is_call || is_look_up) {
            return Reply::json(401, &json!({ "error": "Must be authenticated!" }));
        }
        Reply::json(200, &json!({ "result": "0x1" }))
    }
}

#[test]
fn the_key_is_where_each_interface_has_it() {
    let key = canary();
    let abroad = Abroad::new();
    for host in ["eth-mainnet.g.alchemy.com", "base-sepolia.g.alchemy.com"] {
        abroad.world.serve(host, network(key.clone()));
    }
    let output = abroad.given(&["login", "alchemy", "--with-token"], &key);
    assert_eq!(output.code, 0, "{output:?}");
    let ask = |line: &str| {
        let line = format!("curl -sS --max-time 20 {line}");
        let run = [
            "run",
            "--quiet",
            "--provider",
            "alchemy",
            "--",
            "sh",
            "-c",
            &line,
        ];
        abroad.run(&run).stdout
    };
    let main = "https://eth-mainnet.g.alchemy.com";
    for line in [
        format!("-d {{}} \"{main}/v2/$ALCHEMY_API_KEY\""),
        format!("-d {{}} {main}/v2/demo"),
        format!("-d {{}} {main}/v2"),
        format!("-d {{}} {main}"),
        "-d {} https://base-sepolia.g.alchemy.com/v2/".to_owned(),
        format!("\"{main}/nft/v3/$ALCHEMY_API_KEY/getNFTsForOwner?owner=0x1\""),
        format!("\"{main}/nft/v3//getNFTsForOwner?owner=0x1\"").replace("v3//", "v3/x/"),
    ] {
        assert_eq!(ask(&line), r#"{"result":"0x1"}"#, "{line}");
    }
    // The controls: a wrong beginning, and a second key.
    let before = abroad.world.seen().len();
    assert!(ask(&format!("-d {{}} \"{main}/v3/$ALCHEMY_API_KEY\"")).contains("bad_request"));
    assert!(
        ask(&format!(
            "-d {{}} \"{main}/v2/$ALCHEMY_API_KEY/$ALCHEMY_API_KEY\""
        ))
        .contains("bad_request")
    );
    assert_eq!(abroad.world.seen().len(), before);
    assert!(ask(&format!("{main}/v2/x/y")).contains("Must be authenticated"));
    let hosts = ["base-sepolia.g.alchemy.com", "eth-mainnet.g.alchemy.com"];
    assert_eq!(abroad.world.hosts_that_got(&[&key]), hosts);
}
