"""What commands on the operator's machine run: programs of `remote/`, which follow machines.

Their text goes into the stack's state, so that a drain needs no source at hand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from components import ssh_way

TEXT = "\n# what is run:\n"
"""On standard input, between private keys and a script that is run; as in `remote/session.py`."""
_PROGRAMS = Path(__file__).resolve().parent.parent / "remote"
SHELL = ["/bin/bash", "-c"]
MEMBERSHIP = "membership.py"
"""Brings a node into the cluster and out of it: join, drain, leave, overview."""
NOTHING = ":"
"""A command for `SHELL` that does nothing."""
LOST = re.compile(r"can't be reached for \d+ s: (.*)")
"""What the scripts say of a machine that they can't reach, with the reason."""
KEY_REFUSED = "doesn't take sshPrivateKey"
"""What they say of a machine that doesn't know the key."""
AGENT_REFUSED = "doesn't take a key of your SSH agent"
"""Likewise of the keys of the operator's own agent."""
OWN_AGENT = "own"
"""The variable SSH_AGENT has this where that agent is used; else the keys come on stdin."""
_AGENT_SOCKET = "SSH_AUTH_SOCK"
HOST = "host.py"
"""Prepares a host that exists already, and leaves it: inspect, prepare, release."""
MACHINES = "machines.py"
"""Asks one machine: usage, logs, report and the like."""
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_OPENSSH = ("ssh", "ssh-add", "ssh-agent", "ssh-keygen", "ssh-keyscan")
"""What the programs run here, all of OpenSSH."""
_START = f"""\
for program in {" ".join(_OPENSSH)}; do
  command -v "$program" >/dev/null || {{
    echo "$program isn't on the PATH of this computer; machines are reached with OpenSSH." >&2
    echo "Nothing was changed. Install it, on Debian: apt-get install openssh-client" >&2
    exit 1
  }}
done
python=.venv/bin/python
[ -x "$python" ] || python=python3
agent=ssh-agent
[ "${{SSH_AGENT:-}}" != {OWN_AGENT} ] || agent=
# shellcheck disable=SC2086 # the operator's own agent is no word
exec $agent "$python" -I -c "$OVER_SSH"\
"""
"""A destroy doesn't run the program, so it looks for itself."""


class MissingProgramsError(OSError):
    """This computer lacks what machines are reached with; nothing was done."""

    def __init__(self, missing: Sequence[str]) -> None:
        named = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
        super().__init__(
            f"Not found on the PATH of this computer: {named}.\n"
            "Machines are reached with OpenSSH, so nothing was changed.\n"
            "Install it: apt-get install openssh-client (Fedora: dnf install openssh-clients; "
            "Alpine: apk add openssh-client)"
        )


def require_programs() -> None:
    """Look for what machines are reached with, before anything else is done.

    Raises:
        MissingProgramsError: some of it isn't on the PATH.
    """
    if missing := [program for program in _OPENSSH if shutil.which(program) is None]:
        raise MissingProgramsError(missing)


def environment(actions: str) -> dict[str, str]:
    """The variables that commands of `command` need.

    As variables, the scripts aren't in the message of each failure.

    Args:
        actions: file in `remote/` that knows the actions.
    """
    return {
        "OVER_SSH": (_PROGRAMS / "session.py").read_text(),
        "ACTIONS": (_PROGRAMS / actions).read_text(),
    }


def command(action: str) -> str:
    """A command for `SHELL` that carries out an action."""
    return f"{_START} {action}"


def shell_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a shell for `command`, which has nothing else of this process's.

    But AWS's own variables, and where its files are, for who is reached by Session Manager.
    """
    kept = {"PATH": os.environ.get("PATH", os.defpath)}
    ways = (text for name, text in variables.items() if name.endswith("SSH_WAY"))
    if any(ssh_way.from_text(way).ssm for way in ways):
        kept |= {name: os.environ[name] for name in os.environ if _is_of_aws(name)}
    if variables.get("SSH_AGENT") == OWN_AGENT and _AGENT_SOCKET in os.environ:
        kept[_AGENT_SOCKET] = os.environ[_AGENT_SOCKET]
    return {**kept, **variables}


def _is_of_aws(name: str) -> bool:
    """Whether a variable has a say in how AWS is asked. Source: botocore, "Configuration"."""
    return name.startswith("AWS_") or name == "HOME" or name.lower() in _PROXIES


def run(
    action: str,
    variables: Mapping[str, str],
    private_keys: str | None,
    *,
    timeout: float | None = None,
    capture: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Carry out an action now, apart from the engine.

    Args:
        action: as in the file that `variables` were made for.
        variables: `environment` and what else the action needs.
        private_keys: for SSH.
        timeout: seconds; None waits for its end.
        capture: whether output is returned, and not shown.

    Raises:
        MissingProgramsError: this computer has no OpenSSH.
        subprocess.TimeoutExpired: it was killed.
    """
    require_programs()
    return subprocess.run(
        [*SHELL, command(action)],
        input=private_keys,
        env=shell_environment(variables),
        capture_output=capture,
        text=True,
        # Logs of machines may hold anything.
        errors="replace",
        timeout=timeout,
        check=False,
    )
