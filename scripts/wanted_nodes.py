"""The nodes that a stack wants: read from its configuration, and changed there."""

from __future__ import annotations

import json

from components.numbering import Wanted
from scripts.pulumi_cli import PulumiCli, PulumiError

_PROJECT = "openvidu-enterprise"
_KEYS = ("nodeCount", "retiredNodes")


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
            f"nodeCount and retiredNodes: found {texts}; expected a number and a list of numbers.\n"
            "  Next: pulumi preview"
        ) from None


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
