"""Looks at hosts before they change: those that are new to the stack, or get another version.

What can't work is refused, all of it at once; what works badly is warned of.
Source: page, "Prerequisites".
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.refusal import reason_of
from components.existing import suitability
from components.existing.hosts import Host
from components.existing.owner import this_stack
from components.existing.suitability import Facts
from components.over_ssh import HOST, LOST, environment, run
from components.previous_state import PreviousState
from components.remote import script
from components.settings.mistakes import ConfigurationError, Mistake
from components.settings.table import Settings
from components.ssh_way import PORT
from components.upgrade_path import change_of
from components.way_out import look_fields
from openvidu.downloads import Download, downloads
from openvidu.ports import Source, opened
from openvidu.roles import Role, role_of

_LIMIT_SECONDS = 60


@dataclass(frozen=True)
class _Hosts:
    """The hosts that are looked at.

    Attributes:
        asked: each by the name of its machine.
        new: those that the stack doesn't know yet, likewise.
        upgraded: names of those that get another version.
    """

    asked: Mapping[str, Host]
    new: Mapping[str, Host]
    upgraded: Collection[str]


def check(settings: Settings, previous: PreviousState) -> None:
    """Look at the hosts that the next update would change for the first time, or upgrade.

    A preview that can't reach a host says so and goes on: it may run where SSH has no way.

    Raises:
        ConfigurationError: why the update can't work.
    """
    mistakes = suitability.moved(settings, previous)
    mistakes += suitability.another_main(settings, previous)
    mistakes += _hosted_zone(settings)
    if not mistakes:
        mistakes = _mistakes_of(_to_be_asked(settings, previous), settings)
    if mistakes:
        raise ConfigurationError(mistakes)


def _to_be_asked(settings: Settings, previous: PreviousState) -> _Hosts:
    main = settings.main_role.name
    hosts = settings.wanted_hosts
    known = {
        name: before
        for name, before in previous.hosts.items()
        if name in hosts and before.is_same_machine(hosts[name])
    }
    new = {name: host for name, host in hosts.items() if name not in known}
    rerouted = {name: hosts[name] for name, before in known.items() if before != hosts[name]}
    # Every node drains for another version: what can't start it has to be told before.
    upgraded = {
        name: host
        for name, host in hosts.items()
        if name not in new and change_of(name, settings, previous).is_due
    }
    changed = {**rerouted, **upgraded, **new}
    # The base has to reach new nodes too. A node that's there already may be down: it's not asked.
    return _Hosts({main: hosts[main], **changed} if changed else {}, new, upgraded)


def _mistakes_of(hosts: _Hosts, settings: Settings) -> list[Mistake]:
    seen = _look_at(hosts, settings)
    silent = {hosts.asked[name].private_ip for name, one in seen.items() if isinstance(one, str)}
    mistakes: list[Mistake] = []
    for name, found in seen.items():
        if isinstance(found, str):
            if pulumi.runtime.is_dry_run():
                pulumi.log.warn(f"{name}: not looked at. {found}.")
            else:
                mistakes.append(Mistake("hosts", f"{name}: {found}", "pulumi up"))
            continue
        host, facts = hosts.asked[name], suitability.without(found, silent)
        if name in hosts.upgraded:
            mistakes += suitability.upgrade_mistakes(name, host, facts, settings)
        if name not in hosts.new:
            mistakes += suitability.network_mistakes(name, host, facts)
            continue
        mistakes += suitability.mistakes(name, host, facts, settings)
        for warning in suitability.warnings(name, host, facts):
            pulumi.log.warn(warning)
    return mistakes


def _look_at(hosts: _Hosts, settings: Settings) -> Mapping[str, Facts | str]:
    """What is found on each; why not, where it can't be looked at."""
    with ThreadPoolExecutor(max(1, len(hosts.asked))) as pool:
        looks = {
            name: pool.submit(
                _inspect,
                name,
                host,
                settings,
                _peers(name, hosts.asked),
                _downloads(role_of(name), settings) if name in hosts.new else (),
            )
            for name, host in hosts.asked.items()
        }
    return {name: look.result() for name, look in looks.items()}


def _inspect(
    name: str, host: Host, settings: Settings, peers: Sequence[str], wanted: Sequence[Download]
) -> Facts | str:
    """Look at a host; returns why not, where that can't be done."""
    role = role_of(name)
    fields = {
        "ADDRESS": host.private_ip,
        "FOLDER": role.product.folder,
        "ROLE": role.name,
        "STACK": this_stack(),
        **({"ADOPTED": "true"} if host.adopted else {}),
        "PORTS": " ".join(listened(role, settings)),
        "PEERS": " ".join(peers),
        # What is forwarded to a machine comes in at SSH's usual port.
        "SSH_PORTS": " ".join(map(str, sorted({PORT, host.way.port}))),
        "DOWNLOADS": " ".join(one.url for one in wanted),
        **look_fields(settings),
    }
    began = time.time()
    try:
        done = run(
            "inspect",
            {
                **environment(HOST),
                "NODE_NAME": name,
                "NODE_HOST": host.public_ip,
                "NODE_HOST_KEY": host.host_key or "",
                "NODE_SSH_WAY": host.way.as_text(),
                **settings.ssh_variables,
                "CONNECT_SECONDS": "10",
                "RECONNECT_SECONDS": "0",
                "FIELDS": "\n".join(f"{key}={value}" for key, value in fields.items()),
                "INSPECT_HOST": script("inspect-host.sh"),
            },
            settings.ssh_private_keys,
            timeout=_LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no answer from {host.public_ip} within {_LIMIT_SECONDS} s"
    if done.returncode:
        if lost := LOST.search(done.stderr):
            return f"{host.public_ip} can't be reached: {lost[1]}"
        said = " ".join(done.stderr.split()).removeprefix(f"{name}: ")
        return said or f"looking at {host.public_ip} ended with status {done.returncode}"
    return suitability.parse(done.stdout, asked=(began + time.time()) / 2)


def _downloads(role: Role, settings: Settings) -> Sequence[Download]:
    return downloads(role.product, settings.openvidu_version, settings.install_script_url)


def listened(role: Role, settings: Settings) -> list[str]:
    """The ports that OpenVidu takes on a host, as `tcp:443`."""
    ports = {
        (rule.protocol, rule.first)
        for rule in opened(role.ports, settings.entrances)
        if rule.source is not Source.OPERATORS and rule.first == rule.last
    } | {("tcp", port) for port in role.inside}
    return [f"{protocol}:{port}" for protocol, port in sorted(ports)]


def _peers(name: str, hosts: Mapping[str, Host]) -> list[str]:
    """What a host has to reach of the others, as `10.5.0.5:6379`."""
    return [
        f"{host.private_ip}:{rule.first}"
        for other, host in hosts.items()
        if other != name
        for rule in role_of(other).ports
        if rule.source is Source.CLUSTER
    ]


def _hosted_zone(settings: Settings) -> list[Mistake]:
    """The zone is AWS's, though the machines aren't: the provider has to be logged in."""
    if settings.hosted_zone_id is None:
        return []
    try:
        aws.get_caller_identity()
    # The SDK raises nothing more specific.
    except Exception as error:
        problem = (
            "the zone is on AWS, and nobody is logged in there; log in, or point "
            f"{settings.domain_or_public_ip} to {settings.hosts[0].public_ip} yourself. "
            f"AWS was asked: {reason_of(error)}"
        )
    else:
        return []
    return [Mistake("hostedZoneId", problem, "pulumi config rm hostedZoneId")]
