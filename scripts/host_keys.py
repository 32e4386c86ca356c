"""Stores the SSH host keys of machines that exist, after you have compared them.

uv run openvidu-enterprise host-keys
uv run openvidu-enterprise host-keys --stack production

A key that this machine's own SSH knows already is taken from there. Of any other the fingerprint is
shown, and you are asked: what is on the network could come from somebody else. Jump hosts come
before the machines behind them.
"""

from __future__ import annotations

import getpass
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import typer
from rich.console import Console

from components.existing.hosts import Host, fingerprint, host
from components.over_ssh import HOST, OWN_AGENT, environment, require_programs, run
from components.settings.mistakes import MemberError
from components.ssh_way import PORT, SshWay, ssh_command
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli, PulumiError

_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/=]+")
_SECONDS = "10"


@dataclass(frozen=True)
class _Login:
    """As whom, and with what.

    Attributes:
        variables: for `remote/session.py`.
        private_keys: one after the other; empty with the operator's own agent.
    """

    variables: Mapping[str, str]
    private_keys: str = field(repr=False)


def main(
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Store the SSH host key of each host, and jump host, that has none in the configuration.

    Example:
      uv run openvidu-enterprise host-keys --stack office
    """
    console = Console()
    with expected_errors():
        pulumi = PulumiCli(stack)
        hosts, jump_keys = _hosts(pulumi), dict[tuple[str, int], str]()
        behind = any(one.way.jump and not one.host_key for one in hosts)
        login = _login(pulumi) if behind else None
        for place, one in enumerate(hosts):
            name, way = f"hosts[{place}]", one.way
            if jump := way.jump:
                key = jump.host_key or jump_keys.get((jump.host, jump.port))
                if key is None:
                    key = compared(f"{name}.sshJump", jump.host, SshWay(jump.port), console)
                if jump.host_key is None:
                    pulumi.set_path(f"{name}.sshJump.hostKey", key)
                    console.print(f"{name}.sshJump, {jump.host}: stored")
                jump_keys[jump.host, jump.port] = key
                way = replace(way, jump=replace(jump, host_key=key))
            if one.host_key:
                console.print(f"{name}, {one.public_ip}: hostKey is set already, left as it is")
                continue
            key = compared(name, one.public_ip, way, console, login if way.jump else None)
            pulumi.set_path(f"{name}.hostKey", key)
            console.print(f"{name}, {one.public_ip}: stored")


def _hosts(pulumi: PulumiCli) -> list[Host]:
    entry = pulumi.config().get("openvidu-enterprise:hosts", {})
    try:
        found = json.loads(entry.get("value") or "[]")
        # Other mistakes of theirs are the preview's to tell.
        hosts = [host(json.dumps({"privateIp": one["publicIp"], **one})) for one in found]
    except MemberError as error:
        raise PulumiError(
            f"hosts: {error.place.lstrip('.')} must be {error}, got {error.found!r}.\n"
            "  Next: pulumi preview, which names the place and what to type"
        ) from None
    except (ValueError, KeyError, TypeError):
        hosts = []
    if hosts:
        return hosts
    raise PulumiError(
        "hosts must be a list of objects with publicIp, got "
        f"{entry.get('value') or 'nothing'}.\n"
        "  Next: pulumi config set --path 'hosts[0].publicIp' 203.0.113.5"
    )


def _login(pulumi: PulumiCli) -> _Login:
    """How a jump host is logged in at."""
    own = {
        name.partition(":")[2]: one
        for name, one in pulumi.config().items()
        if one.get("secret") or one.get("value")
    }
    variables = {"SSH_USER": str(own.get("sshUser", {}).get("value") or "ubuntu")}
    if own.get("sshAgent", {}).get("value") == "true":
        return _Login({**variables, "SSH_AGENT": OWN_AGENT}, "")
    keys = [key for key in ("sshPrivateKey", "sshJumpPrivateKey") if key in own]
    return _Login(variables, "".join(f"{pulumi.get_config(key).strip()}\n" for key in keys))


def compared(
    name: str, address: str, way: SshWay, console: Console, login: _Login | None = None
) -> str:
    """A host's key, once it's sure to be the host's.

    Args:
        name: the host's place in the configuration.
        address: where its SSH answers.
        way: how it's reached.
        console: where the key is shown.
        login: how its jump host is logged in at; None where it's reached straight.

    Raises:
        PulumiError: there is none, or it was refused.
    """
    # Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
    named = address if way.port == PORT else f"[{address}]:{way.port}"
    known = _KEY.search(_output(["ssh-keygen", "-F", named]))
    if known:
        console.print(f"{name}, {address}: known to this machine's SSH")
        return known[0]
    scan = ["ssh-keyscan", "-T", _SECONDS, "-t", "ed25519", "-p", str(way.port), address]
    seen = _seen_behind(address, way, login) if login else _Seen(_output(scan))
    shown = _KEY.search(seen.keys)
    if shown is None:
        raise PulumiError(
            f"{name}, {address} shows no ed25519 host key within {_SECONDS} s.{seen.why}\n"
            f"  Can you log in there? {ssh_command(getpass.getuser(), address, way)}"
        )
    console.print(
        f"{name}, {address} shows {fingerprint(shown[0])}\n"
        "  Compare, on its own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    )
    if not typer.confirm("  Is it the same?", default=False):
        raise PulumiError(f"{name}: not stored.")
    return shown[0]


@dataclass(frozen=True)
class _Seen:
    """The keys that a host shows; and why it shows none, on a line of its own."""

    keys: str
    why: str = ""


def _seen_behind(address: str, way: SshWay, login: _Login) -> _Seen:
    """What a host behind a jump host shows."""
    variables = {
        **environment(HOST),
        **login.variables,
        "NODE_NAME": address,
        "NODE_HOST": address,
        "NODE_HOST_KEY": "",
        "NODE_SSH_WAY": way.as_text(),
        "CONNECT_SECONDS": _SECONDS,
    }
    done = run("host-key", variables, login.private_keys)
    return _Seen(done.stdout, f"\n  {done.stderr.strip()}" if done.stderr.strip() else "")


def _output(command: Sequence[str]) -> str:
    require_programs()
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    ).stdout


if __name__ == "__main__":
    typer.run(main)
