//! Issuers that are names for this machine or its network.

use std::collections::HashMap;
use std::sync::Arc;

use authkeep_core::{Broker, BrokerParts, HttpError, LoginError, Reach};

use crate::fakes::{FakePerson, World, request};
use crate::http_client::reach::{Net, client};
use crate::process::alone_in_a_network;

/// Host names, and what they resolve to, one set for each time that somebody asks.
const NAMES: [(&str, &[&[&str]]); 6] = [
    ("loopback.example.com", &[&["127.0.0.1"]]),
    ("six.example.com", &[&["::1"]]),
    ("router.example.com", &[&["192.168.1.1"]]),
    ("metadata.example.com", &[&["169.254.169.254"]]),
    ("several.example.com", &[&["10.0.0.1", "fd00::1"]]),
    // Public for whoever looks before connecting, private for whoever asks again.
    (
        "rebinding.example.com",
        &[&["10.0.0.1"], &["93.184.216.34"]],
    ),
];

#[test]
fn an_issuer_that_is_a_name_for_this_network_is_not_asked() {
    println!(
        "figure: {}",
        alone_in_a_network("discovery::nowhere::names")
    );
}

#[tokio::test]
#[ignore = "runs in a network of its own"]
async fn names() {
    let net = Net::new();
    let mut connected = 0;
    for (name, answers) in NAMES {
        for reach in [Reach::Public, Reach::Anywhere] {
            let world = World::new();
            let mut definition = world.server.issuer_definition("acme");
            definition["local"] = (reach == Reach::Anywhere).into();
            definition["hosts"] = serde_json::json!([name]);
            definition["whoami"].take();
            definition["oauth"]["issuer"] = format!("https://{name}:{}", net.port).into();
            world.define(&definition);
            let names = HashMap::from([(name, answers)]);
            let broker = Broker::new(BrokerParts {
                http: Arc::new(client(Arc::default(), names)),
                ..world.parts()
            });
            let error = broker.login(&request(), &FakePerson::idle()).await;
            let error = error.unwrap_err();
            let reached = net.reached();
            if reach == Reach::Public {
                assert!(
                    matches!(&error, LoginError::Http(HttpError::Forbidden { host, .. }) if host == name),
                    "{name}: {error:?}"
                );
                assert!(reached.is_empty(), "{name}: {reached:?}");
            } else {
                // The negative control: a definition that is marked local may.
                assert!(!reached.is_empty(), "{name}: {error:?}");
                connected += 1;
            }
        }
    }
    println!(
        "figure: {} issuers that are names for private addresses: 0 connected to with the guard, {connected} without it",
        NAMES.len()
    );
}
