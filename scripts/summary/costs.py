"""What machines and services cost an hour, from a table of prices."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.resource_names import logical_name, of_urn, standbys

_INSTANCE = "aws:ec2/instance:Instance"
_FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Prices:
    """Prices in a region.

    Attributes:
        date: year and month of the table.
        currency: of all prices.
        hours: of a month.
        table: the region's; None where the table doesn't have it.
    """

    date: str
    currency: str
    hours: float
    table: Mapping[str, Any] | None


@dataclass(frozen=True)
class Cost:
    """What something costs an hour.

    Attributes:
        known: the sum of what the table has.
        unknown: what it doesn't have, such as `c7i.metal`.
    """

    known: float
    unknown: frozenset[str]


def prices(region: str) -> Prices:
    """The checked-in prices."""
    found = json.loads(_FILE.read_text())
    table = found["regions"].get(region)
    return Prices(found["date"], found["currency"], found["hours_a_month"], table)


@dataclass(frozen=True)
class Resource:
    """A resource's type, and its inputs."""

    type: str
    inputs: Mapping[str, Any]


def resources_in(state: Mapping[str, Any]) -> dict[str, Resource]:
    """The resources that there are, by URN.

    Args:
        state: as `pulumi stack export` prints it.
    """
    return {
        one["urn"]: Resource(one["type"], one.get("inputs") or {})
        for one in state["deployment"].get("resources") or ()
        if not one.get("delete")
    }


def resources_after(
    before: Mapping[str, Resource], preview: Mapping[str, Any]
) -> dict[str, Resource]:
    """The resources that there will be, by URN.

    Args:
        before: those that there are.
        preview: as `pulumi preview --json` prints it.
    """
    after = dict(before)
    for step in preview.get("steps") or ():
        if step["op"] == "delete":
            after.pop(step["urn"], None)
        # What is imported is paid for already, and what it is isn't in a preview.
        elif step["op"] not in ("delete-replaced", "import") and "newState" in step:
            new = step["newState"]
            after[step["urn"]] = Resource(new["type"], new.get("inputs") or {})
    return after


def without_standbys(resources: Mapping[str, Resource]) -> Iterator[Resource]:
    """All resources, where an instance that is a standby costs what its volume does: it's stopped.

    Args:
        resources: by URN.
    """
    stopped = standbys(name for urn in resources if (name := of_urn(urn)))
    for urn, one in resources.items():
        is_stopped = one.type == _INSTANCE and logical_name(urn) in stopped
        volume = {"size": (one.inputs.get("rootBlockDevice") or {}).get("volumeSize")}
        yield Resource("aws:ebs/volume:Volume", volume) if is_stopped else one


def cost(resources: Iterable[Resource], prices: Prices) -> Cost:
    """What resources cost an hour.

    Args:
        resources: all that there are.
        prices: those of their region.
    """
    known, unknown = 0.0, set()
    for resource in resources:
        for part in _parts(resource, prices):
            if part.price is None:
                unknown.add(part.name)
            else:
                known += part.price
    return Cost(round(known, 4), frozenset(unknown))


@dataclass(frozen=True)
class _Part:
    """What is paid for with a resource, and its price an hour; None where that isn't known."""

    name: str
    price: float | None


def _parts(resource: Resource, prices: Prices) -> Iterator[_Part]:
    table = prices.table or {}
    inputs = resource.inputs

    def of(group: str, name: str, count: float = 1) -> _Part:
        price = (table.get(group) or {}).get(name)
        return _Part(name, None if price is None else count * price)

    def monthly(price: str, count: float) -> _Part:
        found = table.get(price)
        return _Part(price, None if found is None else count * found / prices.hours)

    match resource.type:
        case "aws:ec2/instance:Instance":
            yield of("instances", str(inputs["instanceType"]))
            yield monthly("gp3_gib_month", (inputs.get("rootBlockDevice") or {})["volumeSize"])
        case "aws:ebs/volume:Volume":
            yield monthly("gp3_gib_month", inputs["size"])
        case "aws:ec2/eip:Eip":
            yield _Part("public IPv4", table.get("public_ipv4"))
        case "aws:cloudwatch/metricAlarm:MetricAlarm":
            yield monthly("alarm_month", 1)
        case "aws:dlm/lifecyclePolicy:LifecyclePolicy":
            # Paid for by what changes on the volume from day to day.
            yield _Part("snapshots", None)
        case "aws:lb/loadBalancer:LoadBalancer":
            yield _Part("load balancer", table.get("load_balancer"))
        case "aws:elasticache/replicationGroup:ReplicationGroup":
            yield of("caches", str(inputs["nodeType"]), inputs["numCacheClusters"])
        case "aws:opensearch/domain:Domain":
            machines = inputs["clusterConfig"]
            count = machines["instanceCount"]
            yield of("search", str(machines["instanceType"]), count)
            yield monthly("search_gib_month", count * inputs["ebsOptions"]["volumeSize"])
