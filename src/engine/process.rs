//! Whether an executor's process is surely dead, which can only be known on its own machine.
//!
//! A process is identified by its machine's boot, its pid namespace, its pid and its start time.
//! Where boot and namespace are this process's own, /proc says whether the other still runs; if it
//! doesn't, its sagas are taken over at once (promise 31). Anywhere else, only its lease tells.

use std::fs;

/// This process's identity: boot, pid namespace, pid and start time. Empty where /proc can't tell.
pub(super) fn identity() -> String {
    let pid = std::process::id();
    match (scope(), start(pid)) {
        (Some(scope), Some(start)) => format!("{scope} {pid} {start}"),
        _no_proc => String::new(),
    }
}

/// Host name and pid, for logs and operators.
pub(super) fn name() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    format!("{}:{}", if host.is_empty() { "localhost" } else { host }, std::process::id())
}

/// Whether the process of that identity is known to have ended. `false` where that can't be known.
pub(super) fn is_surely_dead(identity: &str) -> bool {
    let mut words = identity.rsplitn(3, ' ');
    let (Some(its_start), Some(pid), Some(its_scope)) = (words.next(), words.next(), words.next())
    else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    // Where /proc hides other users' processes, one that isn't seen may still run.
    let sees_others = fs::read_to_string("/proc/1/stat").is_ok();
    scope().as_deref() == Some(its_scope) && sees_others && start(pid).as_deref() != Some(its_start)
}

/// Where pids are unique: the boot of the machine and the pid namespace.
fn scope() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// When a process started, in clock ticks since boot: field 22 of its stat. Field 2 is its name in
/// parentheses, which may hold anything.
fn start(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace();
    // A zombie has ended; its parent has not yet asked for its exit code.
    (fields.next()? != "Z").then(|| fields.nth(18).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_alive_and_a_process_that_ended_is_not() {
        assert!(!is_surely_dead(&identity()));
        let mut child = std::process::Command::new("sleep").arg("100").spawn().expect("sleep");
        let its_start = start(child.id()).expect("it runs");
        let its = format!("{} {} {its_start}", scope().expect("linux"), child.id());
        assert!(!is_surely_dead(&its));
        child.kill().expect("ours");
        child.wait().expect("ours");
        assert!(is_surely_dead(&its));
    }

    #[test]
    fn of_another_machine_nothing_is_known() {
        assert!(!is_surely_dead("other-boot pid:[1] 1 1"));
        assert!(!is_surely_dead(""));
    }
}
