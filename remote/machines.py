"""Asks one machine of the deployment: its load, its logs, what it can reach; logs a person in."""

from __future__ import annotations

import base64
import shlex
import sys
from collections.abc import Callable, Mapping

from remote.session import MEMBERSHIP, Session, session, with_values


def _with_fields(name: str, fields: str) -> Callable[[Mapping[str, str]], str]:
    """A script of `machine/` in one variable, which reads the lines in another."""

    def command(given: Mapping[str, str]) -> str:
        run = f"LC_ALL=C bash -c {shlex.quote(given[name])} {name.lower()}"
        return with_values(run, given[fields])

    return command


def _services(given: Mapping[str, str]) -> str:
    # A builtin of the shell prints it: no process list has it.
    values = base64.b64encode(given["VALUES"].encode()).decode()
    return f"printf %s {values} | base64 -d | {MEMBERSHIP} services --json"


def _start(given: Mapping[str, str]) -> str:
    """What `components.remote.run_on` gives a shell, given to one again."""
    text = base64.b64encode(given["TEXT"].encode()).decode()
    return f"printf %s {text} | base64 -d | sudo -n bash -s start-services.sh"


def _script(name: str, lock: str, text: str) -> str:
    """What `components.remote.run_on` gives a shell, where pulumi-command has no way.

    After a lost connection it's run again, and the one before may not have ended yet.
    """
    encoded = base64.b64encode(text.encode()).decode()
    locked = f"sudo -n flock --close /run/openvidu-{lock}.lock bash -s {name}"
    # A builtin of the shell prints it: no process list has it.
    return f"printf %s {encoded} | base64 -d | {locked}"


def _report(given: Mapping[str, str]) -> str:
    return f"sudo -n env LC_ALL=C bash -c {shlex.quote(given['REPORT'])} report {given['FOLDER']}"


def _downloads(given: Mapping[str, str]) -> str:
    # As root, as which it would be installed.
    run = f"sudo -n env LC_ALL=C bash -c {shlex.quote(given['ASK'])} downloads"
    return with_values(run, f"URLS={given['URLS']}")


def _overview(given: Mapping[str, str]) -> str:
    return f"{MEMBERSHIP} overview{_master(given)} --connected"


def _stores(given: Mapping[str, str]) -> str:
    # An earlier release's program doesn't know it: then there is no line.
    return f"{MEMBERSHIP} stores{_master(given)} 2>/dev/null || true"


def _overview_and_stores(given: Mapping[str, str]) -> str:
    """Both with one login."""
    return f"{_overview(given)} || exit\n{_stores(given)}"


def _master(given: Mapping[str, str]) -> str:
    return "-master" if given["NODE_NAME"] == "master" else ""


_CONTAINER = (
    '{{index .Config.Labels "com.docker.compose.service"}}|{{.State.Status}}|{{.RestartCount}}|'
    "{{.State.StartedAt}}|{{.State.ExitCode}}|{{.HostConfig.RestartPolicy.Name}}|"
    '{{index .Config.Labels "com.docker.compose.oneoff"}}'
)
"""What tells of a container how often Docker has started it again, and how it ended.
Source: Docker, "docker inspect" and Engine API, ContainerInspect."""


def _usage(given: Mapping[str, str]) -> str:
    usage = (
        'nproc; cat /proc/loadavg; grep -E "^Mem(Total|Available):" /proc/meminfo; '
        # Space, then inodes. What it can't look at makes it fail.
        "LC_ALL=C df -Pkl 2>/dev/null; LC_ALL=C df -Pil 2>/dev/null || true"
    )
    if not given.get("FOLDER"):
        return usage
    # A Docker that hangs is nothing that a look waits for.
    look = (
        f"docker ps --all --quiet | xargs -r docker inspect --format {shlex.quote(_CONTAINER)} |"
        ' sed "s/^/container /"'
    )
    asked = f"timeout 10 sudo -n bash -o pipefail -c {shlex.quote(look)} 2>/dev/null"
    return f'{usage}; echo "clock $(date +%s)"; {asked} || echo "containers unknown"'


def _certificate(given: Mapping[str, str]) -> str:
    """The certificate that the machine shows to itself."""
    shown = f"timeout 10 openssl s_client -connect 127.0.0.1:{int(given['PORT'])}"
    return f"{shown} </dev/null 2>/dev/null | openssl x509"


_LOGS_SECONDS = 100
"""Less than who wants them waits."""
_RESTART_SECONDS = 300


_SYNC = """\
sudo -n sync --file-system /var/lib/openvidu-data || {
  echo 'There is no data volume: see findmnt /var/lib/openvidu-data (there)' >&2
  exit 1
}"""
"""Writes what is in memory to the volume that `machine/mount-data.sh` mounts; services go on."""


def _within(seconds: int, command: str) -> str:
    """A command as root that waits for Docker, which may hang."""
    said = f"Docker on this machine has given no answer within {seconds} s."
    said += " Look at: sudo systemctl status docker (there)"
    return (
        f"sudo -n timeout --kill-after=30 {seconds} {command}; status=$?\n"
        # Not 137: what has to be killed each time isn't run again.
        f"case $status in 124 | 137) echo {shlex.quote(said)} >&2; exit 124 ;; esac\nexit $status"
    )


def _logs(given: Mapping[str, str]) -> str:
    command = f"docker compose logs --no-color {given['OPTIONS']}"
    if "--follow" in given["OPTIONS"]:
        # Until whoever reads them has enough.
        return f"cd {given['FOLDER']} && exec sudo -n {command}"
    return f"cd {given['FOLDER']} || exit\n{_within(_LOGS_SECONDS, command)}"


COMMANDS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "usage": _usage,
    "logs": _logs,
    "report": _report,
    "env": lambda given: f"sudo -n cat {given['FOLDER']}/.env",
    "authorize": _with_fields("AUTHORIZE", "FIELDS"),
    "overview": _overview,
    "overview-and-stores": _overview_and_stores,
    "stores": _stores,
    "start": _start,
    "start-node": lambda given: with_values(
        given["START_NODE"], f"NAME={given['NODE_NAME']}\nFOLDER={given['FOLDER']}"
    ),
    "restart-docker": lambda _: _within(_RESTART_SECONDS, "systemctl restart docker"),
    "sync-data": lambda _: _SYNC,
    # Machines in containers share the kernel, and its id of the boot.
    "boot": lambda _: "cat /proc/sys/kernel/random/boot_id; cut -d ' ' -f 22 /proc/1/stat",
    # What the reboot ends has done its work.
    "reboot": lambda _: "sudo -n systemctl reboot || [ $? -gt 128 ]",
    "reach": lambda given: _with_fields("REACH", "LINES")(
        {**given, "LINES": f"PLACES={given['PLACES']}"}
    ),
    "services": _services,
    "certificate": _certificate,
    "downloads": _downloads,
}


def act(made: Session) -> int:
    """Carry the session's action out; returns its exit status."""
    given = made.environment
    machine = made.machine(made.name, "NODE")
    if made.action == "login":
        return made.login(machine, given["COMMAND"], int(given["TERMINAL"]))
    if made.action == "script":
        return made.run(machine, _script(given["SCRIPT"], given["LOCK"], made.text())).status
    if made.action not in COMMANDS:
        made.say(f"there is no action {made.action}")
        return 1
    return made.run(machine, COMMANDS[made.action](given)).status


if __name__ == "__main__":
    with session(sys.argv[1]) as opened:
        sys.exit(act(opened))
