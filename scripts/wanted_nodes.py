"""The nodes that a stack wants: read from its configuration, and changed there."""

from __future__ import annotations

import json

from components.numbering import Wanted
from components.settings.checks.node_room import room
from components.settings.read import parsed
from scripts.pulumi_cli import PulumiCli, PulumiError

_PROJECT = "openvidu-enterprise"
_KEYS = ("nodeCount", "retiredNodes")
_STANDBYS = "standbyNodes"
_PLACES = ("machines", "hosts", "shape", "subnetCidr", "subnetIds", "availabilityZones")


def read(pulumi: PulumiCli) -> Wanted:
    """What the configuration says.

    Raises:
        PulumiError: it can't be read, or isn't of that form.
    """
    # With the defaults that Pulumi.yaml gives.
    config = pulumi.config()
    texts = {key: config.get(f"{_PROJECT}:{key}", {}).get("value") for key in _KEYS}
    try:
        retired = frozenset(int(number) for number in json.loads(texts["retiredNodes"] or "[]"))
        return Wanted(int(texts["nodeCount"] or ""), retired)
    except (ValueError, TypeError):
        raise PulumiError(
            "nodeCount and retiredNodes must be a number and a list of numbers, got "
            f"{texts}.\n"
            "  Next: pulumi preview"
        ) from None


def no_room(pulumi: PulumiCli, after: Wanted) -> str | None:
    """Why there aren't numbers for that many nodes, where a preview would refuse them."""
    whole = pulumi.config()
    entries = {key: whole.get(f"{_PROJECT}:{key}", {}) for key in (*_PLACES, _STANDBYS)}
    if any(entry.get("secret") for entry in entries.values()):
        return None
    try:
        config = {key: str(entry["value"]) for key, entry in entries.items() if entry.get("value")}
        found = room(parsed(config, _PLACES))
        standbys = int(config.get(_STANDBYS, 0))
    except ValueError:
        # The preview tells.
        return None
    if found is None:
        # So it does of a network that existed.
        return None
    if after.count + standbys + len(after.retired) <= found.nodes:
        return None
    used = f"{after.count} of nodes, {len(after.retired)} retired"
    if standbys:
        used += f", {standbys} of standbys"
    return f"there are {found.nodes} numbers ({used}), the nodes that {found.reason}"


def change(pulumi: PulumiCli, before: Wanted, after: Wanted) -> dict[str, int | list[int]]:
    """Store what differs; returns it by key."""
    values: dict[str, int | list[int]] = {}
    if after.count != before.count:
        values["nodeCount"] = after.count
    if after.retired != before.retired:
        values["retiredNodes"] = sorted(after.retired)
    if values:
        pulumi.set_plain(values)
    return values
