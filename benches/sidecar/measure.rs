//! One round of one subject.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Fallible;
use crate::client::Client;
use crate::options::Options;
use crate::subject::Subject;

/// How many connections the loads have.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 32, 256];

/// Between the requests of a connection that is not in a hurry.
const PAUSE: Duration = Duration::from_millis(10);

/// What one round found.
#[derive(Debug)]
pub(crate) struct Sample {
    /// By number of connections.
    pub(crate) loads: [Load; 3],
    /// 32 connections with pauses between their requests: what a request costs where nobody is in its way.
    pub(crate) paced: Load,
    /// The first server-sent event, from the request, in µs.
    pub(crate) first_event: f64,
    /// One large download, in MB/s.
    pub(crate) download: f64,
    /// The proxy's peak resident set after the loads and before the download, in MiB; 0 where there is none.
    pub(crate) peak: f64,
}

/// Requests one after the other, over every connection at once.
#[derive(Debug)]
pub(crate) struct Load {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The median, in µs.
    pub(crate) p50: f64,
    /// The slowest hundredth, in µs.
    pub(crate) p99: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (load, connections) in self.loads.iter().zip(CONNECTIONS) {
            write!(
                f,
                "c{connections} {:.0}/s p50 {:.0} p99 {:.0} µs, ",
                load.rate, load.p50, load.p99
            )?;
        }
        let Load { p50, p99, .. } = self.paced;
        write!(
            f,
            "paced p50 {p50:.0} p99 {p99:.0} µs, first event {:.0} µs, {:.0} MB/s, {:.1} MiB",
            self.first_event, self.download, self.peak
        )
    }
}

pub(crate) async fn all(subject: &Subject, options: &Options) -> Fallible<Sample> {
    injects(subject).await?;
    let mut loads = Vec::new();
    for connections in CONNECTIONS {
        loads.push(load(subject, connections, options.load, Duration::ZERO).await?);
    }
    let paced = load(subject, CONNECTIONS[1], options.load, PAUSE).await?;
    let peak = subject.process.map_or(Ok(0.0), peak)?;
    Ok(Sample {
        loads: loads.try_into().map_err(|_| "three loads")?,
        paced,
        first_event: first_event(subject).await?,
        download: download(subject, options.mebibytes).await?,
        peak,
    })
}

/// Whoever does not do the work is not measured.
async fn injects(subject: &Subject) -> Fallible<()> {
    let seen = Client::connect(subject).await?.text("/auth").await?;
    let expected = subject
        .authorization
        .as_deref()
        .unwrap_or("Bearer placeholder");
    if !seen.chars().rev().eq(expected.chars()) {
        return Err(format!("{} sends another header", subject.name).into());
    }
    Ok(())
}

async fn load(
    subject: &Subject,
    connections: usize,
    lasting: Duration,
    pause: Duration,
) -> Fallible<Load> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = Client::connect(subject).await?;
        let head = client.head("/small");
        client.get(&head).await?;
        clients.push(client);
    }
    let over = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                let head = client.head("/small");
                let mut times = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    client.get(&head).await?;
                    times.push(asked.elapsed().as_secs_f64() * 1e6);
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
                Fallible::Ok(times)
            })
        })
        .collect();
    tokio::time::sleep(lasting).await;
    over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let took = started.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Ok(Load {
        rate: times.len() as f64 / took,
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
    })
}

/// The median of ten.
async fn first_event(subject: &Subject) -> Fallible<f64> {
    let mut times = Vec::new();
    for _ in 0..10 {
        let mut client = Client::connect(subject).await?;
        let head = client.head("/events");
        let asked = Instant::now();
        client.send(&head).await?;
        client.answer().await?;
        client.until(b"data: 0\n\n").await?;
        times.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

async fn download(subject: &Subject, mebibytes: usize) -> Fallible<f64> {
    let mut client = Client::connect(subject).await?;
    let bytes = mebibytes << 20;
    let head = client.head(&format!("/bytes/{bytes}"));
    let asked = Instant::now();
    client.get(&head).await?;
    Ok(bytes as f64 / 1e6 / asked.elapsed().as_secs_f64())
}

fn peak(process: u32) -> Fallible<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kibibytes.ok_or("no peak")?.trim().parse::<f64>()? / 1024.0)
}
