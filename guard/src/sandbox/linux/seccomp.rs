//! The system calls a job may not make, in either tier.
//!
//! What is refused is data: [`super::syscalls`] and the conditions below. A call refused by one of the tables fails
//! with `EPERM`; one whose arguments a filter cannot see (they lie in memory) or that is newer than this list fails with
//! `ENOSYS`, so that programs fall back to what can be judged; one of a foreign calling convention kills the process.

use std::collections::BTreeMap;

use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};

use super::syscalls::{
    ABSENT, CLONE_NEW, CLONE_NEWTIME, DENIED, DENIED_HERE, DENIED_ON_THE_HOST, DENIED_ON_THE_HOST_HERE,
    DENIED_TO_READERS, FILE_TRICKS, LAST, PERSONALITIES, SET_ID, TERMINAL_TRICKS, X32,
};

/// What the filter depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shared {
    /// Whether sockets to other machines may be made.
    pub(super) network: bool,
    /// Whether the job shares the host's namespaces and files, so that the filter must keep it from what Landlock does
    /// not: shared memory, other processes' limits, modes of files.
    pub(super) host: Option<Host>,
}

/// A job among the host's own processes and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Host {
    /// Whether it may change any file of the host's.
    pub(super) writes: bool,
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Wrong = Box<dyn std::error::Error>;

/// Applies the filter to this process and all it will start, for good. Sets `no_new_privs` too.
pub(super) fn install(shared: Shared) -> Result<(), Wrong> {
    for program in programs(shared)? {
        seccompiler::apply_filter(&program)?;
    }
    Ok(())
}

/// The filters, to be applied in this order. The kernel takes the strictest of their answers.
fn programs(shared: Shared) -> Result<[BpfProgram; 3], Wrong> {
    let absent = ABSENT.iter().map(|call| (*call, Vec::new())).collect();
    Ok([compile(absent, libc::ENOSYS)?, numbers(), compile(denied(shared)?, libc::EPERM)?])
}

fn compile(rules: Rules, errno: i32) -> Result<BpfProgram, Wrong> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()?)
}

/// Judges by number alone: foreign conventions and calls of the future. In the kernel's own instructions, since a
/// comparison of numbers is not among what the compiler offers.
fn numbers() -> BpfProgram {
    let instruction = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let [load, at_least, above, answer] = [0x20, 0x35, 0x25, 0x06];
    vec![
        instruction(load, 0, 0, 0),
        instruction(at_least, 2, 0, X32),
        instruction(above, 2, 0, LAST),
        instruction(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
        instruction(answer, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        instruction(answer, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
    ]
}

/// A condition on one argument.
type If = (u8, SeccompCmpArgLen, SeccompCmpOp, u64);

fn denied(shared: Shared) -> Result<Rules, Wrong> {
    let mut rules: Rules = always(&[DENIED, DENIED_HERE]);
    let mut when = |call: i64, conditions: &[If]| -> Result<(), Wrong> {
        let conditions: Result<Vec<_>, _> = conditions
            .iter()
            .map(|(argument, length, operator, value)| {
                SeccompCondition::new(*argument, length.clone(), operator.clone(), *value)
            })
            .collect();
        rules.entry(call).or_default().push(SeccompRule::new(conditions?)?);
        Ok(())
    };
    namespaces(&mut when)?;
    devices_and_modes(&mut when)?;
    when(libc::SYS_personality, &PERSONALITIES.map(|known| (0, Dword, Ne, known)))?;
    for request in TERMINAL_TRICKS {
        when(libc::SYS_ioctl, &[(1, Dword, Eq, request)])?;
    }
    sockets(&mut when)?;
    if let Some(host) = shared.host {
        other_processes(&mut when)?;
        for request in FILE_TRICKS {
            when(libc::SYS_ioctl, &[(1, Dword, Eq, request)])?;
        }
        rules.extend(always(&[DENIED_ON_THE_HOST, DENIED_ON_THE_HOST_HERE]));
        if !host.writes {
            rules.extend(always(&[DENIED_TO_READERS]));
        }
        if !shared.network {
            rules.insert(libc::SYS_socket, Vec::new());
        }
    }
    Ok(rules)
}

fn always(tables: &[&[i64]]) -> Rules {
    tables.concat().into_iter().map(|call| (call, Vec::new())).collect()
}

/// Adds a rule: this call is denied when all of these hold.
type When<'w> = &'w mut dyn FnMut(i64, &[If]) -> Result<(), Wrong>;

fn namespaces(when: When<'_>) -> Result<(), Wrong> {
    for flag in CLONE_NEW.map(|flag| u64::from(flag.unsigned_abs())) {
        when(libc::SYS_clone, &[(0, Qword, MaskedEq(flag), flag)])?;
        when(libc::SYS_unshare, &[(0, Qword, MaskedEq(flag), flag)])?;
    }
    when(libc::SYS_unshare, &[(0, Qword, MaskedEq(CLONE_NEWTIME), CLONE_NEWTIME)])
}

fn devices_and_modes(when: When<'_>) -> Result<(), Wrong> {
    // The call, and which argument of it is a mode.
    let mut making = vec![(libc::SYS_mknodat, 2)];
    let mut setting = vec![
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        (libc::SYS_openat, 3),
        (libc::SYS_mkdirat, 2),
        (libc::SYS_mknodat, 2),
    ];
    #[cfg(target_arch = "x86_64")]
    {
        making.push((libc::SYS_mknod, 1));
        setting.extend([
            (libc::SYS_chmod, 1),
            (libc::SYS_open, 2),
            (libc::SYS_creat, 1),
            (libc::SYS_mkdir, 1),
            (libc::SYS_mknod, 1),
        ]);
    }
    for (call, mode) in making.drain(..) {
        for kind in [libc::S_IFCHR, libc::S_IFBLK] {
            when(call, &[(mode, Dword, MaskedEq(libc::S_IFMT.into()), kind.into())])?;
        }
    }
    for (call, mode) in setting.drain(..) {
        for bit in SET_ID.map(u64::from) {
            when(call, &[(mode, Dword, MaskedEq(bit), bit)])?;
        }
    }
    Ok(())
}

/// Sockets of the two internet families for the usual protocols, questions about the own interfaces, and connected
/// pairs. Never a socket of the machine's own family: by its path it would reach a server of the host that listens
/// inside the workspace, or by its abstract name any. A pair of datagram sockets can be connected anew, so it is one.
fn sockets(when: When<'_>) -> Result<(), Wrong> {
    let [internet, internet6, netlink, machine] =
        [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK, libc::AF_UNIX]
            .map(|family| family.unsigned_abs().into());
    let family = |operator, value| (0, Dword, operator, value);
    when(libc::SYS_socket, &[family(Ne, internet), family(Ne, internet6), family(Ne, netlink)])?;
    when(libc::SYS_socket, &[family(Eq, netlink), (2, Dword, Ne, 0)])?;
    for (internet, ping) in [(internet, libc::IPPROTO_ICMP), (internet6, libc::IPPROTO_ICMPV6)] {
        let kinds = [libc::SOCK_RAW, libc::SOCK_RDM, libc::SOCK_SEQPACKET, libc::SOCK_DCCP];
        for kind in kinds.map(|kind| u64::from(kind.unsigned_abs())) {
            when(libc::SYS_socket, &[family(Eq, internet), (1, Dword, MaskedEq(0xf), kind)])?;
        }
        let known = [0, libc::IPPROTO_TCP, libc::IPPROTO_UDP, ping];
        let mut conditions = vec![family(Eq, internet)];
        conditions.extend(known.map(|protocol| (2, Dword, Ne, u64::from(protocol.unsigned_abs()))));
        when(libc::SYS_socket, &conditions)?;
    }
    when(libc::SYS_socketpair, &[family(Ne, machine)])?;
    for kind in [libc::SOCK_DGRAM, libc::SOCK_RAW].map(|kind| u64::from(kind.unsigned_abs())) {
        when(libc::SYS_socketpair, &[(1, Dword, MaskedEq(0xf), kind)])?;
    }
    Ok(())
}

/// A process may change its own limits, priority and processors, and nobody else's.
fn other_processes(when: When<'_>) -> Result<(), Wrong> {
    let somebody_else = (0, Dword, Ne, 0);
    for call in [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setattr,
    ] {
        when(call, std::slice::from_ref(&somebody_else))?;
    }
    // The first argument says what the second names: one process, or a whole group or user.
    for (call, process) in [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, 1)] {
        when(call, &[(0, Dword, Ne, process)])?;
        when(call, &[(1, Dword, Ne, 0)])?;
    }
    // Times by a path; by a descriptor there is none.
    when(libc::SYS_utimensat, &[(1, Qword, Ne, 0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_compiles_and_fits() {
        for host in [None, Some(Host { writes: false }), Some(Host { writes: true })] {
            for network in [false, true] {
                for program in programs(Shared { network, host }).unwrap() {
                    assert!(program.len() <= 4096, "{} instructions", program.len());
                }
            }
        }
    }
}
