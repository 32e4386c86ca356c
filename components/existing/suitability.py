"""Whether a host can carry OpenVidu, from what was seen on it. Pure.

Source: page, "Prerequisites"; https://docs.docker.com/engine/install/ for the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from components.existing.hosts import Host
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake
from components.settings.table import Settings
from components.settings.values import ip_address, private_network
from openvidu.compose import FIRST_THAT_RETURNS_AGAIN, compose_below, works
from openvidu.downloads import downloads
from openvidu.release import IMAGES_GIB, IMAGES_INODES
from openvidu.roles import NODE, Role, role_of

PROCESSOR = "x86_64"
"""OpenVidu's container images are for this processor only."""
LEAST_DISK_GIB = 20
"""OpenVidu's images take most of that, where Docker keeps them on the same disk."""
LEAST_TMP_MIB = 200
"""Installs download to it."""
MEMORY_SLACK = 0.92
"""A machine of 8 GiB shows less: its kernel and firmware keep some."""
CLOCK_SECONDS = 60
"""S3 refuses signatures that are some minutes off, and a drain compares times."""
_DOCKER_COMMAND = "pulumi config set installDocker true"


@dataclass(frozen=True)
class Facts:
    """What was seen on a host.

    Attributes:
        os: its name, such as `Ubuntu 24.04.1 LTS`.
        processor: such as `x86_64`.
        cpus: processors.
        memory_mib: memory.
        free_disk_mib: free below /opt.
        images: where Docker keeps images, or would.
        free_images_mib: free there.
        free_images_inodes: files that can be made there; None where that has no limit.
        free_tmp_mib: free for temporary files.
        has_docker: whether Docker and Docker Compose answer.
        compose: version of Docker Compose; empty when there is none.
        reads: whether Docker Compose reads files below /opt.
        has_packages: whether it has apt-get.
        has_python: whether its Python has what the base's program takes.
        clock_off: seconds by which its clock differs from here.
        addresses: its own.
        installed: whether OpenVidu's folder is there.
        foreign: folders that OpenVidu would take and that are somebody else's.
        owner: the stack that has noted the host as its own, where that's another one; empty else.
        taken: containers that OpenVidu would take for its own.
        limited: whose logins its firewall limits, by the address that it sees; empty for nobody's.
        hindrance: what is in its way out, as `machine/put-way-out.sh` says; empty for nothing.
        busy: ports that OpenVidu needs and something else has, as `tcp:443`.
        blocked: ports of other hosts that it can't reach, as `10.5.0.5:6379`.
        lacking: URLs of downloads that it can't have, and why not.
    """

    os: str
    processor: str
    cpus: int
    memory_mib: int
    free_disk_mib: int
    images: str
    free_images_mib: int
    free_images_inodes: int | None
    free_tmp_mib: int
    has_docker: bool
    compose: str
    reads: bool
    has_packages: bool
    has_python: bool
    clock_off: float
    addresses: tuple[str, ...]
    installed: bool
    foreign: tuple[str, ...]
    owner: str
    taken: tuple[str, ...]
    busy: tuple[str, ...]
    blocked: tuple[str, ...]
    limited: str = ""
    hindrance: str = ""
    lacking: Mapping[str, str] = field(default_factory=dict)


def parse(text: str, asked: float) -> Facts | str:
    """Read what `machine/inspect-host.sh` prints; returns why not, where it's no such text.

    Args:
        text: lines `name=value`.
        asked: Unix seconds in the middle of the look.
    """
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    try:
        return Facts(
            os=found["os"] or "an unknown system",
            processor=found["processor"],
            cpus=int(found["cpus"]),
            memory_mib=int(found["memoryMib"]),
            free_disk_mib=int(found["freeDiskMib"]),
            images=found["images"],
            free_images_mib=int(found["freeImagesMib"]),
            free_images_inodes=_inodes(found["freeImagesInodes"]),
            free_tmp_mib=int(found["freeTmpMib"]),
            has_docker=found["docker"] == "yes" and found["compose"] != "",
            compose=found["compose"].removeprefix("v"),
            reads=found["reads"] == "yes",
            has_packages=found["packages"] == "yes",
            has_python=found["python"] == "yes",
            clock_off=float(found["clock"]) - asked,
            addresses=tuple(found["addresses"].split()),
            installed=found["installed"] == "yes",
            foreign=tuple(found["foreign"].split()),
            owner=found["owner"],
            taken=tuple(found["taken"].split()),
            busy=tuple(found["busy"].split()),
            blocked=tuple(found["blocked"].split()),
            limited=found["limited"],
            hindrance=found["hindrance"],
            lacking={
                place: why
                for place, why in found.items()
                if place.startswith("https:") and why != "ok"
            },
        )
    except (KeyError, ValueError) as error:
        return f"it tells what can't be read ({error}): {text[:200]!r}"


def _inodes(text: str) -> int | None:
    # File systems that make them as they are wanted tell none, or 0.
    return int(text or 0) or None


def mistakes(name: str, host: Host, facts: Facts, settings: Settings) -> list[Mistake]:
    """Why a host can't carry OpenVidu, if it can't."""
    found = [
        *_hardware(role_of(name), facts),
        *_software(name, facts, settings),
        *_address(host, facts, settings),
        *_place(facts),
        *_way_out(facts, settings),
        *_downloads(role_of(name), facts, settings),
    ]
    return [*_told(name, host, found), *network_mistakes(name, host, facts)]


def upgrade_mistakes(name: str, host: Host, facts: Facts, settings: Settings) -> list[Mistake]:
    """Why a host that carries OpenVidu can't get another version, if it can't."""
    if not facts.has_docker:
        problem = "Docker or Docker Compose doesn't answer there, so no other version can come"
        return _told(name, host, [(problem, "sudo systemctl status docker (on that host)")])
    return _told(name, host, _compose(name, facts, settings))


def _downloads(role: Role, facts: Facts, settings: Settings) -> list[tuple[str, str]]:
    """What it can't have of what an installation downloads."""
    return [
        (
            f"it can't have {one.what} from {one.host}: {why}",
            f"{one.remedy(why)} (on that host); then: pulumi up",
        )
        for one in downloads(role.product, settings.openvidu_version, settings.install_script_url)
        if (why := facts.lacking.get(one.url))
    ]


def _way_out(facts: Facts, settings: Settings) -> list[tuple[str, str]]:
    """What of an owner's is in the way of a proxy or a mirror: it's left alone."""
    match facts.hindrance:
        case "mirror":
            problem = (
                "its /etc/docker/daemon.json doesn't name the mirror of dockerRegistry, and isn't "
                f'changed for it; add "registry-mirrors": ["{settings.docker_registry}"] there'
            )
            return [(problem, "sudo systemctl reload docker (on that host), then: pulumi up")]
        case "restart":
            problem = (
                "its Docker goes by no proxy, and containers run that a restart would end; name "
                "httpProxy to it (https://docs.docker.com/engine/daemon/proxy/), and restart it "
                "when they may end"
            )
            return [(problem, "sudo systemctl restart docker (on that host), then: pulumi up")]
    return []


def network_mistakes(name: str, host: Host, facts: Facts) -> list[Mistake]:
    """What a host can't reach of the others."""
    if not facts.blocked:
        return []
    problem = f"it can't reach {', '.join(facts.blocked)}; open these ports between the hosts"
    return _told(name, host, [(problem, "pulumi up")])


def without(facts: Facts, silent: Collection[str]) -> Facts:
    """The same, but for hosts that don't answer anybody: their ports aren't blocked."""
    blocked = tuple(one for one in facts.blocked if one.partition(":")[0] not in silent)
    return replace(facts, blocked=blocked)


def _told(name: str, host: Host, found: Sequence[tuple[str, str]]) -> list[Mistake]:
    return [
        Mistake("hosts", f"{name} ({host.public_ip}): {problem}", command)
        for problem, command in found
    ]


def warnings(name: str, host: Host, facts: Facts) -> list[str]:
    """What works, but badly."""
    found = []
    memory, role = facts.memory_mib / 1024, role_of(name)
    if facts.cpus < role.advised_cpus or memory < role.advised_memory_gib * MEMORY_SLACK:
        found.append(
            f"{name} has {facts.cpus} CPUs and {memory:.1f} GiB of memory; OpenVidu advises "
            f"{role.advised_cpus} CPUs and {role.advised_memory_gib} GiB."
        )
    if facts.installed and host.adopted is None:
        found.append(f"{name}: an OpenVidu is installed already; it will be configured anew.")
    if facts.limited:
        found.append(
            f"{name}: its firewall limits logins over SSH. An update logs in once for each script: "
            "where that is too often, as may be with `ufw limit`, its tries keep it out. "
            f"Let yourself in without a limit first: sudo ufw insert 1 allow from {facts.limited} "
            f"to any port {host.way.port} proto tcp (on that host)"
        )
    return found


def moved(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Hosts that have another number than in the stack: a host keeps its number while it serves."""
    found = []
    for name, before in previous.hosts.items():
        for other, now in settings.hosts_by_name.items():
            if other != name and before.public_ip == now.public_ip:
                number = name.removeprefix("node-")
                problem = (
                    f"{now.public_ip} is {name} in this stack and would become {other}; "
                    "a host keeps its place in hosts. To do without one, retire its number"
                )
                command = (
                    f"git diff Pulumi.*.yaml, and: uv run openvidu-enterprise retire node-{number}"
                )
                found.append(Mistake("hosts", problem, command))
    return found


def another_main(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Another machine for the services that run: leaving the old one would stop them."""
    main, now = settings.main_role.name, settings.hosts[0]
    before = previous.hosts.get(main)
    if before is None or main not in previous.done or before.is_same_machine(now):
        return []
    problem = (
        f"hosts[0] is {now.public_ip}, {now.private_ip}; the {main} of this stack runs on "
        f"{before.public_ip}, {before.private_ip}, and can't leave it"
    )
    back = " && ".join(
        f"pulumi config set --path 'hosts[0].{member}' {of_before}"
        for member, of_before, of_now in (
            ("publicIp", before.public_ip, now.public_ip),
            ("privateIp", before.private_ip, now.private_ip),
        )
        if of_before != of_now
    )
    return [Mistake("hosts", problem, f"{back}\n      or: pulumi stack init ANOTHER-STACK")]


def _hardware(role: Role, facts: Facts) -> list[tuple[str, str]]:
    again = "pulumi up"
    found = []
    memory, disk = facts.memory_mib / 1024, facts.free_disk_mib / 1024
    if facts.processor != PROCESSOR:
        found.append((f"its processor must be {PROCESSOR}, got {facts.processor}", again))
    if facts.cpus < role.least_cpus or memory < role.least_memory_gib * MEMORY_SLACK:
        problem = (
            f"it must have at least {role.least_cpus} CPUs and {role.least_memory_gib} GiB of "
            f"memory, and has {facts.cpus} and {memory:.1f}"
        )
        found.append((problem, again))
    # An OpenVidu that is taken over has its images there already.
    if disk < LEAST_DISK_GIB and not facts.installed:
        found.append((f"{disk:.0f} GiB are free in /opt, must be at least {LEAST_DISK_GIB}", again))
    found += [(problem, again) for problem in _image_space(facts)]
    if facts.free_tmp_mib < LEAST_TMP_MIB:
        problem = f"{facts.free_tmp_mib} MiB are free in /tmp, must be at least {LEAST_TMP_MIB}"
        found.append((problem, again))
    if abs(facts.clock_off) > CLOCK_SECONDS:
        problem = f"its clock is {facts.clock_off:+.0f} s off, must be {CLOCK_SECONDS} s at most"
        found.append((problem, "sudo timedatectl set-ntp true (on that host), then: pulumi up"))
    return found


def _image_space(facts: Facts) -> list[str]:
    """Whether there's room for OpenVidu's images where Docker keeps them."""
    if facts.installed:
        # They are there already.
        return []
    found = []
    if facts.free_images_mib < IMAGES_GIB * 1024:
        free = f"{facts.free_images_mib / 1024:.1f} GiB"
        found.append(
            f"{free} are free in {facts.images}, where Docker keeps images; "
            f"OpenVidu's take about {IMAGES_GIB}"
        )
    if facts.free_images_inodes is not None and facts.free_images_inodes < IMAGES_INODES:
        found.append(
            f"{facts.free_images_inodes} more files can be made in {facts.images}, where Docker "
            f"keeps images; OpenVidu's take about {IMAGES_INODES} (df --inodes)"
        )
    return found


def _software(name: str, facts: Facts, settings: Settings) -> list[tuple[str, str]]:
    found = []
    if facts.has_docker:
        found += _compose(name, facts, settings)
    if not facts.has_docker and not settings.install_docker:
        found.append(("Docker and Docker Compose aren't there, or don't answer", _DOCKER_COMMAND))
    elif not facts.has_docker and not facts.has_packages:
        problem = f"{facts.os} has no apt-get to install Docker with; install it by hand"
        found.append((problem, "pulumi up"))
    if role_of(name) is not NODE and not facts.has_python and not facts.has_packages:
        problem = (
            f"{facts.os} has no apt-get; it needs Python 3 with the packages boto3, httpx and redis"
        )
        found.append((problem, "pulumi up"))
    return found


def _compose(name: str, facts: Facts, settings: Settings) -> list[tuple[str, str]]:
    """Whether its Docker Compose can start OpenVidu."""
    if not facts.reads:
        problem = (
            "its Docker Compose can't read files in /opt, as Docker from snap can't; "
            "install it from packages instead (a snap's containers and images go with the snap)"
        )
        return [(problem, "sudo snap remove docker (on that host), then: pulumi up")]
    product, version = role_of(name).product, settings.openvidu_version
    if not works(product, version, facts.compose):
        problem = (
            f"its Docker Compose is {facts.compose}; with OpenVidu {version} it must be older than "
            f"{compose_below(product, version)}, or {FIRST_THAT_RETURNS_AGAIN} or later, as its "
            "start never returns with that; install another one there"
        )
        versions = "apt-cache madison docker-compose-v2 docker-compose-plugin"
        return [(problem, f"{versions} (on that host), and then: pulumi up")]
    return []


def _address(host: Host, facts: Facts, settings: Settings) -> list[tuple[str, str]]:
    if host.private_ip in facts.addresses:
        return []
    problem = f"{host.private_ip} isn't its address; it has {', '.join(facts.addresses)}"
    before = IPv4Address(host.private_ip)
    network = settings.subnet_cidr if before in settings.subnet_cidr else private_network(before)
    others = {one.private_ip for one in settings.hosts}
    free = (
        one
        for one in facts.addresses
        if one not in others and network and (address := ip_address(one)) and address in network
    )
    place = settings.hosts.index(host)
    command = f"pulumi config set --path 'hosts[{place}].privateIp' {next(free, 'ADDRESS')}"
    return [(problem, command)]


def _place(facts: Facts) -> list[tuple[str, str]]:
    found = []
    if facts.owner:
        problem = (
            f"it belongs to the stack {facts.owner}, which has noted so there; "
            "take it out of that one's hosts, or destroy that stack"
        )
        found.append((problem, f"pulumi destroy --stack {facts.owner}, then: pulumi up"))
        # What is there is that stack's.
        return found
    for folder in facts.foreign:
        problem = (
            f"{folder} is there already, and this stack didn't make it: what is in it would be "
            "taken for the stack's. Stop what runs from it"
        )
        command = f"sudo mv {folder} {folder}.before (on that host), then: pulumi up"
        found.append((problem, command))
    if facts.taken:
        names = " ".join(facts.taken)
        problem = (
            "OpenVidu would take these containers for its own, and remove them when it stops: "
            f"{names}. Run them on another machine, or with other names of image and project"
        )
        found.append((problem, f"sudo docker rm --force {names} (on that host), then: pulumi up"))
    if facts.busy and not facts.installed:
        ports = ", ".join(facts.busy)
        found.append((f"something listens already on {ports}", "sudo ss -lntup (on that host)"))
    return found
