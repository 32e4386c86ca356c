"""A session with the machines of the cluster, over SSH.

Private keys come on standard input and go into the SSH agent around this process: they're never on
disk. Where SSH_AGENT is `own` there are none, and the agent is the operator's, which is forwarded
to no machine.

Commands go to a shell's standard input, so that no login shell has to understand them and no
process list shows them. Each answer is framed: what a login prints isn't taken for one, and
where the end of the frame is missing the connection was lost. Each command looks at the world and
does what is missing, so after a lost connection it's run again.

Run as `python -c` with this text: the variable ACTIONS holds the module that knows the actions.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 35.0)
"""Between tries: a firewall may let in six connections in half a minute (`ufw limit`)."""
STEADY_SECONDS = 60.0
"""A connection that has lasted so long shows that the machine is well again."""
LOGIN_SECONDS = 60.0
"""How long a login may take until it runs a command."""
SSM_SECONDS = 25
"""How long a connection may take at least that AWS is asked for."""
AFTERWARDS_SECONDS = 5.0
"""How long the client may take after the answer."""
GONE_AFTER = 2
"""Tries after which it's asked whether a machine that doesn't answer is there at all."""
MOST_KILLS = 4
"""So often in a row a command may be killed on its machine until that isn't tried again."""
NOISE_CHARACTERS = 400
TEXT = "\n# what is run:\n"
"""On standard input, between private keys and what an action takes beside them."""
MEMBERSHIP = "sudo -n env LC_ALL=C python3 -I /opt/openvidu-membership/membership.pyz"
"""The program on the base, or the bastion."""


class SessionError(Exception):
    """An action failed; says on which machine, why, and what to type."""


class LostError(SessionError):
    """A machine can't be reached for as long as it's waited for."""


@dataclass(frozen=True)
class Jump:
    """A host that connections to a machine go through.

    Attributes:
        host: its address or name.
        port: where its SSH answers.
        user: who logs in there; empty for SSH_USER.
        host_key: its public SSH host key.
    """

    host: str
    port: int
    user: str
    host_key: str


@dataclass(frozen=True)
class Machine:
    """A machine that answers over SSH.

    Attributes:
        who: what it is, as `the base` or `node-3`.
        host: its address.
        host_key: its public SSH host key.
        port: where its SSH answers.
        jump: what connections go through; None where it's reached straight.
        ssm: what Session Manager connects to, in words of `scripts.ssm_way`; empty where it isn't
            used.
    """

    who: str
    host: str
    host_key: str
    port: int = 22
    jump: Jump | None = None
    ssm: str = ""


def machine_at(who: str, host: str, host_key: str, way: str = "") -> Machine:
    """A machine, and the way there as `components.ssh_way` writes it; empty for the usual one."""
    found = json.loads(way) if way else {}
    jump = Jump(**found["jump"]) if found.get("jump") else None
    return Machine(who, host, host_key, found.get("port", 22), jump, found.get("ssm", ""))


@dataclass(frozen=True)
class Done:
    """What became of a command.

    Attributes:
        status: its exit status.
        output: its standard output, where that was to be kept.
    """

    status: int
    output: str = ""


@dataclass(frozen=True)
class _Attempt:
    """One try.

    Attributes:
        status: the command's exit status; None where it has told none.
        output: what it printed.
        began: whether a shell has begun to run it.
        noise: what was printed before.
        client: exit status of the SSH client.
        said: why the client failed.
        lasted: seconds.
        between: what it goes through, in words.
        between_said: why that didn't let it through.
    """

    status: int | None
    output: str
    began: bool
    noise: str
    client: int
    said: str
    lasted: float
    between: str = ""
    between_said: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether the client failed, and not the login."""
        return self.began or self.client == 255 or self.client < 0

    @property
    def reason(self) -> str:
        """Why there is no answer."""
        if self.between_said:
            return f"{self.between}: {self.between_said}"
        if self.said:
            return self.said
        if self.began:
            return "the connection was lost"
        return f"ssh ended with status {self.client}"


class Session:
    """The way to machines, for one action."""

    def __init__(self, environment: Mapping[str, str], action: str) -> None:
        """Take the private keys from standard input, or look at the operator's own agent.

        Args:
            environment: SSH_USER, and for some actions SSH_AGENT, NODE_NAME, CONNECT_SECONDS,
                RECONNECT_SECONDS and PRESENT.
            action: what is done; shown where it fails.

        Raises:
            SessionError: a key isn't taken, or there is none.
        """
        self.name = environment.get("NODE_NAME", "")
        self.action = action
        self.environment = environment
        self._user = environment["SSH_USER"]
        # How long a machine that doesn't answer is waited for: longer than a reboot.
        self._reconnect = float(environment.get("RECONNECT_SECONDS") or 900)
        self._connect = environment.get("CONNECT_SECONDS") or "15"
        self._present: dict[str, Machine] = {}
        self._asked: set[Machine] = set()
        # Sockets have short paths, which those of macOS's own folder aren't.
        self._folder = tempfile.TemporaryDirectory(dir="/tmp", prefix="ov-")
        self._has_configured_key = False
        self._keys = "sshPrivateKey"
        self._text: str | None = None
        if environment.get("SSH_AGENT") == "own":
            self._keys = "a key of your SSH agent"
            self._require_agent()
        else:
            keys, _, self._text = sys.stdin.read().partition(TEXT)
            self._add_keys(keys)

    def _add_keys(self, text: str) -> None:
        for key in _PRIVATE_KEY.findall(text) or [text]:
            added = subprocess.run(["ssh-add", "-q", "-"], input=key, text=True, check=False)
            if added.returncode:
                told = "doesn't take sshPrivateKey, or sshJumpPrivateKey; it says so above"
                raise SessionError(f"{self.name}: ssh-add {told}")

    def _require_agent(self) -> None:
        """Look whether the operator's agent has keys. Source: ssh-add(1), "Exit status"."""
        listed = subprocess.run(["ssh-add", "-l"], capture_output=True, text=True, check=False)
        if listed.returncode:
            said = (listed.stderr or listed.stdout).strip() or f"exit status {listed.returncode}"
            raise SessionError(
                f"{self.name}: sshAgent has your own SSH agent used, and there is none with a key: "
                f"{said}\n  Nothing was changed.\n"
                '  Next: eval "$(ssh-agent)" && ssh-add FILE, and then the same command again'
            )

    def machine(self, who: str, prefix: str) -> Machine:
        """A machine of the variables HOST, HOST_KEY and SSH_WAY.

        Args:
            who: what it is.
            prefix: of these names: `NODE` or `BASE`.
        """
        given = self.environment
        key, way = given[f"{prefix}_HOST_KEY"], given.get(f"{prefix}_SSH_WAY", "")
        return machine_at(who, given[f"{prefix}_HOST"], key, way)

    def text(self) -> str:
        """What stands behind the private keys on standard input; read once."""
        if self._text is None:
            self._text = sys.stdin.read().partition(TEXT)[2]
        return self._text

    def close(self) -> None:
        """End the connections."""
        for machine in self._asked:
            subprocess.run(
                [*self._ssh(machine, Path(os.devnull)), "-O", "exit", machine.host],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        self._folder.cleanup()

    def run(
        self, machine: Machine, script: str, *, keep: bool = False, wait: float | None = None
    ) -> Done:
        """Run a script of `sh` on a machine until it has ended there, over lost connections.

        One that is killed there, as where memory runs out, is run again a few times.

        What it prints is passed on; its standard input ends when this process does.

        Args:
            machine: where.
            script: what.
            keep: return its standard output in place of passing it on.
            wait: seconds for which a machine that doesn't answer is waited for; RECONNECT_SECONDS
                by default.

        Raises:
            SessionError: the machine refuses, can't be reached for so long, or kills it each time.
        """
        limit = self._reconnect if wait is None else wait
        lost_since, tries, kills = None, 0, 0
        machine = self._present.setdefault(machine.who, machine)
        while True:
            attempt = self._try(machine, script, keep=keep)
            if attempt.status in _KILLED:
                kills = kills + 1 if attempt.lasted <= STEADY_SECONDS else 1
                self._after_kill(machine, attempt.status, kills)
                continue
            if attempt.status is not None:
                return Done(attempt.status, attempt.output)
            if attempt.lasted > STEADY_SECONDS:
                lost_since, tries = None, 0
            known = self._look_up(machine, attempt)
            if known != machine:
                machine = self._present[machine.who] = known
                continue
            if _KEY_REFUSED in attempt.said and self._take_configured_key():
                continue
            self._refuse(machine, attempt)
            lost_since = lost_since or time.monotonic()
            if tries == GONE_AFTER and (known := self._look_there(machine)) != machine:
                machine = self._present[machine.who] = known
                continue
            if time.monotonic() - lost_since >= limit:
                raise LostError(
                    f"{self.name}: {machine.who}, {machine.host}, can't be reached for "
                    f"{limit:g} s: {attempt.reason}\n"
                    "  Nothing was removed. Next: uv run openvidu-enterprise repair "
                    f"{machine.who.removeprefix('the ')}, then: pulumi up"
                )
            told = f"no connection to {machine.who}, {machine.host}; trying again"
            waits = f"waiting for {machine.who}, {machine.host}: {attempt.reason}"
            self.say(told if tries == 0 else waits)
            time.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    def _after_kill(self, machine: Machine, status: int, kills: int) -> None:
        """Wait until a command that was killed may be run again.

        Raises:
            SessionError: it was killed too often.
        """
        killed = f"{self.action} was killed on {machine.who}, {machine.host} ({_KILLED[status]})"
        if kills >= MOST_KILLS:
            name = machine.who.removeprefix("the ")
            raise SessionError(
                f"{self.name}: {killed}, {kills} times: its memory may have run out\n"
                "  Nothing was removed. Next: look what takes it: "
                f"uv run openvidu-enterprise ssh {name} -- 'free -m; ps aux --sort -rss | head'; "
                "then: pulumi up"
            )
        self.say(f"{killed}; trying again")
        time.sleep(PAUSES[kills - 1])

    def ask(self, machine: Machine, script: str, seconds: float) -> Done | str:
        """Run a script once, on a machine that may be gone; returns why where that can't be done.

        Args:
            machine: where.
            script: what.
            seconds: limit.
        """
        attempt = self._try(machine, script, keep=True, seconds=seconds)
        return attempt.reason if attempt.status is None else Done(attempt.status, attempt.output)

    def login(self, machine: Machine, command: str, terminal: int) -> int:
        """Log a person in on a machine, or run a command there; returns its exit status.

        Args:
            machine: where.
            command: as `ssh` takes it; empty for a login shell.
            terminal: file descriptor that is its standard input.

        Raises:
            SessionError: the machine refuses, or can't be reached.
        """
        # This says why where it can't be reached, and finds a machine that was replaced.
        self.run(machine, "true")
        present = self._present[machine.who]
        words = [command] if command else []
        # It shares the connection that there is.
        return subprocess.run(
            [*self._ssh(present, Path(os.devnull)), present.host, *words],
            stdin=terminal,
            check=False,
        ).returncode

    def say(self, text: str) -> None:
        """Tell the operator."""
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)  # noqa: T201

    def _try(
        self, machine: Machine, script: str, *, keep: bool, seconds: float | None = None
    ) -> _Attempt:
        self._asked.add(machine)
        mark = f"openvidu-{uuid.uuid4().hex}"
        log = Path(self._folder.name) / f"log-{mark}"
        began = time.monotonic()
        with subprocess.Popen(
            [*self._ssh(machine, log), "-T", "-E", str(log), machine.host, "/bin/sh"],
            env=_CLIENT_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # The connection outlives this process, which nobody may have to wait for then.
            stderr=subprocess.PIPE,
            bufsize=0,
        ) as client:
            assert client.stdin  # noqa: S101 - a pipe
            assert client.stdout  # noqa: S101 - a pipe
            assert client.stderr  # noqa: S101 - a pipe
            errors = threading.Thread(target=_pass_on, args=(client.stderr,), daemon=True)
            errors.start()
            enough = threading.Event()
            writing = (client.stdin, _framed(script, mark), enough)
            threading.Thread(target=_write, args=writing, daemon=True).start()
            # Who uses a pipe closes it: what is under way would go to whatever has its number then.
            client.stdin = client.stderr = None
            answer, lines = _Answer(mark), _Lines(client.stdout)
            over = began + (seconds or LOGIN_SECONDS)
            try:
                while answer.status is None:
                    line = lines.next(None if answer.began and seconds is None else over)
                    if not line:
                        break
                    answer.read(line)
                    if not keep:
                        sys.stdout.write(answer.take())
                        sys.stdout.flush()
            finally:
                enough.set()
            try:
                status = client.wait(0 if lines.is_late else AFTERWARDS_SECONDS)
            except subprocess.TimeoutExpired:
                # A command that doesn't end, or what it has left behind, keeps the connection open.
                client.kill()
                status = client.wait()
            errors.join(0 if lines.is_late else AFTERWARDS_SECONDS)
        late = "no answer in time" if lines.is_late else ""
        return _Attempt(
            answer.status,
            answer.output,
            answer.began,
            answer.noise,
            status,
            _last_said(log) or late,
            time.monotonic() - began,
            "Session Manager" if machine.ssm else "its jump host",
            _last_said(_of_jump(log)),
        )

    def _ssh(self, machine: Machine, log: Path) -> list[str]:
        """The client's command, as far as the address.

        Args:
            machine: where to.
            log: where what it goes through says why it fails, beside this.
        """
        # Not OpenSSH's %C: behind two jump hosts, two machines may have the same address.
        same = repr(replace(machine, who=""))
        digest = hashlib.sha256(same.encode()).hexdigest()[:32]
        options = {
            **self._checking(machine.host, machine.port, machine.host_key),
            # One connection for all commands to a machine; it ends a while after this process.
            "ControlMaster": "auto",
            "ControlPath": str(Path(self._folder.name) / digest),
            "ControlPersist": "30",
        }
        return _client(self._user, machine.port, {**options, **self._proxy(machine, log)})

    def _proxy(self, machine: Machine, log: Path) -> dict[str, str]:
        """Options of a client that goes through something, where it has to."""
        if machine.ssm:
            connect = str(max(int(self._connect), SSM_SECONDS))
            return {"ProxyCommand": _by_ssm(machine, log), "ConnectTimeout": connect}
        return {"ProxyCommand": self._through(machine.jump, log)} if machine.jump else {}

    def _through(self, jump: Jump, log: Path) -> str:
        """The command that connects to an address by a jump host.

        A ProxyJump would take no host key from here. Source: OpenSSH, ssh.c, `ProxyCommand`.
        """
        options = self._checking(jump.host, jump.port, jump.host_key)
        client = _client(jump.user or self._user, jump.port, options)
        words = [*client, "-E", str(_of_jump(log)), "-W"]
        return shlex.join(words).replace("%", "%%") + f" '[%h]:%p' {shlex.quote(jump.host)}"

    def _checking(self, host: str, port: int, host_key: str) -> dict[str, str]:
        """Options of a client that takes this host key alone, and asks nobody."""
        # Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
        text = f"{host if port == 22 else f'[{host}]:{port}'} {host_key}\n"
        # A file each, as several are asked at a time.
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        known = Path(self._folder.name) / f"known-{digest}"
        if not known.exists():
            known.write_text(text)
        return {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known),
            "GlobalKnownHostsFile": "/dev/null",
            "ConnectTimeout": self._connect,
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "3",
            "LogLevel": "ERROR",
        }

    def _look_up(self, machine: Machine, attempt: _Attempt) -> Machine:
        """The machine as it is now, where it shows another host key: it may have been replaced.

        Whom an attacker on the network can't change is asked: AWS, or the stack's configuration.
        """
        if attempt.said != _OTHER_KEY or not self.environment.get("PRESENT"):
            return machine
        found = _present(machine)
        if isinstance(found, str):
            self.say(f"whether {machine.who} was replaced can't be asked: {found}")
            return machine
        host, _, key = found.output.strip().partition(" ")
        if not key:
            return machine
        present = replace(machine, host=host, host_key=key)
        if present != machine:
            self.say(f"{machine.who} was replaced; its present SSH host key is known")
        return present

    def _look_there(self, machine: Machine) -> Machine:
        """The machine as it is now, where it doesn't answer: it may have another address by now.

        Nodes are left to the witnesses, who say what that means for calls.

        Raises:
            LostError: AWS has it no more: it won't come by being waited for.
        """
        if not machine.who.startswith("the ") or not self.environment.get("PRESENT"):
            return machine
        found = _present(machine)
        if isinstance(found, str):
            return machine
        if found.output.strip() == "gone":
            raise LostError(
                f"{self.name}: {machine.who}, {machine.host}, is gone: AWS has the stack's other "
                "machines and not this one.\n"
                "  Nothing was removed. Next: pulumi up --refresh, which makes it anew; then do "
                "this again"
            )
        host, _, key = found.output.strip().partition(" ")
        if not key or host == machine.host:
            return machine
        self.say(f"{machine.who} has another address by now, {host}")
        return replace(machine, host=host, host_key=key)

    def _take_configured_key(self) -> bool:
        """Whether there is another key to try: what the stack is configured with by now.

        A machine that was made anew since the last update knows that one only.
        """
        given = self.environment
        if self._has_configured_key or given.get("SSH_AGENT") == "own" or not given.get("PRESENT"):
            return False
        self._has_configured_key = True
        found = project_program("scripts.configured_key", {})
        if isinstance(found, str):
            self.say(f"whether sshPrivateKey is another one by now can't be asked: {found}")
            return False
        added = subprocess.run(
            ["ssh-add", "-q", "-"], input=found.output, text=True, capture_output=True, check=False
        )
        return added.returncode == 0

    def _refuse(self, machine: Machine, attempt: _Attempt) -> None:
        """End where trying again doesn't help.

        Raises:
            SessionError: says why.
        """
        refused = f"{self.name}: {self.action} refused: "
        if machine.jump:
            self._refuse_jump(machine, machine.jump, attempt, refused)
        if machine.ssm and attempt.between_said.startswith(_WONT):
            said = attempt.between_said.removeprefix(_WONT)
            raise SessionError(
                f"{refused}Session Manager doesn't lead to {machine.who}: {said}\n"
                "  Nothing was changed there."
            )
        if attempt.said == _OTHER_KEY:
            raise SessionError(
                f"{refused}{machine.host} shows another SSH host key than\n"
                f"  {_fingerprint(machine.host_key)}\n  Seen: {self._seen(machine)}\n"
                "  Nothing was removed. If its machine was replaced by hand, and you know the new "
                "key: docs/runbook.md, 'Another SSH host key'"
            )
        if _KEY_REFUSED in attempt.said:
            name = machine.who.removeprefix("the ")
            raise SessionError(
                f"{refused}{self._user}@{machine.host} doesn't take {self._keys}.\n"
                f"  Nothing was changed there. Next: uv run openvidu-enterprise repair {name}"
            )
        if not attempt.is_lost:
            raise SessionError(
                f"{refused}the login of {self._user}@{machine.host} ends with status "
                f"{attempt.client} before it runs a command. It prints:\n"
                f"  {attempt.noise[:NOISE_CHARACTERS].strip() or 'nothing'}\n"
                "  Nothing was changed there.\n"
                f"  Next: let {self._user} run commands over SSH, as with: sudo chsh -s /bin/bash "
                f"{shlex.quote(self._user)}"
            )

    def _refuse_jump(self, machine: Machine, jump: Jump, attempt: _Attempt, refused: str) -> None:
        """End where a jump host lets nobody through, however often it's asked.

        Raises:
            SessionError: says why.
        """
        name = f"the jump host to {machine.who}, {jump.host},"
        if attempt.between_said == _OTHER_KEY:
            raise SessionError(
                f"{refused}{name} shows another SSH host key than\n"
                f"  {_fingerprint(jump.host_key)}\n  Nothing was removed. If you know the new one: "
                "put it into hosts (sshJump.hostKey), then: pulumi up"
            )
        if _KEY_REFUSED in attempt.between_said:
            keys = self._keys if "agent" in self._keys else "sshJumpPrivateKey or sshPrivateKey"
            raise SessionError(
                f"{refused}{name} lets {jump.user or self._user} in with no {keys}: "
                f"{attempt.between_said}"
            )

    def _seen(self, machine: Machine) -> str:
        keys = self.shown_keys(machine).splitlines()
        return "; ".join(_fingerprint(key) for key in keys) or "nothing"

    def shown_keys(self, machine: Machine) -> str:
        """The host keys that a machine shows, one a line; nobody has checked them.

        Where it isn't reached straight it's one, of the kind that OpenSSH likes best: ssh-keyscan
        goes straight.
        """
        if not (machine.jump or machine.ssm):
            scan = ["ssh-keyscan", "-T", "10", "-p", str(machine.port), machine.host]
            shown = _output(scan)
        else:
            log = Path(self._folder.name) / f"log-{uuid.uuid4().hex}"
            seen = log.with_suffix(".seen")
            options = {
                **self._checking(machine.host, machine.port, machine.host_key),
                "StrictHostKeyChecking": "accept-new",
                "UserKnownHostsFile": str(seen),
                "HostKeyAlgorithms": "ssh-ed25519,ecdsa-sha2-nistp256,"
                "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
                # The key is what is wanted: nobody logs in.
                "PreferredAuthentications": "none",
                **self._proxy(machine, log),
            }
            _output([*_client(self._user, machine.port, options), machine.host, "true"])
            if why := _last_said(_of_jump(log)):
                name = (
                    f"the jump host to {machine.who}, {machine.jump.host}" if machine.jump else ""
                )
                self.say(f"{name or 'Session Manager'}: {why}")
            shown = seen.read_text() if seen.exists() else ""
        found = (line.partition(" ")[2] for line in shown.splitlines() if line[:1] != "#")
        return "\n".join(found)


_KILLED = {
    128 + one: one.name for one in (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV)
}
"""Exit statuses of a command that was ended by others than the operator, by the signal's name."""
_OTHER_KEY = "it shows another SSH host key"
_KEY_REFUSED = "Permission denied"
"""Source: OpenSSH, sshconnect2.c: what the client says when no method is left."""
_WONT = "refused: "
"""What `scripts.ssm_way` says before a reason for which it won't go otherwise the next time."""
_NOT_HERE = "this project's folder, with what `uv sync` makes, isn't where this runs"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]+ KEY-----.*?-----END [A-Z ]+ KEY-----\n?", re.DOTALL)
_CLIENT_ENVIRONMENT = {**os.environ, "SHELL": "/bin/sh"}
"""OpenSSH has the user's own shell run a ProxyCommand, be it fish. Source: sshconnect.c."""


def _client(user: str, port: int, options: Mapping[str, str]) -> list[str]:
    shown = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return ["ssh", "-F", "none", "-l", user, "-p", str(port), *shown]


def _by_ssm(machine: Machine, log: Path) -> str:
    """The command that connects to a machine by Session Manager.

    Raises:
        SessionError: what it takes isn't here.
    """
    python = Path(".venv/bin/python")
    if not python.exists():
        raise SessionError(f"{machine.who} is reached by Session Manager, and {_NOT_HERE}")
    words = [str(python), "-m", "scripts.ssm_way", *machine.ssm.split(), str(machine.port)]
    return shlex.join(words).replace("%", "%%") + f" 2>>{shlex.quote(str(_of_jump(log)))}"


def _of_jump(log: Path) -> Path:
    """Where the client to the jump host, or what is in its place, writes what went wrong."""
    return log if str(log) == os.devnull else log.with_name(f"{log.name}-jump")


def _last_said(log: Path) -> str:
    """Why a client has failed, by its log, which goes."""
    said = log.read_text(errors="replace").splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    if any("IDENTIFICATION HAS CHANGED" in line for line in said):
        return _OTHER_KEY
    return next((line.strip() for line in reversed(said) if line.strip()), "")


def _output(command: list[str]) -> str:
    return subprocess.run(
        command,
        env=_CLIENT_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


class _Lines:
    """The lines that come through a pipe, until a moment."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._buffer = b""
        self.is_late = False

    def next(self, over: float | None) -> str:
        """The next line; empty where nothing more comes, or not in time.

        Args:
            over: until when, on the monotonic clock; None waits for ever.
        """
        while b"\n" not in self._buffer:
            left = None if over is None else max(0.0, over - time.monotonic())
            if not select.select([self._pipe], [], [], left)[0]:
                self.is_late = True
                return ""
            if not (more := os.read(self._pipe.fileno(), 65536)):
                break
            self._buffer += more
        line, end, self._buffer = self._buffer.partition(b"\n")
        return (line + end).decode(errors="replace")


class _Answer:
    """What comes back: noise of the login, the command's output, its exit status."""

    def __init__(self, mark: str) -> None:
        self._begin, self._end = f"{mark} begin", f"{mark} end "
        self.began = False
        self.status: int | None = None
        self.noise = ""
        self.output = ""

    def read(self, line: str) -> None:
        """Take the next line."""
        if not self.began:
            self.began = self._begin in line
            self.noise += "" if self.began else line
        elif self._end in line:
            before, _, status = line.partition(self._end)
            # A line break goes before the mark, whatever the command printed last.
            self.output = (self.output + before).removesuffix("\n")
            self.status = int(status)
        else:
            self.output += line

    def take(self) -> str:
        """What has come since it was asked last, but for a line break that may be the mark's."""
        if self.status is not None:
            ready, self.output = self.output, ""
        elif self.output.endswith("\n\n") or self.output == "\n":
            ready, self.output = self.output[:-1], "\n"
        else:
            ready, self.output = self.output, ""
        return ready


def _framed(script: str, mark: str) -> bytes:
    return (
        f"{{\nLC_ALL=C; export LC_ALL\nprintf '\\n%s begin\\n' '{mark}'\n(\n{script}\n)\n"
        f"printf '\\n%s end %s\\n' '{mark}' \"$?\"\n}}\n"
    ).encode()


def _pass_on(pipe: IO[bytes]) -> None:
    """Pass on what a machine says on its standard error."""
    with contextlib.suppress(OSError), pipe:
        while more := os.read(pipe.fileno(), 65536):
            sys.stderr.write(more.decode(errors="replace"))
            sys.stderr.flush()


def _write(pipe: IO[bytes], text: bytes, enough: threading.Event) -> None:
    """Write to a client, which may have ended; it gets no end of it before `enough`."""
    with contextlib.suppress(OSError), pipe:
        left = memoryview(text)
        while left:
            left = left[pipe.write(left) :]
        enough.wait()


def _present(machine: Machine) -> Done | str:
    """What is known of a machine now; why nothing is, where that is so."""
    return project_program(
        "scripts.present_machine",
        {"MACHINE": machine.who.removeprefix("the "), "HOST": machine.host},
    )


def _fingerprint(key: str) -> str:
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"],
        input=key.splitlines()[0],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or "no key that ssh-keygen can read"


def with_values(command: str, values: str) -> str:
    """A command that gets values on its standard input, as scripts of `machine/` read them.

    Args:
        command: for `sh`.
        values: lines NAME=value, without the last line's end.
    """
    lines = shlex.quote(f"{values}\n\n")
    return f"printf %s {lines} | {command}"


def project_program(module: str, variables: Mapping[str, str]) -> Done | str:
    """Run a program of this project, which may use its libraries; returns why where it can't.

    Args:
        module: as `scripts.present_machine`.
        variables: what it reads in its environment, beside this process's own.
    """
    python = Path(".venv/bin/python")
    if not python.exists():
        return _NOT_HERE
    try:
        done = subprocess.run(
            [str(python), "-m", module],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "no answer within 60 s"
    if done.returncode:
        return done.stderr.strip() or f"exit status {done.returncode}"
    return Done(0, done.stdout)


@contextlib.contextmanager
def session(action: str) -> Iterator[Session]:
    """A session for an action, from this process's environment and standard input.

    Raises:
        SystemExit: the action has failed, and standard error says why.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        made = Session(os.environ, action)
        try:
            yield made
        finally:
            made.close()
    except SessionError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        _end_agent(os.environ)


def _end_agent(environment: Mapping[str, str]) -> None:
    """End the SSH agent around this process, which is its child; not the operator's own.

    By itself it looks every ten seconds whether it may end, and until then holds the keys, and the
    terminal. Source: OpenSSH, ssh-agent.c, `check_parent_exists`.
    """
    pid = environment.get("SSH_AGENT_PID", "")
    if environment.get("SSH_AGENT") != "own" and pid.isdecimal():
        # Of another's agent the first call says that it's no child.
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            os.waitpid(int(pid), os.WNOHANG)
            os.kill(int(pid), signal.SIGTERM)
            os.waitpid(int(pid), 0)


if __name__ == "__main__":
    # The actions' text imports this module, whose source needn't be there.
    sys.modules.setdefault("remote", types.ModuleType("remote"))
    sys.modules["remote.session"] = sys.modules["__main__"]
    exec(os.environ["ACTIONS"], {"__name__": "__main__"})  # noqa: S102 - the program's own text
