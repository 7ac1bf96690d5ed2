//! The table: medians of all rounds, and ratios taken inside each round.

use std::io::{self, Write};

use crate::target::{Bar, Sample, Target};

/// All samples, by target, in the order of the rounds.
#[derive(Debug)]
pub(crate) struct Report {
    samples: Vec<Vec<Sample>>,
}

impl Report {
    pub(crate) fn new(targets: usize) -> Self {
        Self {
            samples: vec![Vec::new(); targets],
        }
    }

    pub(crate) fn add(&mut self, target: usize, sample: Sample) {
        self.samples[target].push(sample);
    }

    /// Prints the table and tells whether a bar was missed.
    pub(crate) fn print(&self, out: &mut dyn Write, targets: &[Target]) -> io::Result<bool> {
        let rounds = self.samples.first().map_or(0, Vec::len);
        writeln!(
            out,
            "\n{rounds} rounds, wall time in ms, ratio to the first line\n"
        )?;
        writeln!(
            out,
            "{:<28} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8}  bar",
            "command", "min", "median", "max", "cpu", "ratio", "peak MiB"
        )?;
        let mut missed = false;
        for (at, target) in targets.iter().enumerate() {
            let figures = self.figures(at);
            let verdicts: Vec<_> = target.bars.iter().map(|bar| figures.judge(*bar)).collect();
            missed |= verdicts.iter().any(|(met, _)| !met);
            let verdicts: Vec<_> = verdicts.into_iter().map(|(_, text)| text).collect();
            writeln!(
                out,
                "{:<28} {:>7.2} {:>7.2} {:>7.2} {:>7.2} {:>7.2} {:>8.1}  {}",
                target.name,
                figures.min,
                figures.median,
                figures.max,
                figures.cpu,
                figures.ratio,
                figures.peak,
                verdicts.join(", ")
            )?;
        }
        Ok(missed)
    }

    fn figures(&self, target: usize) -> Figures {
        let samples = &self.samples[target];
        let wall = sorted(samples.iter().map(|sample| milliseconds(sample.wall)));
        let rounds = samples.iter().zip(&self.samples[0]);
        let ratios = rounds.map(|(own, first)| own.wall.as_secs_f64() / first.wall.as_secs_f64());
        let peak = samples.iter().map(|sample| sample.peak).max();
        Figures {
            min: wall.first().copied().unwrap_or_default(),
            median: median(&wall),
            max: wall.last().copied().unwrap_or_default(),
            cpu: median(&sorted(
                samples.iter().map(|sample| milliseconds(sample.cpu)),
            )),
            ratio: median(&sorted(ratios)),
            peak: mebibytes(peak.unwrap_or_default()),
        }
    }
}

/// One line of the table.
#[derive(Debug)]
struct Figures {
    min: f64,
    median: f64,
    max: f64,
    cpu: f64,
    ratio: f64,
    peak: f64,
}

impl Figures {
    fn judge(&self, bar: Bar) -> (bool, String) {
        let (found, most, unit) = match bar {
            Bar::TimesTheFloor(most) => (self.ratio, most, "x floor"),
            Bar::Milliseconds(most) => (self.median, most, "ms"),
            Bar::Mebibytes(most) => (self.peak, most, "MiB"),
        };
        let met = found <= most;
        let word = if met { "met" } else { "MISSED" };
        (met, format!("{most} {unit} {word}"))
    }
}

fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mebibytes(bytes: u64) -> f64 {
    let kibibytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
    f64::from(kibibytes) / 1024.0
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match (sorted.get(half), sorted.len() % 2) {
        (None, _) => 0.0,
        (Some(middle), 1) => *middle,
        (Some(upper), _) => (sorted[half - 1] + upper) / 2.0,
    }
}
