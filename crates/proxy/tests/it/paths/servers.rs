//! Servers of other people that tell below which folder they have found what a path names: Node, Go, nginx.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// A server that answers `in` for what is below `/api`, and `out` for all else.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    port: u16,
    _process: Child,
    _home: TempDir,
}

/// All of them, started.
pub(super) async fn all() -> Vec<Server> {
    vec![node().await, go().await, nginx().await]
}

impl Server {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a request for `path` is answered with what is not below the prefix.
    pub(super) async fn serves_outside(&self, path: &str) -> bool {
        let asked = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            drop(stream.read_to_end(&mut answer).await);
            answer
        };
        let answer = timeout(Duration::from_secs(10), asked).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        answer.starts_with("HTTP/1.1 200 ") && body.contains("out")
    }
}

async fn node() -> Server {
    // As written with the URL class, and as with the older functions that file servers are built on.
    const PROGRAM: &str = r#"
        const http = require("http"), path = require("path");
        const below = (p) => { const n = path.posix.normalize(p.replaceAll("\\", "/")); return n === "/api" || n.startsWith("/api/"); };
        const server = http.createServer((request, response) => {
            try {
                const raw = request.url.split("?")[0];
                const readings = [raw, new URL(request.url, "http://a.example").pathname];
                const all = readings.concat(readings.map(decodeURIComponent));
                response.end(all.every(below) ? "in" : "out");
            } catch { response.statusCode = 400; response.end(); }
        });
        server.listen(0, "127.0.0.1", () => console.log(server.address().port));
    "#;
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("node");
    command.args(["-e", PROGRAM]);
    announced("Node", command, home).await
}

async fn go() -> Server {
    // What its own path cleaning makes of the decoded path, which its file server and its router both begin with.
    const PROGRAM: &str = r#"
        package main
        import ("fmt"; "net"; "net/http"; "path"; "strings")
        func main() {
            below := func(p string) bool { c := path.Clean(p); return c == "/api" || strings.HasPrefix(c, "/api/") }
            listener, err := net.Listen("tcp", "127.0.0.1:0")
            if err != nil { panic(err) }
            fmt.Println(listener.Addr().(*net.TCPAddr).Port)
            panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
                if below(r.URL.Path) && below(r.URL.EscapedPath()) { fmt.Fprint(w, "in") } else { fmt.Fprint(w, "out") }
            })))
        }
    "#;
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("main.go"), PROGRAM).unwrap();
    // Built apart: what `go run` starts would outlive it.
    let built = Command::new("go")
        .args(["build", "-o", "server", "main.go"])
        .current_dir(home.path())
        .env("HOME", home.path())
        .env("GOFLAGS", "-mod=mod")
        .status()
        .await;
    assert!(
        built.is_ok_and(|status| status.success()),
        "the Go compiler is needed: golang-go"
    );
    announced("Go", Command::new(home.path().join("server")), home).await
}

/// Starts a server that prints its port.
async fn announced(name: &'static str, mut command: Command, home: TempDir) -> Server {
    let mut process = start(name, &mut command, home.path());
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(30), lines.next_line()).await;
    let line = line.unwrap().unwrap().unwrap();
    Server {
        name,
        port: line.trim().parse().unwrap(),
        _process: process,
        _home: home,
    }
}

async fn nginx() -> Server {
    let home = tempfile::tempdir().unwrap();
    // It can be told no free port, so one is looked for, and another if somebody else was faster.
    for _ in 0..10 {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = home.path().display();
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{}}\n\
             http {{\n\
               access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;\n\
               fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n\
               server {{\n\
                 listen 127.0.0.1:{port};\n\
                 location = /api {{ return 200 in; }}\n\
                 location /api/ {{ return 200 in; }}\n\
                 location / {{ return 200 out; }}\n\
               }}\n\
             }}\n"
        );
        let file = home.path().join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        // Where Debian has it is not on everybody's search path.
        let program = ["/usr/sbin/nginx", "nginx"];
        let program = program.iter().find(|program| Path::new(program).exists());
        let mut command = Command::new(program.unwrap_or(&"nginx"));
        command.arg("-p").arg(home.path()).arg("-c").arg(&file);
        let mut process = start("nginx", &mut command, home.path());
        loop {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok()
                && process.try_wait().unwrap().is_none()
            {
                return Server {
                    name: "nginx",
                    port,
                    _process: process,
                    _home: home,
                };
            }
            if process.try_wait().unwrap().is_some() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    let log = std::fs::read_to_string(home.path().join("error.log")).unwrap_or_default();
    panic!("nginx does not start: {log}");
}

fn start(name: &str, command: &mut Command, home: &Path) -> Child {
    let started = command
        .env("HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    started.unwrap_or_else(|error| panic!("{name} is needed for this test: {error}"))
}
