"""How the deployed cluster takes its users; what is configured since alters nothing of it yet."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.calls.deployed import secret_of

_ENVS = ("base-env", "master-env")
_CERTIFICATE = "aws:acm/certificate:Certificate"
_LETSENCRYPTS = re.compile(r"^CERTIFICATE_TYPE=letsencrypt$", re.MULTILINE)


@dataclass(frozen=True)
class Access:
    """How users come in.

    Attributes:
        secret: OPENVIDU_SECRET.
        is_public: whether the certificate is a public one, which the lab's authority signs.
    """

    secret: str
    is_public: bool


def access(resources: Sequence[Mapping[str, Any]]) -> Access | None:
    """How users come in, by a stack's exported state; None before anything takes users.

    Args:
        resources: with their secrets in plain text.
    """
    secret, is_public = secret_of(resources), False
    for one in resources:
        inputs = one.get("inputs", {})
        if one["urn"].rpartition("::")[2] in _ENVS:
            text = str(json.loads(inputs["stdin"]["plaintext"]))
            is_public |= _LETSENCRYPTS.search(text) is not None
        # One of the owner's comes with its text.
        is_public |= one["type"] == _CERTIFICATE and "certificateBody" not in inputs
    return None if secret is None else Access(secret, is_public)
