"""The filters that functions take, as AWS takes them."""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.rules import not_empty
from lab.providers.aws.schema import STRING_SET, Property, State, blocks, string

FILTERS: Final[Property] = blocks(
    {"name": string(not_empty, required=True), "values": STRING_SET.but(required=True)}
)


def filter_list(inputs: State) -> list[Any]:
    """The `filters` argument in AWS's form."""
    return [
        {"Name": each["name"], "Values": each["values"]} for each in inputs.get("filters") or ()
    ]
