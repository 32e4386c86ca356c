"""What a check has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One line of the preflight.

    Attributes:
        check: what was looked at, such as `S3` or `port 443/tcp`.
        where: whose: a machine, the account, the domain.
        result: how it ended.
        said: what was found, and what was expected.
        next: what to type; None where there is nothing to do.
        openvidu: what OpenVidu says of it in its log: the words that people search for.
    """

    check: str
    where: str
    result: Result
    said: str
    next: str | None = None
    openvidu: str | None = None


def exit_status(findings: Sequence[Finding]) -> int:
    """0 where nothing has failed; warnings fail nothing."""
    return 1 if any(one.result is Result.FAILED for one in findings) else 0
