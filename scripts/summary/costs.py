"""What machines and services cost an hour, from a table of prices."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("prices.json")
_Inputs = Mapping[str, Any]


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


def before_and_after(
    state: Mapping[str, Any], preview: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, _Inputs]], dict[str, tuple[str, _Inputs]]]:
    """The resources that there are, and those that there will be: type and inputs by URN.

    Args:
        state: as `pulumi stack export` prints it.
        preview: as `pulumi preview --json` prints it.
    """
    before = {
        one["urn"]: (one["type"], one.get("inputs") or {})
        for one in state["deployment"].get("resources") or ()
        if not one.get("delete")
    }
    after = dict(before)
    for step in preview.get("steps") or ():
        if step["op"] == "delete":
            after.pop(step["urn"], None)
        elif step["op"] != "delete-replaced" and "newState" in step:
            new = step["newState"]
            after[step["urn"]] = (new["type"], new.get("inputs") or {})
    return before, after


def cost(resources: Iterable[tuple[str, _Inputs]], prices: Prices) -> Cost:
    """What resources cost an hour.

    Args:
        resources: types and inputs.
        prices: those of their region.
    """
    known, unknown = 0.0, set()
    for kind, inputs in resources:
        for what, price in _parts(kind, inputs, prices):
            if price is None:
                unknown.add(what)
            else:
                known += price
    return Cost(round(known, 4), frozenset(unknown))


def _parts(kind: str, inputs: _Inputs, prices: Prices) -> Iterator[tuple[str, float | None]]:
    """What is paid for with a resource: its name, and the price an hour, if it's known."""
    table = prices.table or {}

    def of(group: str, name: str, count: float = 1) -> tuple[str, float | None]:
        price = (table.get(group) or {}).get(name)
        return name, None if price is None else count * price

    def monthly(price: str, count: float) -> tuple[str, float | None]:
        found = table.get(price)
        return price, None if found is None else count * found / prices.hours

    match kind:
        case "aws:ec2/instance:Instance":
            yield of("instances", str(inputs["instanceType"]))
            yield monthly("gp3_gib_month", (inputs.get("rootBlockDevice") or {})["volumeSize"])
        case "aws:ebs/volume:Volume":
            yield monthly("gp3_gib_month", inputs["size"])
        case "aws:ec2/eip:Eip":
            yield "public IPv4", table.get("public_ipv4")
        case "aws:cloudwatch/metricAlarm:MetricAlarm":
            yield monthly("alarm_month", 1)
        case "aws:dlm/lifecyclePolicy:LifecyclePolicy":
            # Paid for by what changes on the volume from day to day.
            yield "snapshots", None
        case "aws:lb/loadBalancer:LoadBalancer":
            yield "load balancer", table.get("load_balancer")
        case "aws:elasticache/replicationGroup:ReplicationGroup":
            yield of("caches", str(inputs["nodeType"]), inputs["numCacheClusters"])
        case "aws:opensearch/domain:Domain":
            machines = inputs["clusterConfig"]
            count = machines["instanceCount"]
            yield of("search", str(machines["instanceType"]), count)
            yield monthly("search_gib_month", count * inputs["ebsOptions"]["volumeSize"])
