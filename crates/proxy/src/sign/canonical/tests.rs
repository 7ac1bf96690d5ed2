use proptest::prelude::*;

use super::*;

#[test]
fn what_two_could_read_differently_is_written_in_one_way() {
    let one = |path: &str, query: &str| in_one_way(path, query, Paths::AsSent);
    for (sent, one_way) in [
        (("/a+b", "x=a+b"), ("/a%2Bb", "x=a%20b")),
        (("/%e9%2f%41", "%61=%2b&b"), ("/%C3%A9%2FA", "a=%2B&b")),
        (("/a=b&c", "p=a/b&&q=:"), ("/a%3Db%26c", "p=a%2Fb&q=%3A")),
        (("/../x//", ""), ("/../x//", "")),
        (("/%", "%zz=%"), ("/%25", "%25zz=%25")),
    ] {
        if sent.0.contains("%e9") {
            // A byte that is no text stays that byte.
            assert_eq!(one(sent.0, "").0, "/%E9%2FA");
            assert_eq!(one("/", sent.1).1, one_way.1);
            continue;
        }
        assert_eq!(
            one(sent.0, sent.1),
            (one_way.0.to_owned(), one_way.1.to_owned())
        );
    }
    assert_eq!(
        in_one_way("/a+b/..", "x=+", Paths::EncodedAgain),
        ("/a+b/..".to_owned(), "x=%20".to_owned())
    );
}

proptest! {
    #[test]
    fn written_in_one_way_twice_is_the_same(path in "/[ -~]{0,40}", query in "[ -~]{0,40}") {
        let (path, query) = in_one_way(&path, &query, Paths::AsSent);
        prop_assert!(path.starts_with('/'));
        let again = in_one_way(&path, &query, Paths::AsSent);
        prop_assert_eq!(again, (path, query));
    }

    #[test]
    fn a_resolved_path_goes_up_nowhere(path in "[/.a%]{0,40}") {
        let path = resolved(&format!("/{path}"));
        prop_assert!(path.starts_with('/') && !path.contains("//"));
        prop_assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")));
    }
}
