"""Whether each node can use S3, Redis, Elasticsearch and Kibana, with the `.env` that it has.

From the node itself only connections are tried: its system has nothing to ask services with. The
logins are tried from the base or the bastion, with the node's own values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from components.remote import text_of
from components.resource_names import of_urn
from openvidu import environment as env
from openvidu.messages import unusable
from openvidu.release import NODE as OPENVIDU
from openvidu.roles import BASE, NODE
from scripts.checks.finding import Finding, Result
from scripts.memberships import plain
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine

FILE = f"{OPENVIDU.folder}/.env"
_OK = "ok"
_SECONDS = 60.0
_WORKERS = 16
_STANDARD_PORTS = {"http": 80, "https": 443}
_ON_BASE = {
    "S3": "minio-s3",
    "Redis": "redis",
    "Elasticsearch": "elasticsearch",
    "Kibana": "kibana",
}
"""Containers of the base by the service's name."""
_CONFIG = {
    env.S3_ENDPOINT: "s3Endpoint",
    env.S3_BUCKET: "s3Bucket",
    env.S3_ACCESS_KEY: "s3AccessKey",
    env.S3_SECRET_KEY: "--secret s3SecretKey",
    env.REDIS_HOST: "redisHost",
    env.REDIS_PASSWORD: "--secret redisPassword",
    env.ELASTICSEARCH_HOST: "elasticsearchUrl",
    env.ELASTICSEARCH_USERNAME: "elasticsearchUsername",
    env.ELASTICSEARCH_PASSWORD: "--secret elasticsearchPassword",
    env.KIBANA_HOST: "kibanaUrl",
}
"""What sets a name in `.env`."""


@dataclass(frozen=True)
class WantedEnv:
    """The `.env` that the stack gave a node.

    Attributes:
        urn: of the resource that puts it there.
        values: names and values.
    """

    urn: str
    values: Mapping[str, str] = field(repr=False)


def wanted_envs(exported: Mapping[str, Any]) -> dict[str, WantedEnv]:
    """The nodes' `.env` by machine, from a state that was exported with its secrets shown."""
    found = {}
    for resource in exported["deployment"].get("resources", ()):
        name = of_urn(resource["urn"])
        if name and name.node and name.part == "env" and not resource.get("delete"):
            # The script that puts it there comes first, then an empty line; .env has none.
            text = str(plain(resource["inputs"].get("stdin") or "")).rpartition("\n\n")[2]
            found[name.machine] = WantedEnv(resource["urn"], env.parse(text))
    return found


def services(there: Mapping[str, Machine], wanted: Mapping[str, WantedEnv]) -> list[Finding]:
    """Have every node's services asked.

    Args:
        there: machines by name, the main machine first.
        wanted: what nodes were given.
    """
    nodes = [one for one in there.values() if one.role is NODE]
    mains = [one for one in there.values() if one.role is not NODE]
    if not nodes or not mains:
        return []
    with ThreadPoolExecutor(_WORKERS) as pool:
        looks = [pool.submit(_look, one, mains[0], wanted.get(one.name)) for one in nodes]
    return [finding for look in looks for finding in look.result()]


def _look(node: Machine, main: Machine, wanted: WantedEnv | None) -> list[Finding]:
    try:
        text = node.ask("env", _SECONDS)
        answers = json.loads(main.ask("services", _SECONDS, VALUES=text))
        places = {one["service"]: address(one["place"]) for one in answers}
        reached = _reached(node, places)
    except PulumiError as error:
        return [Finding("services", node.name, Result.SKIPPED, str(error), "pulumi up")]
    except ValueError:
        problem = f"{main.name} gave an answer that isn't a list of services"
        return [Finding("services", node.name, Result.SKIPPED, problem, "pulumi up")]
    asked = Asked(node.name, main, env.parse(text), wanted)
    return [*changed(asked), *(judged(asked, one, reached[one["service"]]) for one in answers)]


def _reached(node: Machine, places: Mapping[str, str]) -> dict[str, str]:
    """What the node says of reaching each service: `ok`, or why it can't."""
    asked = " ".join(places.values())
    told = node.ask("reach", _SECONDS, PLACES=asked, REACH=text_of("reach.sh"))
    found = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    return {
        service: found.get(place, "no result was reported") for service, place in places.items()
    }


def address(place: str) -> str:
    """Host and port of a service's URL; `host:port` stays as it is."""
    if "://" not in place:
        return place
    url = urlsplit(place)
    return f"{url.hostname or ''}:{url.port or _STANDARD_PORTS.get(url.scheme, 0)}"


@dataclass(frozen=True)
class Asked:
    """A node whose services were asked.

    Attributes:
        name: such as `node-1`.
        main: from which machine logins were tried.
        values: the node's `.env`.
        wanted: what the stack gave it; None where that isn't known.
    """

    name: str
    main: Machine
    values: Mapping[str, str] = field(repr=False)
    wanted: WantedEnv | None = field(repr=False)

    @property
    def differing(self) -> frozenset[str]:
        """Names of the logins that aren't as the stack wants them."""
        if self.wanted is None:
            return frozenset()
        wanted = self.wanted.values
        names = {*env.LOGINS, env.S3_ENDPOINT, env.S3_BUCKET}
        return frozenset(one for one in names if self.values.get(one) != wanted.get(one))

    @property
    def put_back(self) -> str | None:
        """What brings the stack's `.env` there again."""
        return f"pulumi up --replace '{self.wanted.urn}'" if self.wanted else None


def changed(asked: Asked) -> list[Finding]:
    """Whether somebody has changed the node's `.env`."""
    if not asked.differing:
        return []
    said = f"{FILE} there isn't the stack's: {', '.join(sorted(asked.differing))}"
    return [Finding(".env", asked.name, Result.FAILED, said, asked.put_back)]


def judged(asked: Asked, answer: Mapping[str, Any], reached: str) -> Finding:
    """What to say of a service.

    Args:
        asked: the node.
        answer: an item of what `membership.pyz services --json` prints.
        reached: what the node says of reaching it: `ok`, or why it can't.
    """
    service, place, problem = answer["service"], answer["place"], answer["problem"]
    if problem is None and reached == _OK:
        return Finding(service, asked.name, Result.OK, f"{place} can be used")
    words = unusable(service, asked.values)
    if problem is None:
        said = f"{asked.name} can't reach {place}: {reached}; {asked.main.name} can"
        following = "pulumi up --refresh, or open the port in the firewall between them"
        return Finding(service, asked.name, Result.FAILED, said, following, words)
    keys = list(answer["keys"])
    said = f"{place}: {problem}" + (f" ({', '.join(keys)})" if keys else "")
    following = _next(asked, service, keys)
    return Finding(service, asked.name, Result.FAILED, said, following, words)


def _next(asked: Asked, service: str, keys: Sequence[str]) -> str:
    """What puts a service right."""
    if asked.differing & {*keys} and asked.put_back:
        return asked.put_back
    if asked.main.role is BASE:
        return _on_base(asked.main, _ON_BASE[service])
    sets = [f"pulumi config set {_CONFIG[key]}" for key in keys if key in _CONFIG]
    return " && ".join([*sets, "pulumi up"])


def _on_base(base: Machine, container: str) -> str:
    """What says why a service of the base doesn't answer, and starts it again."""
    start = f"cd {base.role.product.folder} && sudo docker compose up --detach {container}"
    return (
        f"uv run openvidu-enterprise logs base --service {container} --tail 50\n"
        f"  To start it again, and nothing else: {base.ssh} '{start}'"
    )
