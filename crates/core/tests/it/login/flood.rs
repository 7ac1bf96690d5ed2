//! A callback port under load: the browser still gets through, and memory does not grow.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use authkeep_testkit::browser::{Person, follow};

use super::attack::Target;
use crate::fakes::{FakePerson, World, request};
use crate::process::{alone, memory};

const IDLE: usize = 200;
const JUNK: usize = 10_000;

#[test]
fn idle_sockets_and_junk_do_not_keep_the_browser_out() {
    println!("figure: {}", alone("login::flood::junk_then_the_browser"));
}

/// What else than a callback may come; every hundredth is cut off in the middle.
fn junk(callback: &str, i: usize) -> Vec<u8> {
    let path = format!("/{i:x}");
    if i.is_multiple_of(100) {
        return format!("GET {callback}?code=x").into_bytes();
    }
    match i % 9 {
        0 => format!("POST {callback} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello")
            .into_bytes(),
        1 => format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes(),
        2 => format!(
            "GET {callback}?{} HTTP/1.1\r\nhost: x\r\n\r\n",
            "a".repeat(20_000)
        )
        .into_bytes(),
        3 => [b"GET / HTTP/1.1\r\n".to_vec(), b"x: y\r\n".repeat(3_000)].concat(),
        4 => vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03],
        5 => (0..=255).cycle().skip(i % 256).take(2_000).collect(),
        6 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        7 => b"DELETE * HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        _ => format!("GET {callback}?code=x HTTP/9.9\r\n\r\n").into_bytes(),
    }
}

fn hold(target: &Target, count: usize) -> Vec<TcpStream> {
    (0..count)
        .map(|_| TcpStream::connect(target.address).unwrap())
        .collect()
}

fn send_junk(target: &Target) {
    let threads: Vec<_> = (0..4)
        .map(|part| {
            let target = target.clone();
            std::thread::spawn(move || {
                for i in (part..JUNK).step_by(4) {
                    // It may well be cut off in the middle of its sentence.
                    let mut stream = TcpStream::connect(target.address).unwrap();
                    drop(stream.write_all(&junk(&target.path, i)));
                    if i.is_multiple_of(100) {
                        drop(stream.shutdown(Shutdown::Write));
                    }
                    drop(stream.read_to_end(&mut Vec::new()));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn junk_then_the_browser() {
    let world = World::new();
    // One login before, so that what every login needs once is there already.
    world
        .broker()
        .login(&request(), &FakePerson::approving())
        .await
        .unwrap();
    let (sender, measured) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let target = Target::of(&url);
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = memory().0;
        let started = Instant::now();
        let first = hold(&target, IDLE / 2);
        eprintln!("held {:?}", started.elapsed());
        send_junk(&target);
        eprintln!("junk {:?}", started.elapsed());
        let second = hold(&target, IDLE / 2);
        eprintln!("held2 {:?}", started.elapsed());
        let flooded = started.elapsed();
        let started = Instant::now();
        let visit = follow(&url, Person::Approve).unwrap();
        let took = started.elapsed();
        assert!(
            visit.body().contains("received the answer"),
            "{}",
            visit.body()
        );
        let grown = memory().1.saturating_sub(before);
        sender.send((flooded, took, grown)).unwrap();
        drop((first, second));
    });
    world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    let (flooded, took, grown) = measured.recv().unwrap();
    assert!(took <= Duration::from_secs(1), "{took:?}");
    assert!(grown < 10 * 1024, "{grown} KiB");
    println!(
        "figure: {IDLE} idle sockets and {JUNK} junk requests in {flooded:?}, then the whole visit in {took:?}; peak memory grew by {grown} KiB"
    );
}

/// Threads that open sockets as fast as they can and hold them, until dropped.
struct Flood {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn of(target: &Target) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let threads = (0..2).map(|_| {
            let (target, over) = (target.clone(), Arc::clone(&over));
            std::thread::spawn(move || {
                let mut held = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let patience = Duration::from_millis(200);
                    // Held open, so that each costs a place until it is taken from it.
                    held.extend(TcpStream::connect_timeout(&target.address, patience));
                    if held.len() > 400 {
                        held.drain(..200);
                    }
                }
            })
        });
        let threads = threads.collect();
        std::thread::sleep(Duration::from_millis(300));
        Self { over, threads }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

#[tokio::test]
async fn a_browser_that_comes_during_the_flood_gets_through() {
    let world = World::new();
    let (sender, measured) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let flood = Flood::of(&Target::of(&url));
        let started = Instant::now();
        let visit = follow(&url, Person::Approve);
        sender.send(started.elapsed()).unwrap();
        drop(flood);
        visit.unwrap();
    });
    world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    println!(
        "figure: during a flood the visit took {:?}",
        measured.recv().unwrap()
    );
}

#[tokio::test]
async fn a_browser_that_takes_a_breath_before_it_speaks_keeps_its_place() {
    let world = World::new();
    let (sender, outcome) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let target = Target::of(&url);
        let flood = Flood::of(&target);
        for _ in 0..20 {
            let mut stream = TcpStream::connect(target.address).unwrap();
            let connected = Instant::now();
            std::thread::sleep(Duration::from_millis(8));
            drop(stream.write_all(b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n"));
            // On a busy machine the breath may last longer than it was to, and then promises nothing.
            let in_time = connected.elapsed() < Duration::from_millis(20);
            let mut answer = String::new();
            drop(stream.read_to_string(&mut answer));
            sender.send((in_time, answer.contains(" 404 "))).unwrap();
        }
        drop(flood);
        follow(&url, Person::Approve).unwrap();
    });
    world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    let in_time: Vec<_> = outcome.try_iter().filter(|(in_time, _)| *in_time).collect();
    assert!(in_time.len() >= 3, "the machine is too busy to tell");
    assert!(in_time.iter().all(|(_, answered)| *answered), "{in_time:?}");
}

#[test]
fn a_listener_that_throws_nobody_out_is_blocked_by_idle_sockets() {
    // The negative control: as many places, and no eviction.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target {
        address: listener.local_addr().unwrap(),
        path: "/callback".to_owned(),
        state: String::new(),
    };
    let idle = hold(&target, 32);
    let places: Vec<_> = (0..32).map(|_| listener.accept().unwrap()).collect();
    listener.set_nonblocking(true).unwrap();
    let serving = std::thread::spawn(move || {
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until {
            // All places are taken by somebody who never says a word: nobody new is accepted.
            for (stream, _) in &places {
                stream.set_nonblocking(true).unwrap();
                assert_eq!(
                    stream.peek(&mut [0]).unwrap_err().kind(),
                    std::io::ErrorKind::WouldBlock
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        drop((listener, places));
    });
    let started = Instant::now();
    let answered = target.get(&format!("{}?code=x&state=y", target.path));
    assert!(answered.is_err() || answered.unwrap().is_empty());
    assert!(started.elapsed() >= Duration::from_millis(900));
    serving.join().unwrap();
    drop(idle);
}
