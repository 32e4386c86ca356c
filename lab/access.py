"""How the deployed cluster takes its users; what is configured since alters nothing of it yet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_ENVS = ("base-env", "master-env")
_WITH_SECRET = (*_ENVS, "bastion-cluster")
"""The resources that have brought the secret to where the API is asked."""
_CERTIFICATE = "aws:acm/certificate:Certificate"
_LETSENCRYPT = "letsencrypt"


@dataclass(frozen=True)
class Access:
    """How users come in.

    Attributes:
        secret: OPENVIDU_SECRET.
        is_public: whether the certificate is a public one, which the lab's authority signs.
    """

    secret: str
    is_public: bool


def access(resources: Iterable[Mapping[str, Any]]) -> Access | None:
    """How users come in, by a stack's exported state; None before anything takes users.

    Args:
        resources: with their secrets in plain text.
    """
    secret, is_public = None, False
    for one in resources:
        inputs = one.get("inputs", {})
        if (name := one["urn"].rpartition("::")[2]) in _WITH_SECRET:
            text = str(json.loads(inputs["stdin"]["plaintext"]))
            secret = _value(text, "OPENVIDU_SECRET") or secret
            is_public |= name in _ENVS and _value(text, "CERTIFICATE_TYPE") == _LETSENCRYPT
        # One of the owner's comes with its text.
        is_public |= one["type"] == _CERTIFICATE and "certificateBody" not in inputs
    return None if secret is None else Access(secret, is_public)


def _value(text: str, name: str) -> str | None:
    found = re.search(rf"^{name}=(.*)$", text, re.MULTILINE)
    return found[1] if found else None
