//! Telling whether an executor's process is dead, where that can be known: on the same machine.
//!
//! A process is named by the boot of its machine, its pid namespace, its id and its start. If boot
//! and namespace are ours, /proc tells whether it lives. Elsewhere, only its lease does.

use std::fs;

/// This process's name for others: boot, pid namespace, pid, start; empty where /proc can't tell.
pub(super) fn identity() -> String {
    let pid = std::process::id();
    match (place(), start(pid)) {
        (Some(place), Some(start)) => format!("{place} {pid} {start}"),
        _no_proc => String::new(),
    }
}

/// Host and process id, for people.
pub(super) fn name() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    format!("{}:{}", if host.is_empty() { "localhost" } else { host }, std::process::id())
}

/// Whether the process of that identity is known to have ended.
pub(super) fn is_surely_dead(identity: &str) -> bool {
    let mut words = identity.rsplitn(3, ' ');
    let (Some(its_start), Some(pid), Some(its_place)) = (words.next(), words.next(), words.next())
    else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    // Where other users' processes are hidden, not to see one says nothing.
    let sees_others = fs::read_to_string("/proc/1/stat").is_ok();
    place().as_deref() == Some(its_place) && sees_others && start(pid).as_deref() != Some(its_start)
}

fn place() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// The 22nd field of its stat, in clock ticks since boot. The second, its name, may hold anything.
fn start(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace();
    // A zombie has ended: it only waits to be buried.
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
        let its = format!("{} {} {its_start}", place().expect("linux"), child.id());
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
