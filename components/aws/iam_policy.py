"""Policies of IAM, as AWS takes them: JSON of what is allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping


def allowing(*statements: Mapping[str, object]) -> str:
    """A policy that allows what its statements say, each without its effect.

    Source: IAM guide, "IAM JSON policy elements".
    """
    allowed = [{"Effect": "Allow", **one} for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})
