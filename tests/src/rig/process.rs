//! A child process that cannot outlive this one.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::wait;

/// How many lines of a process's output an error shows.
const TAIL: usize = 30;

/// A running child, its output in a file.
///
/// Dropping it kills it. When this process dies without dropping anything, even by SIGKILL, the kernel kills the
/// child: it is started through `setpriv --pdeathsig` (util-linux), which asks for that signal and then becomes the
/// program. The child leads a process group of its own, so an interrupt typed at the terminal reaches only its owner.
pub struct Process {
    name: String,
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `command`; its output is appended to the file `output`.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or the program cannot be started.
    pub fn start(name: &str, command: &Command, output: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(output);
        let file = file.with_context(|| format!("open {}", output.display()))?;
        let mut mortal = Command::new("setpriv");
        mortal.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            mortal.current_dir(folder);
        }
        mortal.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child =
            spawn(mortal).with_context(|| format!("start {name} (setpriv is in package util-linux)"))?;
        Ok(Self { name: name.to_owned(), child, output: output.to_owned() })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if the process has ended, with the last lines of its output.
    ///
    /// # Errors
    ///
    /// See above.
    pub fn assert_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}\n{}", self.name, self.tail()),
        }
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().and_then(|()| self.child.wait()).with_context(|| format!("kill {}", self.name))?;
        Ok(())
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not stop within `patience`.
    pub fn stop(&mut self, patience: Duration) -> Result<ExitStatus> {
        self.signal("TERM")?;
        let what = format!("{} to stop", self.name);
        wait::until(&what, patience, || Ok(self.child.try_wait()?))
    }

    /// Lets it sleep (SIGSTOP) until it is [woken](Self::wake): it does nothing and does not know that time passes.
    ///
    /// # Errors
    ///
    /// When no signal can be sent.
    pub fn sleep(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Wakes it (SIGCONT).
    ///
    /// # Errors
    ///
    /// When no signal can be sent.
    pub fn wake(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let id = self.id().to_string();
        // the shell's own kill: the program of that name is not on every machine
        let command = "kill -\"$1\" \"$2\"";
        Command::new("sh").args(["-c", command, "sh", signal, &id]).status().context("run sh")?;
        Ok(())
    }

    /// The last lines it wrote.
    pub fn tail(&self) -> String {
        let text = fs::read(&self.output).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        format!("--- end of {} ---\n{tail}", self.output.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nothing can be done about a child that cannot be killed
        self.kill().ok();
    }
}

/// Starts a child from a thread that lasts as long as this process.
///
/// The kernel sends a parent-death signal when the *thread* that started the child ends; a test runs on a thread of
/// its own, and a broker must outlive the first test that uses it.
fn spawn(command: Command) -> Result<Child> {
    type Order = (Command, Sender<io::Result<Child>>);
    static ORDERS: OnceLock<Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in inbox {
                // the test has gone: its child is killed too
                if let Err(unclaimed) = reply.send(command.spawn())
                    && let Ok(mut child) = unclaimed.0
                {
                    child.kill().ok();
                }
            }
        });
        orders
    });
    let (reply, answer) = mpsc::channel();
    let gone = || anyhow!("the launching thread is gone");
    orders.send((command, reply)).map_err(|_| gone())?;
    Ok(answer.recv().map_err(|_| gone())??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_outlives_the_thread_that_asked_for_it_and_dies_on_drop() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; exec tail -f /dev/null"]);
        let mut process =
            thread::spawn(move || Process::start("sh", &command, &output).unwrap()).join().unwrap();
        wait::until("its output", Duration::from_secs(10), || {
            Ok(process.tail().contains("ready").then_some(()))
        })
        .unwrap();
        process.assert_running().unwrap();
        let id = process.id();
        drop(process);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn an_ended_process_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no disk >&2; exit 3"]);
        let mut process = Process::start("broker", &command, &folder.path().join("output")).unwrap();
        let ended = wait::until("its end", Duration::from_secs(10), || Ok(process.assert_running().err()));
        let error = ended.unwrap().to_string();
        assert!(error.contains("broker ended with exit status: 3") && error.contains("no disk"), "{error}");
    }
}
