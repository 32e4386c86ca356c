"""Faults that are done to a host, in place of being read by what misbehaves: its network, its time.

They run on the host that is struck, as root, in its own namespaces.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.cloud.facts import OPERATOR_ADDRESS
from lab.openvidu.docker.host import HostFile

KINDS = ("partition", "hang")
_TABLE = "inet partition"


def begin(kind: str, options: Mapping[str, str]) -> None:
    """Strike."""
    if kind == "hang":
        _signal(signal.SIGSTOP)
        return
    facts = HostFile.read()
    if facts is not None:
        far, way = options.get("from", "base"), options.get("way", "both")
        _nft(partition(facts.private_ip, far, way, options.get("how", "drop")))


def end(kind: str) -> None:
    """Heal."""
    if kind == "hang":
        _signal(signal.SIGCONT)
        return
    _nft(f"table {_TABLE} {{}}\ndelete table {_TABLE}\n")


def partition(own: str, far: str, way: str, how: str) -> str:
    """The nftables rules that let no packet pass between a host and others.

    Args:
        own: the host's address; that of the base ends in .5, and those of the nodes come after it.
        far: `base`, `peers`, `operator` or `all`.
        way: `both`, `in` or `out`.
        how: `drop`, as a network that is cut and EC2's security groups do; `reject`, as a firewall
            does that answers in the place of the ports behind it.
    """
    network = own.rpartition(".")[0]
    base, nodes = f"{network}.5", f"{network}.6-{network}.254"
    places = {"base": base, "peers": nodes, "operator": OPERATOR_ADDRESS}
    chosen = places.values() if far == "all" else [places[far]]
    lost = f"{{ {', '.join(chosen)} }}"
    rules = {"in": ("input", "saddr", "iifname"), "out": ("output", "daddr", "oifname")}
    # What is refused is told so by a packet that has to pass.
    refuse = ("tcp flags rst accept", "meta l4proto tcp reject with tcp reset", "drop")
    verdicts = {"drop": ("drop",), "reject": refuse}
    chains = [
        f"  chain {hook} {{ type filter hook {hook} priority -10; "
        # It's no peer of its own.
        + f'{device} "lo" accept; '
        + " ".join(f"ip {field} {lost} {verdict};" for verdict in verdicts[how])
        + " }"
        for name, (hook, field, device) in rules.items()
        if way in (name, "both")
    ]
    first = f"table {_TABLE} {{}}\ndelete table {_TABLE}\n"
    return first + "\n".join([f"table {_TABLE} {{", *chains, "}", ""])


def _nft(rules: str) -> None:
    subprocess.run(["nft", "--file", "-"], input=rules, text=True, check=True)


def _signal(number: signal.Signals) -> None:
    """Send all processes of the host a signal, but its first one and those that ask for it."""
    asking = os.getpid()
    spared = {1}
    while asking > 1:
        spared.add(asking)
        asking = _parent(asking)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) not in spared:
            try:
                os.kill(int(folder.name), number)
            except ProcessLookupError:
                continue


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
