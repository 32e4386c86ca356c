"""From the `.env` of base services and nodes to a stack's configuration. Pure.

The other way round than `components.env_files`, which says whether that was right: what it writes
for the configuration has to say what is there.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from components.endpoints import of_base
from components.env_files import base_env, shared_env
from components.settings.checks import further_env
from components.settings.choices import AWS, EXISTING
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings, keys
from components.ssh_way import PORT
from openvidu import environment
from openvidu.options import is_secret
from scripts.adopting.found_cluster import FoundCluster
from scripts.adopting.on_aws import Instance

_OF_BASE = {
    "domainOrPublicIp": "DOMAIN_OR_PUBLIC_IP",
    "openviduSecret": environment.OPENVIDU_SECRET,
    "certificateType": "CERTIFICATE_TYPE",
    "letsencryptEmail": "LETSENCRYPT_EMAIL",
    "httpPort": "HTTP_PORT",
    "httpsPort": "HTTPS_PORT",
    "redisPassword": environment.REDIS_PASSWORD,
    "s3Bucket": environment.S3_BUCKET,
    "s3AccessKey": environment.S3_ACCESS_KEY,
    "s3SecretKey": environment.S3_SECRET_KEY,
    "elasticsearchUsername": environment.ELASTICSEARCH_USERNAME,
    "elasticsearchPassword": environment.ELASTICSEARCH_PASSWORD,
}
_OF_NODES = {
    "openviduProLicense": "OPENVIDU_PRO_LICENSE",
    "mediaServer": "OPENVIDU_ENTERPRISE_MEDIA_SERVER",
    "recording": "OPENVIDU_RECORDING",
}
_ACCESS = {
    "dashboardCidrs": "ALLOWED_ACCESS_TO_DASHBOARD",
    "apiCidrs": "ALLOWED_ACCESS_TO_RESTAPI",
}
_ICE = re.compile(
    r'\["url=(?P<url>[^",]+),(?:staticAuthSecret=(?P<shared>[^",]+)'
    r'|username=(?P<user>[^",]+),credential=(?P<credential>[^",]+))"\]'
)
"""One server of the owner's. Source: OpenVidu's documentation, "Allow users behind firewalls"."""


@dataclass(frozen=True)
class Login:
    """How machines are logged in at.

    Attributes:
        user: on each of them.
        public_key, private_key: OpenSSH's; empty with the operator's own agent.
    """

    user: str
    public_key: str = ""
    private_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class StackConfig:
    """The configuration of the stack that takes the cluster over.

    Attributes:
        texts: by key, as the engine hands it to the program: objects and lists as JSON.
        secrets: the keys of those that are secrets.
        kept: what stays in the cluster's configuration, and the stack doesn't know of.
        refused: what a stack can't say, and would change.
    """

    texts: Mapping[str, str] = field(repr=False)
    secrets: Collection[str]
    kept: Sequence[str] = ()
    refused: Sequence[str] = ()


@dataclass(frozen=True)
class OnAws:
    """Where the machines are EC2 instances, beside which AWS makes others.

    Attributes:
        instances: base and nodes, in their order.
        ssh_cidrs: the networks from which the others may be logged in at.
    """

    instances: Sequence[Instance]
    ssh_cidrs: Sequence[str]


def config_of(cluster: FoundCluster, login: Login, aws: OnAws | None = None) -> StackConfig:
    """The configuration that says what is there.

    Args:
        cluster: without refusals.
        login: how its machines are reached.
        aws: its instances; None where the machines are none, or nobody's to make.
    """
    texts = {**_of_machines(cluster, login), **_of_env(cluster), **_of_shared(cluster.shared)}
    if aws:
        texts |= _of_aws(aws, json.loads(texts["hosts"]))
        texts.pop("subnetCidr", None)
    secrets = {name for name in texts if keys()[name].secret}
    try:
        settings = read(texts, secrets)
    except ConfigurationError as error:
        refused = [f"{one.key}: {one.problem}" for one in error.mistakes]
        return StackConfig(texts, secrets, refused=refused)
    return _compared(cluster, settings, texts, secrets)


def _of_machines(cluster: FoundCluster, login: Login) -> dict[str, str]:
    hosts = [
        {
            "publicIp": one.place.address,
            "privateIp": cluster.base_ip if one is cluster.base else one.private_ip,
            "hostKey": one.place.host_key,
            **({"sshPort": one.place.way.port} if one.place.way.port != PORT else {}),
            "adopted": True,
        }
        for one in cluster.machines
    ]
    keys = {"sshPublicKey": login.public_key, "sshPrivateKey": login.private_key}
    return {
        "machines": EXISTING,
        "hosts": json.dumps(hosts),
        **_network([str(host["privateIp"]) for host in hosts]),
        "nodeCount": str(len(cluster.nodes)),
        "openviduVersion": cluster.base.version,
        "sshUser": login.user,
        **(keys if login.private_key else {"sshAgent": "true"}),
    }


def _of_aws(aws: OnAws, hosts: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """What says that the machines are instances, and where others are made."""
    ids = (
        {"instance": one.id, "interface": one.interface, "address": one.address}
        for one in aws.instances
    )
    known = [
        {**host, **{name: text for name, text in of.items() if text}}
        for host, of in zip(hosts, ids, strict=True)
    ]
    _, first, *_ = aws.instances
    return {
        "machines": AWS,
        "hosts": json.dumps(known),
        "vpcId": first.vpc,
        "subnetIds": json.dumps([*dict.fromkeys(one.subnet for one in aws.instances)]),
        "nodeInstanceType": first.type,
        "sshCidrs": json.dumps([*aws.ssh_cidrs]),
    }


def _network(addresses: Sequence[str]) -> dict[str, str]:
    """The smallest network that all machines are in, where the usual one won't do."""
    if all(ipaddress.IPv4Address(one) in Settings.subnet_cidr for one in addresses):
        return {}
    for length in range(24, 7, -1):
        network = ipaddress.ip_network(f"{addresses[0]}/{length}", strict=False)
        if all(ipaddress.ip_address(one) in network for one in addresses):
            return {"subnetCidr": str(network)}
    return {}


def _of_env(cluster: FoundCluster) -> dict[str, str]:
    env = cluster.base.env
    found = {key: env[name] for key, name in _OF_BASE.items() if env.get(name)}
    for key, name in _ACCESS.items():
        if env.get(name):
            found[key] = json.dumps([one.strip() for one in env[name].split(",")])
    if env.get("CERTIFICATE_TYPE") == "owncert":
        pair = {"ownCertificate": cluster.base.certificate, "ownPrivateKey": cluster.base.key}
        found |= {key: text for key, text in pair.items() if text}
    return found


def _of_shared(shared: Mapping[str, str]) -> dict[str, str]:
    found = {key: shared[name] for key, name in _OF_NODES.items() if shared.get(name)}
    if shared.get("OPENVIDU_WEBHOOK") == "true" and shared.get(environment.WEBHOOK_ENDPOINT):
        found["webhookEndpoint"] = shared[environment.WEBHOOK_ENDPOINT]
        events = environment.items(shared.get("OPENVIDU_WEBHOOK_EVENTS", ""))
        headers = environment.items(shared.get(environment.WEBHOOK_HEADERS, ""))
        found |= {"webhookEvents": json.dumps(events)} if events else {}
        found |= {"webhookHeaders": json.dumps(headers)} if headers else {}
    if match := _ICE.fullmatch(shared.get(environment.ICE_SERVERS, "")):
        parts = {
            "turnServer": match["url"],
            "turnStaticAuthSecret": match["shared"],
            "turnUsername": match["user"],
            "turnCredential": match["credential"],
        }
        found |= {key: text for key, text in parts.items() if text}
    return found


def _compared(
    cluster: FoundCluster, settings: Settings, texts: Mapping[str, str], secrets: Collection[str]
) -> StackConfig:
    """The same with the further keys that are there, and what still isn't said then."""
    base = _Comparison(
        {name: text for name, text in cluster.base.env.items() if name != environment.NODE_IPS},
        lambda one: _without(base_env(one, one.domain_or_public_ip or ""), environment.NODE_IPS),
        lambda one, more: dataclasses.replace(one, base_extra_env=more, extra_env=()),
        environment.DEFAULTS,
    )
    nodes = _Comparison(
        cluster.shared,
        lambda one: _without(shared_env(one, of_base(one, one.domain_or_public_ip or ""))),
        lambda one, more: dataclasses.replace(one, extra_env=more, base_extra_env=()),
        {},
    )
    more = {"baseExtraEnv": base.further(settings), "extraEnv": nodes.further(settings)}
    whole = dataclasses.replace(
        settings,
        base_extra_env=tuple(more["baseExtraEnv"].items()),
        extra_env=tuple(more["extraEnv"].items()),
    )
    texts = {**texts, **{key: json.dumps(env) for key, env in more.items() if env}}
    hidden = {key for key, env in more.items() if any(is_secret(name) for name in env)}
    refused = [f"base's .env: {one}" for one in base.changed(whole)]
    refused += [
        f"base's .env: {name} is there, and no stack can say it; take it out"
        + " (sudo nano .env; it counts from the next start on)"
        for name in base.unsaid(whole)
    ]
    refused += [f"the nodes' configuration: {one}" for one in nodes.changed(whole)]
    kept = [f"{name} stays in the bucket as it is" for name in nodes.unsaid(whole)]
    return StackConfig(texts, {*secrets, *hidden}, [*kept, *_nodes_own(cluster)], refused)


def _nodes_own(cluster: FoundCluster) -> list[str]:
    """What single nodes have otherwise than the bucket, which wins at their next start."""
    found = []
    for one in cluster.nodes:
        env = {**one.env}
        env.pop(environment.NODE_PRIVATE_IP, None)
        names = sorted(
            name
            for name in {*env, *cluster.shared}
            if _meant(name, env.get(name, "")) != _meant(name, cluster.shared.get(name, ""))
        )
        if names:
            found.append(
                f"{one.place.name}: its .env has another {', '.join(names)} than the bucket; "
                "it gets the bucket's, and goes on with what it was started with"
            )
    return found


@dataclass(frozen=True)
class _Comparison:
    """What a configuration would write, beside what is there.

    Attributes:
        there: keys and values.
        written: what `settings` would write.
        with_further: settings with these further keys alone.
        usual: what counts where nothing is there.
    """

    there: Mapping[str, str]
    written: Callable[[Settings], Mapping[str, str]]
    with_further: Callable[[Settings, tuple[tuple[str, str], ...]], Settings]
    usual: Mapping[str, str]

    def further(self, settings: Settings) -> dict[str, str]:
        """The keys that a stack takes as further ones."""
        written = self.written(settings)
        return {
            name: text
            for name, text in self.there.items()
            if text
            and _meant(name, written.get(name, "")) != _meant(name, text)
            and not self._mistakes(settings, name, text)
        }

    def changed(self, settings: Settings) -> list[str]:
        """What would be set otherwise than it is."""
        return [
            f"{name} is {self._shown(name)}, and the stack would set it to "
            f"{'another value' if is_secret(name) else repr(text)}: a restart would be needed"
            for name, text in self.written(settings).items()
            if _meant(name, text) != _meant(name, self.there.get(name) or self.usual.get(name, ""))
        ]

    def unsaid(self, settings: Settings) -> list[str]:
        """Names of what is there, and that no configuration says."""
        written = self.written(settings)
        return [name for name, text in self.there.items() if text and not written.get(name)]

    def _mistakes(self, settings: Settings, name: str, text: str) -> bool:
        return bool(further_env.find_mistakes(self.with_further(settings, ((name, text),))))

    def _shown(self, name: str) -> str:
        text = self.there.get(name, "")
        if not text:
            return "not set"
        return "set" if is_secret(name) else repr(text)


def _without(text: str, name: str = "") -> Mapping[str, str]:
    found = environment.parse(text)
    found.pop(name, None)
    return found


def _meant(name: str, value: str) -> str | list[str]:
    """What a value means: a list is the same in each of its forms."""
    return environment.items(value) if name in environment.LISTS else value
