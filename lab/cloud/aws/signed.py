"""Who has signed a call of the fake AWS, and for what.

Source: AWS, "Create a signed AWS API request", the credential scope.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SCOPE = re.compile(r"Credential=([^/]*)/\d+/([^/]+)/([^/]+)/")


class Signed(NamedTuple):
    """What a signature says: the access key, the region, and the service that is called."""

    key: str
    region: str
    service: str


def signed(authorization: str | None) -> Signed | None:
    """What a call's header `Authorization` says; None where it isn't signed."""
    found = _SCOPE.search(authorization or "")
    return Signed(*found.groups()) if found else None
