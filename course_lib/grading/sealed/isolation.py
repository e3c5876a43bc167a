"""What a process can be kept from: Linux namespaces, Landlock, seccomp, another user, resource limits.

Each layer is used where the system grants it; `Isolation` says what holds in the end. No layer needs
another one, and every call goes to the kernel itself, so that nothing has to be installed.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "LIMITS",
    "Isolation",
    "die_with_parent",
    "drop_privileges",
    "enter_namespaces",
    "forbid_tracing",
    "mount_private",
    "refused_calls",
]

_LINUX = sys.platform == "linux"

# clone flags, prctl and mount numbers of the Linux interface (the same on every architecture)
_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PIDS, _NEW_NET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_PR_SET_DEATH_SIGNAL = 1
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 0x4000, 0x40000
_PR_SET_SECCOMP, _SECCOMP_FILTER, _ALLOW, _FAIL = 22, 2, 0x7FFF0000, 0x00050000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446

_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 1

# System calls that no answer needs, with their numbers on x86-64 and on 64-bit ARM. They start processes,
# open sockets, signal others, look into them or change their limits and their share of the processor, and
# change namespaces and mounts; io_uring can do most of these. Shared memory, once it is detached, is not
# counted by the limit on an address space. Keyrings outlive a process and are shared by all of a user.
_REFUSED = {
    "fork": (57, None),
    "vfork": (58, None),
    "socket": (41, 198),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "open_by_handle_at": (304, 265),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
}
# Calls whose arguments decide: a thread is no process, one's own limits are one's own, and three commands of
# fcntl would have others signalled.
_LOOKED_INTO = {"clone": (56, 220), "clone3": (435, 435), "prlimit64": (302, 261), "fcntl": (72, 25)}
_CLONE_THREAD, _F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 0x10000, 8, 10, 15
_MACHINES = ("x86_64", "aarch64")
_AUDIT_NUMBER = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

MB = 2**20
LIMITS = {
    "RLIMIT_CPU": 120,  # seconds
    "RLIMIT_AS": 2048 * MB,
    "RLIMIT_FSIZE": 16 * MB,
    "RLIMIT_NOFILE": 64,
    "RLIMIT_NPROC": 64,  # threads, since a fork is refused
    "RLIMIT_CORE": 0,
}
WORK_BYTES = 64 * MB


@dataclass
class Isolation:
    """What is known to hold for an untrusted process."""

    network: bool = False
    files: bool = False
    processes: bool = False
    limits: bool = False
    layers: list[str] = field(default_factory=list)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def enter_namespaces(held: Isolation) -> bool:
    """Leave the machine's network, mounts and processes behind; the next fork is process 1 of its own world.

    Returns
    -------
    bool
        Whether the system allowed it.
    """
    if not _LINUX:
        return False
    flags = _NEW_MOUNTS | _NEW_IPC | _NEW_PIDS | _NEW_NET
    user, group = os.getuid(), os.getgid()
    if user:
        flags |= _NEW_USER
    if _libc().unshare(flags):
        return False
    if user:
        # Without a privilege of its own, a process may map itself alone into its new user namespace.
        try:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        except OSError:
            return False
    held.network = held.processes = True
    held.layers.append("namespaces")
    return True


def mount_private(work: str, hidden: Iterable[str], held: Isolation) -> None:
    """Within new namespaces: a small memory disk as `work`, nothing to see in `hidden`, our own /proc.

    All else can be read and not written.
    """
    libc = _libc()

    def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> bool:
        return libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()) == 0

    safe = _MS_NOSUID | _MS_NODEV
    # Mounts of its own: the guard, which must clear up in the end, keeps the world as it was.
    if libc.unshare(_NEW_MOUNTS) or not mount("none", "/", "", _MS_REC | _MS_PRIVATE):
        return
    attributes = struct.pack("=QQQQ", _READ_ONLY, 0, 0, 0)
    frozen = libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, len(attributes)) == 0
    mount("proc", "/proc", "proc", safe)
    outer = [path for path in hidden if not any(path.startswith(f"{other}/") for other in hidden)]
    covered = [mount("tmpfs", path, "tmpfs", safe, "size=4k,mode=755") for path in outer]
    mount("tmpfs", work, "tmpfs", safe, f"size={WORK_BYTES},mode=777")
    if frozen and all(covered):
        held.files = True
        held.layers.append("mounts")


def drop_privileges(work: str, hidden: Iterable[str], uid: int, held: Isolation) -> None:
    """Give up, for good, whatever an answer has no need of: files, network, signals, user, resources."""
    import resource  # which Windows lacks; there a learner can still use the rest of the grader

    with contextlib.suppress(OSError):
        os.chdir(work)
    _landlock(work, [os.path.realpath(path) for path in hidden], held)
    _change_user(uid, held)
    for name, value in LIMITS.items():
        if hasattr(resource, name):
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (value, value))
    _refuse_system_calls(held)
    held.limits = resource.getrlimit(resource.RLIMIT_CPU)[0] == LIMITS["RLIMIT_CPU"]


def die_with_parent() -> None:
    """Have this process killed when the one that forked it ends; a change of user undoes it."""
    if _LINUX:
        _libc().prctl(_PR_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def forbid_tracing() -> None:
    """Keep processes of the same user from reading this one's memory."""
    if _LINUX:
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _change_user(uid: int, held: Isolation) -> None:
    """Become a user that nobody else is, or at least give up every capability."""
    if _LINUX:
        _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getuid() == 0 and _python_is_public():
        for number in (uid, 65534):
            try:
                os.setgroups([])
                os.setgid(number)
                os.setuid(number)
            except OSError:
                continue
            held.layers.append("user")
            return
    if _LINUX:
        header = struct.pack("=Ii", 0x20080522, 0)  # version 3 of the interface, this process
        _libc().capset(header, bytes(24))


def _refuse_system_calls(held: Isolation) -> None:
    """Install a seccomp filter: what is listed in `_REFUSED` fails as if resources had run out.

    A thread may be started, a process may not. Both are asked for by `clone`, whose flags tell them apart.
    The newer `clone3` keeps its flags where no filter can read them, and so is said not to exist.
    """
    machine = os.uname().machine
    if not _LINUX or machine not in _MACHINES:
        return
    calls = refused_calls(machine)
    number = {name: numbers[_MACHINES.index(machine)] for name, numbers in _LOOKED_INTO.items()}
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    first, second = 16, 24  # where the low halves of the arguments are
    code = _assemble(
        ("", load, 4, "", ""),  # the architecture
        ("", equal, _AUDIT_NUMBER[machine], "", "refuse"),
        ("", load, 0, "", ""),  # the number of the call
        ("", at_least, 0x40000000, "refuse", ""),
        *(("", equal, call, name, "") for name, call in number.items()),
        *(("", equal, call, "refuse", "") for call in calls.values()),
        ("", give, _ALLOW, "", ""),
        ("clone", load, first, "", ""),  # its flags
        ("", any_bit, _CLONE_THREAD, "allow", "refuse"),
        ("prlimit64", load, first, "", ""),  # whose limits: 0 is one's own
        ("", equal, 0, "allow", "refuse"),
        ("fcntl", load, second, "", ""),  # its command
        *(("", equal, command, "refuse", "") for command in (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
        ("allow", give, _ALLOW, "", ""),
        ("clone3", give, _FAIL | errno.ENOSYS, "", ""),
        ("refuse", give, _FAIL | errno.EAGAIN, "", ""),
    )
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    libc = _libc()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, header, 0, 0) == 0:
        held.network = held.processes = True
        held.layers.append("seccomp")


def refused_calls(machine: str) -> dict[str, int]:
    """Return the system calls that are refused on a machine, and their numbers there."""
    column = _MACHINES.index(machine)
    return {name: numbers[column] for name, numbers in _REFUSED.items() if numbers[column] is not None}


def _assemble(*steps: tuple[str, int, int, str, str]) -> bytes:
    """Return a filter's code; a step is label, operation, value, and the labels to jump to if so, if not."""
    places = {label: index for index, (label, *_) in enumerate(steps) if label}
    code = b""
    for index, (_, operation, value, yes, no) in enumerate(steps):
        jumps = [places[label] - index - 1 if label else 0 for label in (yes, no)]
        code += struct.pack("=HBBI", operation, *jumps, value)
    return code


def _python_is_public() -> bool:
    """Return whether another user could still import modules from where Python is installed."""
    places = {Path(sys.prefix), Path(sys.base_prefix), Path(os.__file__)}
    return all(
        step.stat().st_mode & 0o001 or not step.is_dir()
        for place in places
        for step in (place.resolve(), *place.resolve().parents)
    )


def _landlock(work: str, hidden: list[str], held: Isolation) -> None:
    """Allow reading what is not `hidden`, writing in `work`, no TCP, no signal to the outside."""
    if not _LINUX:
        return
    libc = _libc()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return
    every = (1 << (13 + (version >= 2) + (version >= 3))) - 1
    read = 0b1101  # execute, read a file, list a folder
    attributes = struct.pack("=QQQ", every, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, size, 0)
    if ruleset < 0:
        return

    def allow(path: str, access: int) -> None:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            if not os.path.isdir(path):
                access &= 0b111
            libc.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", access, handle), 0)
            os.close(handle)

    for path in _around(hidden):
        allow(path, read)
    for path in ("/dev/null", "/dev/zero", "/dev/urandom"):
        allow(path, read | 0b10)
    allow(work, every)
    if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0:
        held.files = True
        held.network = held.network or version >= 4
        held.processes = held.processes or version >= 6
        held.layers.append("landlock")
    os.close(ruleset)


def _around(hidden: list[str]) -> list[str]:
    """Return the paths that Python needs, opened up wherever a hidden path lies below one of them."""
    roots = {"/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/opt", "/nix"}
    roots |= {"/etc/ld.so.cache", "/etc/localtime"}
    roots |= {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)}
    allowed, todo = [], [path for path in roots if os.path.exists(path)]
    while todo:
        path = todo.pop()
        if path in hidden:
            continue
        if any(h.startswith(path.rstrip("/") + "/") for h in hidden):
            todo += [os.path.join(path, name) for name in os.listdir(path)]
        else:
            allowed.append(path)
    return allowed
