//! What a proxy can spoil: bodies that it keeps back, answers that come early, questions that it has to pass on.

use super::stage::{Run, Stage};

fn ran(stage: &Stage, line: &str) -> Run {
    let run = stage.run(line, &[]);
    assert!(
        run.output.code == 0 && run.arrived(),
        "{:?} {:?}",
        run.output,
        run.seen
    );
    run
}

#[test]
fn an_event_arrives_before_the_stream_goes_on() {
    // The server sends the second event when it is asked to, which the client does when it has the first one.
    let stage = Stage::new();
    ran(
        &stage,
        "$CLIENTS/python/venv/bin/python $CLIENTS/python/client.py events",
    );
}

#[test]
fn fifty_megabytes_come_and_go_unharmed() {
    let stage = Stage::new();
    for version in ["--http1.1", "--http2"] {
        let line = format!(
            "curl -fsS {version} -o \"$TMPDIR/body\" \"$ORIGIN/download?50000000\" && \
             curl -fsS {version} -T \"$TMPDIR/body\" \"$ORIGIN/upload\""
        );
        let run = ran(&stage, &line);
        assert_eq!(
            run.output.stdout, r#"{"bytes":50000000,"intact":true}"#,
            "{version}"
        );
        // The control: one byte is noticed.
        let line = format!(
            "printf x | dd of=\"$TMPDIR/body\" bs=1 seek=49999999 conv=notrunc status=none && \
             curl -fsS {version} -T \"$TMPDIR/body\" \"$ORIGIN/upload\""
        );
        let run = ran(&stage, &line);
        assert_eq!(
            run.output.stdout, r#"{"bytes":50000000,"intact":false}"#,
            "{version}"
        );
    }
}

#[test]
fn a_client_that_waits_for_the_servers_consent_gets_it() {
    let stage = Stage::new();
    let line = "head -c 3000000 /dev/zero | \
        curl -fsS --http1.1 -T - -H 'Expect: 100-continue' --expect100-timeout 60 --max-time 50 $ORIGIN/upload";
    assert_eq!(
        ran(&stage, line).output.stdout,
        r#"{"bytes":3000000,"intact":false}"#
    );
}

#[test]
fn a_refusal_that_comes_while_the_client_sends_is_heard() {
    let stage = Stage::new();
    for version in ["--http1.1", "--http2"] {
        let line = format!(
            "head -c 50000000 /dev/zero > \"$TMPDIR/body\" && \
             curl -sS {version} -o \"$TMPDIR/answer\" -w '%{{http_code}}' --max-time 50 \
             -T \"$TMPDIR/body\" $ORIGIN/upload/refused; cat \"$TMPDIR/answer\""
        );
        let run = stage.run(&line, &[]);
        assert_eq!(
            run.output.stdout, "413too large\n",
            "{version} {:?}",
            run.output
        );
        assert!(run.arrived(), "{:?}", run.seen);
    }
}
