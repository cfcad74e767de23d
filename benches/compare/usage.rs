//! What processes have used, as Linux counts it.

use std::fs;

use crate::Fault;

/// Linux reports CPU time in hundredths of a second on every machine.
const TICK_MS: f64 = 10.0;

/// The fields of `/proc/PID/stat` from the process's state on.
fn stat(pid: u32) -> Result<Vec<String>, Fault> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The process's name before that may contain anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/PID/stat")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

/// A field by its number in proc(5).
fn field(stat: &[String], number: usize) -> Result<f64, Fault> {
    Ok(stat.get(number - 3).ok_or("a field is missing in /proc/PID/stat")?.parse()?)
}

/// CPU time of a process with all its threads, in milliseconds.
pub fn cpu_ms(pid: u32) -> Result<f64, Fault> {
    let stat = stat(pid)?;
    Ok((field(&stat, 14)? + field(&stat, 15)?) * TICK_MS)
}

/// CPU time of a process, of its children, and of children that have ended.
pub fn family_cpu_ms(root: u32) -> Result<f64, Fault> {
    let stat = stat(root)?;
    let gone = (field(&stat, 16)? + field(&stat, 17)?) * TICK_MS;
    let children = fs::read_dir("/proc")?.filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        // A child that has just ended counts as ended from the next time on.
        (parent(pid).ok()? == root).then(|| cpu_ms(pid).ok())?
    });
    Ok(cpu_ms(root)? + gone + children.sum::<f64>())
}

/// A process's parent.
pub fn parent(pid: u32) -> Result<u32, Fault> {
    Ok(stat(pid)?.get(1).ok_or("no parent in /proc/PID/stat")?.parse()?)
}

/// Resident memory, in MiB.
pub fn resident_mib(pid: u32) -> Result<f64, Fault> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(labelled(&status, "VmRSS:")? / 1024.0)
}

/// Bytes that a process has written to disk.
pub fn written_bytes(pid: u32) -> Result<f64, Fault> {
    labelled(&fs::read_to_string(format!("/proc/{pid}/io"))?, "write_bytes:")
}

fn labelled(text: &str, label: &str) -> Result<f64, Fault> {
    let value = text.lines().find_map(|line| line.strip_prefix(label));
    let value = value.and_then(|value| value.split_whitespace().next());
    Ok(value.ok_or_else(|| format!("no {label} in /proc"))?.parse()?)
}

/// CPU time of everything on this machine, in milliseconds.
pub fn machine_cpu_ms() -> Result<f64, Fault> {
    let stat = fs::read_to_string("/proc/stat")?;
    let all = stat.lines().next().ok_or("/proc/stat is empty")?;
    let ticks: Vec<f64> = all.split_whitespace().skip(1).map_while(|n| n.parse().ok()).collect();
    // user nice system idle iowait irq softirq
    let busy = [0, 1, 2, 5, 6].map(|at| ticks.get(at).copied().unwrap_or(0.0));
    Ok(busy.iter().sum::<f64>() * TICK_MS)
}
