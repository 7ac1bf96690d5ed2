//! The tables, and whether the bars were met.

use std::io::{self, Write};

use crate::measure::{CONNECTIONS, Sample};
use crate::subject::Subject;

/// Prints medians and bars, and tells whether one was missed.
pub(crate) fn print(
    out: &mut dyn Write,
    subjects: &[Subject],
    samples: &[Vec<Sample>],
) -> io::Result<bool> {
    let name = |name: &str| subjects.iter().position(|subject| subject.name == name);
    let rounds = samples.first().map_or(0, Vec::len);
    writeln!(out, "\n{rounds} rounds, medians\n")?;
    writeln!(
        out,
        "{:<10} {:>9} {:>9} {:>9} {:>8} {:>8} {:>12} {:>8} {:>9}",
        "", "c1 /s", "c32 /s", "c256 /s", "p50 µs", "p99 µs", "1st event µs", "MB/s", "peak MiB"
    )?;
    for (subject, samples) in subjects.iter().zip(samples) {
        let of = |figure: fn(&Sample) -> f64| median(samples.iter().map(figure));
        writeln!(
            out,
            "{:<10} {:>9.0} {:>9.0} {:>9.0} {:>8.0} {:>8.0} {:>12.0} {:>8.0} {:>9.1}",
            subject.name,
            of(|sample| sample.loads[0].rate),
            of(|sample| sample.loads[1].rate),
            of(|sample| sample.loads[2].rate),
            of(|sample| sample.paced.p50),
            of(|sample| sample.paced.p99),
            of(|sample| sample.first_event),
            of(|sample| sample.download),
            of(|sample| sample.peak),
        )?;
    }
    let (Some(tunnel), Some(mitm), Some(own)) = (name("tunnel"), name("mitm"), name("authkeep"))
    else {
        return Ok(true);
    };
    writeln!(out, "\nauthkeep, within each round\n")?;
    let pairs = |other: usize| samples[own].iter().zip(&samples[other]);
    let mut missed = false;
    let mut bar = |what: String, found: f64, met: bool, wanted: &str| {
        missed |= !met;
        let word = if met { "met" } else { "MISSED" };
        writeln!(out, "{what:<44} {found:>9.2}  {wanted:<12} {word}")
    };
    for (at, connections) in CONNECTIONS.into_iter().enumerate() {
        let ratio = median(pairs(mitm).map(|(own, mitm)| own.loads[at].rate / mitm.loads[at].rate));
        let what = format!("throughput / mitm, {connections} connections");
        bar(what, ratio, ratio >= 0.8, ">= 0.8")?;
    }
    let added = median(pairs(tunnel).map(|(own, tunnel)| own.paced.p50 - tunnel.paced.p50));
    bar(
        "p50 - tunnel's, 32 paced connections, µs".to_owned(),
        added,
        added < 200.0,
        "< 200",
    )?;
    let added = median(pairs(tunnel).map(|(own, tunnel)| own.paced.p99 - tunnel.paced.p99));
    bar(
        "p99 - tunnel's, 32 paced connections, µs".to_owned(),
        added,
        added < 2000.0,
        "< 2000",
    )?;
    let ratio = median(pairs(mitm).map(|(own, mitm)| own.download / mitm.download));
    bar("download / mitm".to_owned(), ratio, ratio >= 0.8, ">= 0.8")?;
    let later = median(pairs(tunnel).map(|(own, tunnel)| own.first_event - tunnel.first_event));
    bar(
        "first event - tunnel's, µs".to_owned(),
        later,
        later < 2000.0,
        "< 2000",
    )?;
    let peak = median(samples[own].iter().map(|sample| sample.peak));
    bar(
        "peak at 256 connections, MiB".to_owned(),
        peak,
        peak < 40.0,
        "< 40",
    )?;
    Ok(missed)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
