"""From a stack's configuration to `Settings`: every mistake found in one go.

Nothing is registered before `read` has returned, so that bad input never reaches a machine.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import ipaddress
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_type_hints

from components import certificates, kept, managed_settings, way_out
from components.existing.hosts import Host
from components.mistakes import (
    ConfigurationError,
    MemberError,
    Mistake,
    member,
    path_command,
    set_command,
    set_list_command,
    set_member_command,
)
from components.previous_state import PreviousState
from components.settings import (
    BASE_OFFSET,
    EXISTING,
    HA,
    HA_MANAGED,
    OWNCERT,
    SINGLE_MASTER,
    Key,
    Settings,
)
from components.values import holds_private_key, ip_address, is_key_of_ec2, private_network
from openvidu import environment, ports, roles
from openvidu.deployment import deployment
from openvidu.options import BASE as BASE_OPTIONS
from openvidu.options import Option, is_secret, options

_Values = Mapping[str, Any]
_WIDEST = {4: 8, 6: 16}
"""Prefixes of networks that one operator may have; wider ones are parts of the internet."""
_SHORTEST_SECRET = 4
"""What is shorter would be found everywhere."""
_MIXED_UP = "holds the name of a key of .env, with which OpenVidu's scripts would mix it up"
_MAIN_ROLES = {HA: roles.BASE, SINGLE_MASTER: roles.MASTER}
"""Whom users connect to, where that's a machine."""
OTHER_HALF = {
    "sshPublicKey": set_command(
        "sshPublicKey", '"$(pulumi config get sshPrivateKey | ssh-keygen -y -f /dev/stdin)"'
    ),
    "sshPrivateKey": f"{set_command('sshPrivateKey', '', secret=True)} < FILE",
}
"""What sets one half of the SSH key where the other is there."""


@functools.cache
def keys() -> dict[str, tuple[str, Key]]:
    """Configuration keys by name, each with its field of `Settings`."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        key.name: (attribute, key)
        for attribute, hint in hints.items()
        for key in getattr(hint, "__metadata__", ())
    }


def read(
    config: Mapping[str, str],
    secret_keys: Collection[str],
    deployed: Callable[[], PreviousState] = PreviousState,
) -> Settings:
    """The settings that a stack's configuration stands for.

    Args:
        config: text by key, without namespace, as the engine hands it to the program.
        secret_keys: the keys that were stored with `--secret`.
        deployed: tells what is deployed; asked where there is a mistake, for what to propose.

    Raises:
        ConfigurationError: with every mistake.
    """
    mistakes = _unknown_keys(config)
    taken: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, (attribute, key) in keys().items():
        value, mistake = _parse(key, config.get(name), name in secret_keys)
        if mistake:
            mistakes.append(mistake)
            wrong.add(attribute)
        elif value is not None:
            taken[attribute] = value
    unparsed = [*mistakes]
    for check in _CROSS_CHECKS:
        checked = _Checked({**_defaults(), **taken}, wrong)
        found = check(checked)
        # What follows from another mistake goes with it.
        if not checked.asked & wrong:
            mistakes.extend(found)
    told = {mistake.key for mistake in mistakes}
    plain = _plain_secrets(taken, secret_keys)
    mistakes.extend(mistake for mistake in plain if mistake.key not in told)
    if mistakes:
        previous = deployed()
        if others := kept.another_kind({**_defaults(), **taken}, previous):
            # Whatever else doesn't fit together doesn't fit to them.
            mistakes = [*unparsed, *others]
        mistakes = kept.proposed(mistakes, config, previous)
        secrets = {part for name in secret_keys for part in _parts(config.get(name, ""))}
        raise ConfigurationError(_hide(mistakes, sorted(secrets, key=len, reverse=True)))
    return Settings(**taken)


class _Checked(Mapping[str, Any]):
    """Values for a check across keys, without those that couldn't be parsed.

    Attributes:
        asked: the fields that it was about.
    """

    def __init__(self, values: _Values, wrong: Collection[str]) -> None:
        self._values = {name: value for name, value in values.items() if name not in wrong}
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _defaults() -> dict[str, Any]:
    fields = dataclasses.fields(Settings)
    return {
        field.name: field.default for field in fields if field.default is not dataclasses.MISSING
    }


def _unknown_keys(config: Mapping[str, str]) -> list[Mistake]:
    known = keys()
    lowered = {name.lower(): name for name in known}
    mistakes = []
    for name in sorted(set(config) - set(known)):
        near = lowered.get(name.lower()) or next(
            iter(difflib.get_close_matches(name, known, n=1)), None
        )
        hint = f"did you mean {near}?" if near else "see docs/config.md for the keys"
        mistakes.append(Mistake(name, f"there is no such key; {hint}", f"pulumi config rm {name}"))
    return mistakes


def _parse(key: Key, text: str | None, is_secret: bool) -> tuple[Any, Mistake | None]:
    command = set_command(key.name, key.example, secret=key.secret)
    # `Pulumi.yaml` gives an empty list to keys that have no other default.
    if text in (None, "[]") or (not text and _is_optional_text(key)):
        if keys()[key.name][0] in _defaults():
            return None, None
        if key.made:
            command = "uv run python -m scripts.init_stack"
        return None, Mistake(key.name, "is missing", command)
    if key.secret and not is_secret:
        return None, Mistake(key.name, "is stored in plain text; it must be a secret", command)
    return _value(key, text, hidden=key.secret or is_secret or holds_private_key(text))


def _value(key: Key, text: str, *, hidden: bool) -> tuple[Any, Mistake | None]:
    command = set_command(key.name, _proposed(key, text), secret=key.secret)
    try:
        value = key.parse(text)
    except MemberError as error:
        return None, _member(key, error, text, hidden=hidden)
    except ValueError as takes:
        found = "the secret found doesn't fit" if hidden else f"found {_shown(text)}"
        if key.kind in ("array", "object"):
            # In what is no list, no element can be set.
            remove = f"pulumi config rm {key.name}"
            command = f"{remove} && {command}" if key.example else remove
        return None, Mistake(key.name, f"{found}; takes {takes}", command)
    if key.kind != "object" and any(name in text for name in environment.LOOKED_FOR):
        return None, Mistake(key.name, _MIXED_UP, command)
    return value, None


def _proposed(key: Key, text: str) -> str:
    """What a text that isn't taken was meant to be, where that is taken; or else an example."""
    if key.meant:
        with contextlib.suppress(ValueError):
            key.parse(meant := key.meant(text))
            return meant
    return key.example


def _member(key: Key, error: MemberError, text: str, *, hidden: bool) -> Mistake:
    """What is wrong with one part of a list; the others are left alone."""
    named = f"{key.name}{error.place}"
    if error.found is None:
        found = f"{named} is missing"
    elif hidden:
        found = f"the secret {named} doesn't fit"
    else:
        found = f"{named} is {_shown(error.found)}"
    command = set_member_command(
        key.name, error.place, key.example, secret=key.secret, taken={*_parts(text)}
    )
    return Mistake(key.name, f"{found}; takes {error}", command)


def _is_optional_text(key: Key) -> bool:
    """Whether "" means unset: `Pulumi.yaml` gives it to keys that have no other default.

    A key that `Pulumi.yaml` declares without a default would be required by the engine, whose
    message knows neither the example nor `init_stack`.
    """
    return _defaults().get(keys()[key.name][0]) in (None, "")


def _shown(found: object) -> str:
    text = found if isinstance(found, str) else json.dumps(found)
    return json.dumps(text if len(text) <= 60 else text[:57] + "...", ensure_ascii=False)


def _hide(mistakes: Sequence[Mistake], secrets: Collection[str]) -> list[Mistake]:
    """The mistakes without what was stored as a secret: checks across keys name what they found."""

    def hidden(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return text

    return [
        replace(one, problem=hidden(one.problem), command=hidden(one.command)) for one in mistakes
    ]


def _parts(text: str) -> Iterator[str]:
    """A text, and where it's a list or an object, all that is in it."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    if not inner and len(text) >= _SHORTEST_SECRET:
        yield text
    for part in inner:
        yield from _parts(part if isinstance(part, str) else json.dumps(part))


def _subnet_size(values: _Values) -> list[Mistake]:
    """A network that AWS makes has one of the sizes that it takes."""
    network = values.get("subnet_cidr")
    if values.get("machines") == EXISTING or network is None or 16 <= network.prefixlen <= 28:
        return []
    problem = f"found {network}; takes a network from /16 to /28, the sizes AWS takes for a subnet"
    return [Mistake("subnetCidr", problem, set_command("subnetCidr", "10.5.0.0/24"))]


def room(values: _Values) -> tuple[int, str] | None:
    """How many numbers there are for nodes, and what has so many.

    Args:
        values: parsed values that fit together, by field of `Settings`.

    Returns:
        None in a network that existed: only AWS knows what is free there.
    """
    network = values["subnet_cidr"]
    if values.get("machines") == EXISTING:
        return max(len(values["hosts"]) - 1, 1), "hosts has beside the base"
    if values.get("subnet_ids"):
        return None
    if values["shape"] == HA_MANAGED:
        capacity = managed_settings.capacity(values, BASE_OFFSET + 1)
        return capacity, f"{network} has addresses for in its zones"
    # AWS keeps the first four addresses and the last one; the fifth is the base's.
    return network.num_addresses - BASE_OFFSET - 2, f"{network} has addresses for"


def parsed(config: Mapping[str, str], names: Collection[str]) -> _Values:
    """Some keys' values by field of `Settings`, or their defaults.

    Raises:
        ValueError: one can't be parsed.
    """
    found = {}
    for name in names:
        attribute, key = keys()[name]
        text = config.get(name)
        found[attribute] = key.parse(text) if text else _defaults()[attribute]
    return found


def _node_numbers(values: _Values) -> list[Mistake]:
    """Node count and retired numbers against the addresses of the subnet, or against the hosts."""
    if not {"node_count", "retired_nodes", "subnet_cidr", "hosts", "shape"} <= values.keys():
        return []
    if values["shape"] == SINGLE_MASTER or _subnet_size(values):
        return []
    if values["shape"] == HA_MANAGED and managed_settings.find_mistakes(values):
        return []
    count, retired = values["node_count"], values["retired_nodes"]
    found = room(values)
    if found is None:
        return _numbers_from_one(count, retired)
    capacity, has = found
    mistakes = []
    if not 1 <= count <= capacity:
        problem = f"found {count}; takes 1 to {capacity}, the nodes that {has}"
        command = set_command("nodeCount", str(min(2, capacity) if count < 1 else capacity))
        mistakes.append(Mistake("nodeCount", problem, command))
    elif count + len(set(retired)) > capacity:
        problem = (
            f"with {len(set(retired))} numbers retired, {count} nodes don't fit into "
            f"{capacity} numbers, the nodes that {has}"
        )
        mistakes.append(Mistake("retiredNodes", problem, "pulumi config rm retiredNodes"))
    if len(set(retired)) != len(retired) or any(not 1 <= number <= capacity for number in retired):
        problem = f"found {list(retired)}; takes different numbers from 1 to {capacity}"
        fit = [number for number in dict.fromkeys(retired) if 1 <= number <= capacity]
        mistakes.append(Mistake("retiredNodes", problem, set_list_command("retiredNodes", fit)))
    return mistakes


def _numbers_from_one(count: int, retired: Sequence[int]) -> list[Mistake]:
    """Node count and retired numbers where nothing tells yet how many there may be."""
    mistakes = []
    if count < 1:
        problem = f"found {count}; takes 1 or more"
        mistakes.append(Mistake("nodeCount", problem, set_command("nodeCount", "2")))
    if len(set(retired)) != len(retired) or any(number < 1 for number in retired):
        problem = f"found {list(retired)}; takes different numbers from 1 on"
        fit = [number for number in dict.fromkeys(retired) if number >= 1]
        mistakes.append(Mistake("retiredNodes", problem, set_list_command("retiredNodes", fit)))
    return mistakes


def _owners_network(values: _Values) -> list[Mistake]:
    """A VPC that exists goes with its subnets, and in place of a network of the stack's own."""
    vpc, subnets = values.get("vpc_id"), values.get("subnet_ids", ())
    if not vpc and not subnets:
        return []
    keys_of = {"vpcId": vpc, "subnetIds": subnets}
    if values.get("machines") == EXISTING:
        problem = "is for machines on AWS; machines is existing"
        return [
            Mistake(key, problem, f"pulumi config rm {key}")
            for key, found in keys_of.items()
            if found
        ]
    mistakes = [
        Mistake(key, "is missing; vpcId and subnetIds go together", set_command(key, example))
        for key, example in (
            ("vpcId", "vpc-0123456789abcdef0"),
            ("subnetIds", '["subnet-0123456789abcdef0"]'),
        )
        if not keys_of[key]
    ]
    if len(set(subnets)) < len(subnets):
        once = list(dict.fromkeys(subnets))
        problem = "has a subnet twice"
        mistakes.append(Mistake("subnetIds", problem, set_list_command("subnetIds", once)))
    if values.get("shape") == SINGLE_MASTER and len(subnets) > 1:
        problem = f"found {len(subnets)}; a single master is in one"
        command = set_list_command("subnetIds", subnets[:1])
        mistakes.append(Mistake("subnetIds", problem, command))
    if values.get("subnet_cidr") != _defaults()["subnet_cidr"]:
        problem = "is for a network that is made; subnetIds have theirs"
        mistakes.append(Mistake("subnetCidr", problem, "pulumi config rm subnetCidr"))
    return mistakes


def _alarms(values: _Values) -> list[Mistake]:
    """Alarms are CloudWatch's, of machines on AWS, and reach one place."""
    of_keys = {
        "alarmEmail": values.get("alarm_email"),
        "alarmTopicArn": values.get("alarm_topic_arn"),
    }
    found = [key for key, value in of_keys.items() if value]
    if values.get("machines") == EXISTING:
        problem = "is for machines on AWS; machines is existing"
        return [Mistake(key, problem, f"pulumi config rm {key}") for key in found]
    if len(found) == len(of_keys):
        problem = "is there, and alarmTopicArn, too: one of the two"
        return [Mistake("alarmEmail", problem, "pulumi config rm alarmEmail")]
    return []


def _backups(values: _Values) -> list[Mistake]:
    """Snapshots are of the volume that a base or master on AWS has."""
    keys_of = {
        "backupDays": values.get("backup_days"),
        "restoreFromSnapshot": values.get("restore_from_snapshot"),
    }
    problem = "is for the data volume of a base or master on AWS"
    if values.get("machines") == EXISTING:
        problem += "; machines is existing"
    elif values.get("shape") == HA_MANAGED:
        problem += "; with ha-managed the data is in AWS's services"
    else:
        return []
    return [
        Mistake(key, problem, f"pulumi config rm {key}") for key, found in keys_of.items() if found
    ]


def _shape(values: _Values) -> list[Mistake]:
    """What each shape needs, and what it has no use for."""
    if values.get("shape") != SINGLE_MASTER:
        mistakes = [
            Mistake(key, "is missing", "uv run python -m scripts.init_stack")
            for attribute, key in (
                ("redis_password", "redisPassword"),
                ("s3_secret_key", "s3SecretKey"),
            )
            if values.get("shape") == HA and values.get(attribute) == ""
        ]
        if values.get("media_nodes"):
            problem = "is for a single master; nodes carry their media themselves"
            mistakes.append(Mistake("mediaNodes", problem, "pulumi config rm mediaNodes"))
        return mistakes
    defaults = _defaults()
    return [
        Mistake(key, "a single master has no nodes", f"pulumi config rm {key}")
        for attribute, key in (("node_count", "nodeCount"), ("retired_nodes", "retiredNodes"))
        if values.get(attribute, defaults[attribute]) != defaults[attribute]
    ]


def _machines(values: _Values) -> list[Mistake]:
    """What machines on AWS need, or machines that exist."""
    if values.get("machines") == EXISTING:
        mistakes = _hosts(values.get("hosts"), values.get("shape"))
        if values.get("ssh_via"):
            problem = (
                "is for machines on AWS, which are known by their tags and get their rights from "
                "it; of machines that exist, hosts has the way (sshPort, sshJump)"
            )
            mistakes.append(Mistake("sshVia", problem, "pulumi config rm sshVia"))
        return mistakes
    mistakes = []
    if values.get("hosts"):
        problem = "is for machines that exist; machines is aws"
        command = set_command("machines", EXISTING)
        if values.get("shape") == HA_MANAGED:
            problem, command = "is for machines that exist", "pulumi config rm hosts"
        mistakes.append(Mistake("hosts", problem, command))
    public = values.get("ssh_public_key")
    if public is None:
        mistakes.extend(_no_public_key(values))
    elif not is_key_of_ec2(public):
        problem = (
            "found a key that EC2 doesn't import; it takes ed25519, or RSA of 1024 to 4096 bits"
        )
        command = set_command("sshPublicKey", keys()["sshPublicKey"][1].example)
        mistakes.append(Mistake("sshPublicKey", problem, command))
    return mistakes


def _no_public_key(values: _Values) -> list[Mistake]:
    """What makes the public half: who has the private one, or else `init_stack`."""
    command = "uv run python -m scripts.init_stack"
    if values.get("ssh_agent"):
        command = set_command("sshPublicKey", '"$(ssh-add -L | head -n 1)"')
    elif values.get("ssh_private_key"):
        command = OTHER_HALF["sshPublicKey"]
    return [Mistake("sshPublicKey", "is missing", command)]


def _hosts(hosts: Sequence[Host] | None, shape: str | None) -> list[Mistake]:
    """As many as the shape needs, each a machine of its own, whose SSH host key is known."""
    if hosts is None:
        return []
    mistakes = []
    least, takes = (1, "the master") if shape == SINGLE_MASTER else (2, "the base and one node")
    if len(hosts) < least:
        problem = f"found {len(hosts)}; takes at least {takes}"
        command = set_member_command(
            "hosts",
            f"[{len(hosts)}].publicIp",
            keys()["hosts"][1].example,
            taken={one.public_ip for one in hosts},
        )
        mistakes.append(Mistake("hosts", problem, f"{command}, and so on: docs/existing.md"))
    # The last comes first, as those after one that is removed move up.
    for place, one in reversed([*enumerate(hosts)]):
        addresses = (one.public_ip, one.private_ip)
        for other, first in enumerate(hosts[:place]):
            same = next((ip for ip in addresses if ip in (first.public_ip, first.private_ip)), None)
            if same:
                problem = f"{same} is the address of hosts[{other}] and hosts[{place}]"
                command = f"pulumi config rm --path 'hosts[{place}]'"
                mistakes.append(Mistake("hosts", problem, command))
                break
    unknown = [f"hosts[{place}]" for place, one in enumerate(hosts) if one.host_key is None]
    unknown += [
        f"hosts[{place}].sshJump"
        for place, one in enumerate(hosts)
        if one.way.jump and one.way.jump.host_key is None
    ]
    if unknown:
        problem = f"hostKey is missing in {', '.join(unknown)}: what tells that it's your machine"
        mistakes.append(Mistake("hosts", problem, "uv run python -m scripts.host_keys"))
    return mistakes


def _network_of_hosts(values: _Values) -> list[Mistake]:
    """Hosts are in one network: subnetCidr where it was set, or else one private network.

    The default of subnetCidr was set by nobody: hosts that have nothing of it are elsewhere.
    Source: page, "Prerequisites".
    """
    hosts, network = values.get("hosts"), values.get("subnet_cidr")
    if values.get("machines") != EXISTING or not hosts or network is None:
        return []
    addresses = [ipaddress.IPv4Address(one.private_ip) for one in hosts]
    if network == _defaults()["subnet_cidr"] and addresses[0] not in network:
        network = private_network(addresses[0])
        if network is None:
            problem = f"hosts[0].privateIp {addresses[0]} is no private address"
            usual = _defaults()["subnet_cidr"]
            command = _set_private_ip(0, usual, _free(0, usual, addresses))
            return [Mistake("hosts", problem, command)]
    mistakes = []
    taken: set[ipaddress.IPv4Address | None] = {*addresses}
    for place, address in enumerate(addresses):
        if address in network:
            continue
        problem = (
            f"hosts[{place}].privateIp {address} is outside {network}, the hosts' network; "
            "subnetCidr sets a larger one"
        )
        free = _free(place, network, taken)
        taken.add(free)
        mistakes.append(Mistake("hosts", problem, _set_private_ip(place, network, free)))
    return mistakes


def _free(
    place: int,
    network: ipaddress.IPv4Network,
    taken: Collection[ipaddress.IPv4Address | None],
) -> ipaddress.IPv4Address | None:
    """An address for the host at this place that no other has; None where there's none left."""
    usual = BASE_OFFSET + place
    # From the one that AWS would give it on, and only then from the first one.
    places = [*range(usual, usual + len(taken) + 1), *range(1, len(taken) + 2)]
    last = network.num_addresses - 2
    free = (network.network_address + one for one in places if one <= last)
    return next((address for address in free if address not in taken), None)


def _set_private_ip(
    place: int, network: ipaddress.IPv4Network, free: ipaddress.IPv4Address | None
) -> str:
    """The command that gives a host a free address, or hosts a larger network."""
    if free is None:
        return set_command("subnetCidr", str(private_network(network.network_address)))
    return f"pulumi config set --path 'hosts[{place}].privateIp' {free}"


def _ssh_networks(values: _Values) -> list[Mistake]:
    """A network for SSH, or another way; the whole internet only when that is said twice."""
    if "ssh_cidrs" not in values or values.get("machines") == EXISTING:
        return []
    cidrs = values["ssh_cidrs"]
    if not cidrs:
        if values.get("ssh_via"):
            return []
        command = set_command("sshCidrs", '["203.0.113.0/24"]')
        return [Mistake("sshCidrs", "is empty; takes the networks that may use SSH", command)]
    anywhere = _wide(cidrs)
    if anywhere and not values.get("allow_ssh_from_anywhere"):
        much = "a large part of" if anywhere.prefixlen else "the whole"
        problem = f"{anywhere} opens SSH to {much} internet; confirm it or name networks"
        return [Mistake("sshCidrs", problem, "pulumi config set allowSshFromAnywhere true")]
    return []


def _wide(cidrs: Sequence[str]) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The widest network that these make together, where it's too wide for one operator."""
    networks = [ipaddress.ip_network(one) for one in cidrs]
    v4 = ipaddress.collapse_addresses(one for one in networks if one.version == 4)
    v6 = ipaddress.collapse_addresses(one for one in networks if one.version == 6)
    whole: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = [*v4, *v6]
    wide = [one for one in whole if one.prefixlen < _WIDEST[one.version]]
    return min(wide, key=lambda one: one.prefixlen, default=None)


def _entrances(values: _Values) -> list[Mistake]:
    """Ports of their own: they're open to everybody, and what else listens there would be, too."""
    if not {"http_port", "https_port", "shape"} <= values.keys():
        return []
    http, https = values["http_port"], values["https_port"]
    mistakes = [
        *_taken("httpPort", http, ports.HTTP, values["shape"]),
        *_taken("httpsPort", https, ports.HTTPS, values["shape"]),
    ]
    if http == https:
        key, free = ("httpPort", ports.HTTP) if https == ports.HTTPS else ("httpsPort", ports.HTTPS)
        problem = f"found {https} for httpPort and for httpsPort"
        mistakes.append(Mistake(key, problem, set_command(key, str(free))))
    elif values.get("certificate_type") == "letsencrypt" and http != ports.HTTP:
        problem = f"found {http}; Let's Encrypt comes to port {ports.HTTP}"
        mistakes.append(Mistake("httpPort", problem, set_command("httpPort", str(ports.HTTP))))
    return mistakes


def _taken(key: str, port: int, default: int, shape: str) -> list[Mistake]:
    role = _MAIN_ROLES.get(shape)
    table = role.ports if role else ports.LOAD_BALANCER_PORTS
    taken = [
        rule.purpose
        for rule in table
        if rule.first <= port <= rule.last and not ports.is_entrance(rule)
    ]
    if role and port in role.inside:
        taken.append("the machine's services use it among themselves")
    if not taken:
        return []
    problem = f"found {port}, which is taken: {taken[0]}"
    return [Mistake(key, problem, set_command(key, str(default)))]


def _limits(values: _Values) -> list[Mistake]:
    """Who may see what is the proxy's to check, of a base or a single master."""
    if values.get("shape") != HA_MANAGED:
        return []
    problem = "is for a base or a single master; an AWS load balancer looks at no addresses"
    return [
        Mistake(key, problem, f"pulumi config rm {key}")
        for attribute, key in (("dashboard_cidrs", "dashboardCidrs"), ("api_cidrs", "apiCidrs"))
        if values.get(attribute)
    ]


def _certificate(values: _Values) -> list[Mistake]:
    """What each certificate type needs."""
    kind = values.get("certificate_type")
    domain = values.get("domain_or_public_ip")
    mistakes = []
    if kind == "letsencrypt":
        if domain is None or ip_address(domain):
            problem = f"letsencrypt needs a domain name, found {domain or 'none'}"
            command = set_command("domainOrPublicIp", "openvidu.example.io")
            mistakes.append(Mistake("domainOrPublicIp", problem, command))
        if values.get("letsencrypt_email") is None:
            command = set_command("letsencryptEmail", "openvidu@example.io")
            mistakes.append(Mistake("letsencryptEmail", "letsencrypt needs it", command))
    if kind == OWNCERT:
        mistakes.extend(
            certificates.mistakes(
                values.get("own_certificate"), values.get("own_private_key"), domain
            )
        )
    return mistakes


def _hosted_zone(values: _Values) -> list[Mistake]:
    """A record needs a name to point."""
    domain = values.get("domain_or_public_ip")
    if values.get("hosted_zone_id") and (domain is None or ip_address(domain)):
        command = set_command("domainOrPublicIp", "openvidu.example.io")
        return [Mistake("domainOrPublicIp", "hostedZoneId needs a domain name", command)]
    return []


def _ssh_login(values: _Values) -> list[Mistake]:
    """A private key or an agent, and a jump host's key where there is a jump host."""
    if not {"ssh_private_key", "ssh_jump_private_key", "hosts"} <= values.keys():
        return []
    agent, private = values.get("ssh_agent"), values["ssh_private_key"]
    jump = values["ssh_jump_private_key"]
    mistakes = []
    if not agent and not private:
        command = "uv run python -m scripts.init_stack"
        if values.get("ssh_public_key"):
            another = f"pulumi config rm sshPublicKey && {command}"
            command = f"{OTHER_HALF['sshPrivateKey']}\n      or, for another pair: {another}"
        mistakes.append(Mistake("sshPrivateKey", "is missing", command))
    has_jump = any(one.way.jump for one in values["hosts"])
    for key, found in (("sshPrivateKey", private), ("sshJumpPrivateKey", jump)):
        if agent and found:
            problem = "is there, and sshAgent has your SSH agent used: one of the two"
        elif found and found is jump and not has_jump:
            problem = "is for jump hosts, and no host has an sshJump"
        else:
            continue
        mistakes.append(Mistake(key, problem, f"pulumi config rm {key}"))
    return mistakes


def _ssh_key_pair(values: _Values) -> list[Mistake]:
    """The two halves of the SSH key belong together."""
    public, private = values.get("ssh_public_key"), values.get("ssh_private_key")
    if public and private and not certificates.is_ssh_pair(public, private):
        command = f"{OTHER_HALF['sshPublicKey']}\n      or: {OTHER_HALF['sshPrivateKey']}"
        return [Mistake("sshPublicKey", "doesn't belong to sshPrivateKey", command)]
    return []


def _turn(values: _Values) -> list[Mistake]:
    """A TURN server and one way to log in there."""
    server = values.get("turn_server")
    shared, user, password = (
        values.get(name) for name in ("turn_static_auth_secret", "turn_username", "turn_credential")
    )
    if server is None:
        if not (shared or user or password):
            return []
        command = set_command("turnServer", "turns:turn.example.io:443")
        return [Mistake("turnServer", "is missing, and its login is there", command)]
    takes = "takes turnStaticAuthSecret, or turnUsername and turnCredential: one of the two"
    given = [key for key, value in (("turnUsername", user), ("turnCredential", password)) if value]
    if shared and given:
        command = " && ".join(f"pulumi config rm {key}" for key in given)
        other = "or: pulumi config rm turnStaticAuthSecret"
        return [Mistake("turnServer", takes, f"{command}\n      {other}")]
    if not shared and not given:
        command = set_command("turnStaticAuthSecret", "", secret=True)
        return [Mistake("turnServer", takes, command)]
    missing = [
        key
        for key, value in (("turnUsername", user), ("turnCredential", password))
        if not shared and not value
    ]
    return [
        Mistake(
            key,
            "is missing; turnServer takes both",
            set_command(key, "…", secret=key != "turnUsername"),
        )
        for key in missing
    ]


def _extra_env(values: _Values) -> list[Mistake]:
    """Further `.env` keys take what OpenVidu says, and hide none that its `grep` looks for."""
    shape, version = values.get("shape"), values.get("openvidu_version")
    if shape is None or version is None:
        return []
    role = roles.MASTER if shape == SINGLE_MASTER else roles.NODE
    its = deployment(role.name, version)
    mistakes = []
    for name, text in values.get("extra_env", ()):
        known = options(role.name, version).get(name)
        problem = _set_by(name) or _unfit(name, text, known)
        if not text and name in its.needs:
            problem = f"{name} is empty, and OpenVidu's Compose file doesn't do without it"
        mistakes += _extra("extraEnv", name, problem)
    for name, text in values.get("base_extra_env", ()):
        known = options("base", version).get(name)
        problem = _unfit(name, text, known)
        if shape != HA:
            problem = "is for base services, and there are none; a single master takes extraEnv"
        elif known is None:
            near = difflib.get_close_matches(name, BASE_OPTIONS, n=1)
            takes = f"did you mean {near[0]}?" if near else f"takes {', '.join(BASE_OPTIONS)}"
            problem = f"{name} can't be set here; {takes}"
        mistakes += _extra("baseExtraEnv", name, problem)
    return mistakes


def _extra(key: str, name: str, problem: str | None) -> list[Mistake]:
    command = path_command("rm", key + member(name))
    return [Mistake(key, problem, command)] if problem else []


def _set_by(name: str) -> str | None:
    return f"{name} is set by {_SET_BY[name]}" if name in _SET_BY else None


def _unfit(name: str, text: str, known: Option | None) -> str | None:
    hidden = next((key for key in environment.LOOKED_FOR if key in name), None)
    if hidden and hidden != name:
        return f"{name} contains {hidden}, which OpenVidu would mix up with it"
    if hidden:
        return f"{name} has a key of its own; see docs/config.md"
    if any(key in text for key in environment.LOOKED_FOR):
        return f"{name} {_MIXED_UP}"
    if known and not known.fits(text):
        found = "what it has" if is_secret(name) else _shown(text)
        return f"{name}: found {found}; takes {known.takes}"
    try:
        environment.render({name: text}, header="")
    except environment.UnwritableValueError as error:
        return str(error)
    return None


def _plain_secrets(parsed: _Values, secret_keys: Collection[str]) -> list[Mistake]:
    mistakes = []
    if way_out.has_login(parsed.get("http_proxy") or "") and "httpProxy" not in secret_keys:
        problem = "has a login in it, and is stored in plain text"
        mistakes.append(Mistake("httpProxy", problem, set_command("httpProxy", "", secret=True)))
    return mistakes + [
        Mistake(
            key,
            f"{name} is a secret, and stored in plain text",
            path_command("set --secret", key + member(name)),
        )
        for key, attribute in (("extraEnv", "extra_env"), ("baseExtraEnv", "base_extra_env"))
        if key not in secret_keys
        for name, _ in parsed.get(attribute, ())
        if is_secret(name)
    ]


_SET_BY: Mapping[str, str] = {
    "DOMAIN_OR_PUBLIC_IP": "domainOrPublicIp",
    "OPENVIDU_PRO_LICENSE": "openviduProLicense",
    "OPENVIDU_EDITION": "shape",
    "OPENVIDU_ENTERPRISE_MEDIA_SERVER": "mediaServer",
    "CERTIFICATE_TYPE": "certificateType",
    "LETSENCRYPT_EMAIL": "letsencryptEmail",
    "HTTPS_PORT": "httpsPort",
    "KMS_URIS": "mediaNodes",
    "OPENVIDU_RECORDING": "recording",
    "OPENVIDU_WEBHOOK": "webhookEndpoint",
    "OPENVIDU_PRO_ELASTICSEARCH": "elasticsearchUrl",
    environment.OPENVIDU_SECRET: "openviduSecret",
    environment.NODE_IPS: "nodeCount",
    environment.NODE_PRIVATE_IP: "subnetCidr, or hosts where machines exist",
    environment.REDIS_HOST: "redisHost",
    environment.REDIS_PORT: "redisHost",
    environment.REDIS_PASSWORD: "redisPassword",
    environment.S3_ENDPOINT: "s3Endpoint",
    environment.S3_BUCKET: "s3Bucket",
    environment.S3_ACCESS_KEY: "s3AccessKey",
    environment.S3_SECRET_KEY: "s3SecretKey",
    environment.WEBHOOK_ENDPOINT: "webhookEndpoint",
    environment.WEBHOOK_HEADERS: "webhookHeaders",
    environment.ICE_SERVERS: "turnServer",
    environment.ELASTICSEARCH_HOST: "elasticsearchUrl",
    environment.KIBANA_HOST: "kibanaUrl",
    environment.ELASTICSEARCH_USERNAME: "elasticsearchUsername",
    environment.ELASTICSEARCH_PASSWORD: "elasticsearchPassword",
}
"""Which key of the configuration to use for a key of `.env`: what nodes are told by two isn't what
the rest of the program believes."""


_CROSS_CHECKS: tuple[Callable[[_Values], list[Mistake]], ...] = (
    _shape,
    managed_settings.find_mistakes,
    _machines,
    _owners_network,
    _alarms,
    _backups,
    _network_of_hosts,
    _subnet_size,
    _node_numbers,
    _ssh_networks,
    _entrances,
    _limits,
    _certificate,
    _hosted_zone,
    _ssh_login,
    _ssh_key_pair,
    _turn,
    way_out.find_mistakes,
    _extra_env,
)
