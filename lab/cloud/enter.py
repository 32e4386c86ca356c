"""Runs a command in a lab's root namespace: `python -m lab.cloud.enter PID COMMAND …`.

It stands for the command: a signal that it gets goes on to the command, when it is killed the
command is killed too, and it ends as the command ends. nsenter(1) does the first half only.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lab.cloud import namespaces
from lab.cloud.namespaces import FILES, Namespace

_PASSED_ON = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCONT,
}
_FROM_KERNEL = 0x80
"""SI_KERNEL: a terminal sends its signals so, to the command as well. Source: sigaction(2)."""


def enter(pid: int) -> None:
    """Move this process into the namespaces of `pid`; its children into its processes'.

    Raises:
        OSError: the process is gone, or is somebody else's.
    """
    where = Path.cwd()
    theirs, ours = Path(f"/proc/{pid}/ns"), Path("/proc/self/ns")
    opened = [
        (os.open(theirs / name, os.O_RDONLY), kind)
        for kind, name in FILES.items()
        if (theirs / name).readlink() != (ours / name).readlink()
    ]
    for descriptor, kind in opened:
        namespaces.enter(descriptor, kind)
        os.close(descriptor)
        if kind is Namespace.USER:
            os.setgid(0)
            os.setuid(0)
    # Entering a mount namespace leads to its root.
    os.chdir(where if where.is_dir() else "/")


def main(pid: int, command: list[str]) -> int:
    """Run the command and wait; returns its exit status."""
    enter(pid)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    # At a terminal the command has to stay in the terminal's group to read from it.
    at_terminal = os.isatty(0)
    child = os.fork()
    if child == 0:
        namespaces.die_with_parent()
        if not at_terminal:
            os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        try:
            os.execvp(command[0], command)  # noqa: S606 - this is what it is for
        except OSError as error:
            sys.stderr.write(f"{command[0]}: {error.strerror}\n")
            os._exit(127)
    while True:
        found = signal.sigwaitinfo({*_PASSED_ON, signal.SIGCHLD})
        if found.si_signo != signal.SIGCHLD:
            if not (at_terminal and found.si_code == _FROM_KERNEL):
                os.kill(child, found.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return _end_like(os.waitstatus_to_exitcode(status))


def _end_like(code: int) -> int:
    """An exit status, or the end by the same signal."""
    if code >= 0:
        return code
    signal.signal(-code, signal.SIG_DFL) if -code not in (signal.SIGKILL, signal.SIGSTOP) else None
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.kill(os.getpid(), -code)
    return 128 - code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
