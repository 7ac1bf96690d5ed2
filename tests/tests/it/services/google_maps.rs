//! Google Maps: the older interfaces take the key in the query, the newer ones in a header, and none takes it twice.

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::{Received, Reply};
use serde_json::json;

use super::Abroad;

const HEADER: &str = "x-goog-api-key";

fn is_once(request: &Received, in_query: Option<&str>, in_header: Option<&str>) -> Reply {
    let of = |list: &[(String, String)], name: &str| {
        list.iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .count()
    };
    let counts = (of(&request.query, "key"), of(&request.headers, HEADER));
    let is_right = (request.parameter("key"), request.header(HEADER)) == (in_query, in_header)
        && counts == (in_query.iter().count(), in_header.iter().count())
        && request.header("authorization").is_none();
    match is_right {
        true => Reply::json(200, &json!({ "status": "OK" })),
        false => Reply::json(403, &json!({ "status": "REQUEST_DENIED" })),
    }
}

#[test]
fn each_host_gets_the_key_in_its_own_way() {
    let key = format!("AIza{}", canary());
    let abroad = Abroad::new();
    for host in ["places.googleapis.com", "routes.googleapis.com"] {
        let known = key.clone();
        abroad
            .world
            .serve(host, move |request| is_once(request, None, Some(&known)));
    }
    let known = key.clone();
    abroad.world.serve("maps.googleapis.com", move |request| {
        is_once(request, Some(&known), None)
    });
    let output = abroad.given(&["login", "google-maps", "--with-token"], &key);
    assert_eq!(output.code, 0, "{output:?}");
    let ask = |line: &str| {
        let line = format!("curl -sS --max-time 20 {line}");
        let run = [
            "run",
            "--quiet",
            "--provider",
            "google-maps",
            "--",
            "sh",
            "-c",
            &line,
        ];
        abroad.run(&run).stdout
    };
    let maps = "https://maps.googleapis.com/maps/api/geocode/json";
    for line in [
        format!("\"{maps}?address=x&key=$GOOGLE_MAPS_API_KEY\""),
        format!("\"{maps}?address=x\""),
        format!("\"{maps}?KEY=theirs&%6bey=again&address=x\""),
        format!("-H \"X-Goog-Api-Key: $GOOGLE_MAPS_API_KEY\" {maps}"),
        "-d {} https://places.googleapis.com/v1/places:searchText".to_owned(),
        "-d {} \"https://places.googleapis.com/v1/places:searchText?key=$GOOGLE_MAPS_API_KEY\"".to_owned(),
        "-H \"X-Goog-Api-Key: $GOOGLE_MAPS_API_KEY\" -d {} https://routes.googleapis.com/directions/v2:computeRoutes".to_owned(),
    ] {
        assert_eq!(ask(&line), r#"{"status":"OK"}"#, "{line}");
    }
    // The controls: a second key of the program's own in the other place is not taken for ours.
    assert!(ask(&format!("-H 'X-Goog-Api-Key: theirs' {maps}")).contains("DENIED"));
    // And an interface of Google's that is none of this key's.
    abroad.world.serve("other.googleapis.com", |request| {
        is_once(request, None, None)
    });
    assert_eq!(ask("https://other.googleapis.com/"), r#"{"status":"OK"}"#);
    assert_eq!(
        abroad.world.hosts_that_got(&[&key]),
        [
            "maps.googleapis.com",
            "places.googleapis.com",
            "routes.googleapis.com"
        ]
    );
}
