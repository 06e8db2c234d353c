use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::run::{Folder, words};

/// Longer than any process needs to end.
const ENDING: Duration = Duration::from_secs(60);
/// Nor to say what it was started for.
const SAYING: Duration = Duration::from_secs(120);

/// `offsets archive run` in a process of its own, until it is told to stop.
pub(crate) struct Running {
    child: Child,
    /// What it says on stderr, line by line, until it has closed it.
    said: mpsc::Receiver<String>,
}

impl Running {
    pub(crate) fn start(folder: &Folder, line: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offsets"));
        command.args(words(line));
        Self::spawn(folder, command)
    }

    /// Whatever runs it in the end.
    pub(crate) fn spawn(folder: &Folder, mut command: Command) -> Self {
        let mut child = command
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, said) = mpsc::channel();
        thread::spawn(move || stderr.lines().try_for_each(|line| sender.send(line.unwrap())));
        Self { child, said }
    }

    /// The next line on stderr that holds this.
    #[track_caller]
    pub(crate) fn says(&mut self, word: &str) -> String {
        let mut all = String::new();
        let deadline = now() + SAYING;
        while let Ok(line) = self.said.recv_timeout(deadline.saturating_duration_since(now())) {
            if line.contains(word) {
                return line;
            }
            all.push_str(&line);
            all.push('\n');
        }
        panic!("`{word}` was not said:\n{all}");
    }

    /// Where it serves its metrics, as it says.
    pub(crate) fn address(&mut self) -> String {
        let said = self.says("metrics: http://");
        let (_, address) = said.split_once("metrics: http://").unwrap();
        address.trim_end_matches("/metrics").to_owned()
    }

    /// `offsets` as the first process of a PID namespace, as in a container; `None` where the system gives none.
    pub(crate) fn as_first_process(folder: &Folder, line: &str) -> Option<Self> {
        const SPACE: [&str; 3] = ["-Urpf", "--kill-child", "--"];
        let is_given = Command::new("unshare").args(SPACE).arg("true").status().is_ok_and(|is| is.success());
        is_given.then(|| {
            let mut command = Command::new("unshare");
            command.args(SPACE).arg(env!("CARGO_BIN_EXE_offsets")).args(words(line));
            Self::spawn(folder, command)
        })
    }

    /// The same as [`stop`](Self::stop), of the process that it started in a namespace.
    #[track_caller]
    pub(crate) fn stop_first_process(self) -> (Option<i32>, String) {
        let id = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        self.stop_process(children.trim().parse().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Sends SIGTERM; gives the exit code and what was still said. A process that does not end is killed, and fails the test.
    #[track_caller]
    pub(crate) fn stop(self) -> (Option<i32>, String) {
        let id = self.pid();
        self.stop_process(id)
    }

    #[track_caller]
    fn stop_process(mut self, id: u32) -> (Option<i32>, String) {
        kill(Pid::from_raw(id.try_into().unwrap()), Signal::SIGTERM).unwrap();
        let mut rest = String::new();
        let deadline = now() + ENDING;
        loop {
            match self.said.recv_timeout(deadline.saturating_duration_since(now())) {
                Ok(line) => rest = rest + &line + "\n",
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("SIGTERM did not end it:\n{rest}"),
            }
        }
        (self.child.wait().unwrap().code(), rest)
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }
}

/// A test that fails leaves nothing running.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Asks until the answer holds this.
#[track_caller]
pub(crate) fn await_answer(address: &str, path: &str, word: &str) -> String {
    let mut last = String::new();
    let deadline = now() + Duration::from_secs(30);
    while now() < deadline {
        last = get(address, path);
        if last.contains(word) {
            return last;
        }
    }
    panic!("`{word}` is not in:\n{last}");
}

/// Now, on a clock that setting the machine's time does not move: the clock of these tests.
#[expect(clippy::disallowed_methods, reason = "this is their clock")]
fn now() -> Instant {
    Instant::now()
}
