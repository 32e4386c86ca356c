"""Stores the SSH host keys of machines that exist, after you have compared them.

python -m scripts.host_keys
python -m scripts.host_keys --stack production

A key that this machine's own SSH knows already is taken from there. Of any other the fingerprint is
shown, and you are asked: what is on the network could come from somebody else.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from components.existing.hosts import fingerprint
from components.over_ssh import require_programs
from scripts.errors import expected_errors
from scripts.pulumi_cli import PulumiCli, PulumiError

_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/=]+")
_SECONDS = "10"


def main(
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Store the SSH host key of each host that has none in the configuration.

    Example:
      python -m scripts.host_keys --stack office
    """
    console = Console()
    with expected_errors():
        pulumi = PulumiCli(stack)
        for place, host in enumerate(_hosts(pulumi)):
            name, address = f"hosts[{place}]", host["publicIp"]
            if host.get("hostKey"):
                console.print(f"{name}, {address}: hostKey is there, left as it is")
                continue
            pulumi.set_path(f"{name}.hostKey", _compared(name, address, console))
            console.print(f"{name}, {address}: stored")


def _hosts(pulumi: PulumiCli) -> list[dict[str, str]]:
    entry = pulumi.config().get("openvidu-enterprise:hosts", {})
    try:
        found: list[dict[str, str]] = json.loads(entry.get("value") or "[]")
        if found and all(host["publicIp"] for host in found):
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise PulumiError(
        f"hosts: found {entry.get('value') or 'nothing'}; expected a list, each with a publicIp.\n"
        "  Next: pulumi config set --path 'hosts[0].publicIp' 203.0.113.5"
    )


def _compared(name: str, address: str, console: Console) -> str:
    """The host's key, once it's sure to be the host's.

    Raises:
        PulumiError: there is none, or it was refused.
    """
    known = _KEY.search(_output(["ssh-keygen", "-F", address]))
    if known:
        console.print(f"{name}, {address}: known to this machine's SSH")
        return known[0]
    shown = _KEY.search(_output(["ssh-keyscan", "-T", _SECONDS, "-t", "ed25519", address]))
    if shown is None:
        raise PulumiError(
            f"{name}, {address} shows no ed25519 host key within {_SECONDS} s.\n"
            f"  Can you log in there? ssh {address}"
        )
    console.print(
        f"{name}, {address} shows {fingerprint(shown[0])}\n"
        "  Compare, on its own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    )
    if not typer.confirm("  Is it the same?", default=False):
        raise PulumiError(f"{name}: not stored.")
    return shown[0]


def _output(command: Sequence[str]) -> str:
    require_programs()
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    ).stdout


if __name__ == "__main__":
    typer.run(main)
