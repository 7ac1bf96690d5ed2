//! Whose socket it is, as Linux tells in `/proc`.
//!
//! Reading these files may block, and takes a few milliseconds on a machine with many processes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{IpAddr, SocketAddr};

/// True if the socket from `peer` to `own` belongs to `ancestor` or a process that descends from it. Whatever cannot be
/// read is somebody else's.
pub(super) fn has_socket(ancestor: u32, peer: SocketAddr, own: SocketAddr) -> bool {
    let Some((uid, inode)) = socket(peer, own) else {
        return false;
    };
    if uid != rustix::process::getuid().as_raw() {
        return false;
    }
    let link = format!("socket:[{inode}]");
    family(ancestor).into_iter().any(|pid| holds(pid, &link))
}

/// The owner and the inode of the socket whose near end is `peer` and whose far end is `own`.
fn socket(peer: SocketAddr, own: SocketAddr) -> Option<(u32, u64)> {
    // Some runtimes reach IPv4 addresses through IPv6 sockets, where they are written mapped (RFC 4291 section 2.5.5.2).
    const MAPPED: &str = "0000000000000000FFFF0000";
    let (near, far) = (in_hex(peer)?, in_hex(own)?);
    let mapped = [&near, &far].map(|address| format!("{MAPPED}{address}"));
    // The kernel's table can skip a line while others open and close sockets; it never invents one.
    (0..3).find_map(|_| {
        search("/proc/net/tcp", &near, &far)
            .or_else(|| search("/proc/net/tcp6", &mapped[0], &mapped[1]))
    })
}

fn search(table: &str, near: &str, far: &str) -> Option<(u32, u64)> {
    let table = fs::read_to_string(table).ok()?;
    table.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let is_it = fields.nth(1) == Some(near) && fields.next() == Some(far);
        let uid = fields.nth(4)?.parse().ok()?;
        let inode = fields.nth(1)?.parse().ok()?;
        is_it.then_some((uid, inode))
    })
}

/// An address as the kernel prints it: the four bytes as one number of the machine's byte order.
fn in_hex(address: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = address.ip() else {
        return None;
    };
    let number = u32::from_ne_bytes(ip.octets());
    Some(format!("{number:08X}:{:04X}", address.port()))
}

/// `ancestor` and all processes below it.
fn family(ancestor: u32) -> HashSet<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(pid) = pid
            && let Some(parent) = parent(pid)
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut family = HashSet::new();
    let mut next = vec![ancestor];
    while let Some(pid) = next.pop() {
        if family.insert(pid) {
            next.extend(children.get(&pid).into_iter().flatten());
        }
    }
    family
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold any character; the fourth is the parent.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn holds(pid: u32, link: &str) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    files
        .into_iter()
        .flatten()
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == link))
}
