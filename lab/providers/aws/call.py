"""One operation on one resource: its clients, its messages, its waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError

from lab.providers.aws.clients import Clients
from lab.providers.aws.errors import WaitError, code_of
from lab.providers.base import EngineLog

if TYPE_CHECKING:
    from threading import Event

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_route53 import Route53Client

_T = TypeVar("_T")

MINUTE: Final = 60.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0
_PAUSE_GROWTH: Final = 1.5
_PROGRESS_SECONDS: Final = 5.0
_PROGRESS_SHARE: Final = 0.1
"""Of the time that has passed: what takes half an hour isn't told of every few seconds."""


@dataclass(frozen=True)
class Call:
    """What the calls of a resource type get.

    Attributes:
        clients: Makes clients of AWS.
        region: The resource's region.
        name: The resource's name in the program.
        urn: Its full name.
        token: The idempotency token for what this operation creates.
        timeout: The user's limit in seconds (`customTimeouts`), or None.
        log: The engine's log.
        cancelled: Set when the user wants to quit.
    """

    clients: Clients
    region: str
    name: str
    urn: str
    token: str
    log: EngineLog
    cancelled: Event
    timeout: float | None = None
    default_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def ec2(self) -> EC2Client:
        """EC2 in the resource's region."""
        return self.clients.ec2(self.region)

    @property
    def route53(self) -> Route53Client:
        """Route 53."""
        return self.clients.route53(self.region)

    def client(self, service: str) -> Any:
        """A service in the resource's region, by boto3's name."""
        return self.clients.of(service, self.region)

    def arn(self, kind: str, identifier: str, owner: str | None = None) -> str:
        """The ARN of a thing of EC2."""
        account = owner or self.clients.account_id(self.region)
        return f"arn:aws:ec2:{self.region}:{account}:{kind}/{identifier}"

    def wait(self, what: str, probe: Callable[[], _T | None], *, seconds: float) -> _T:
        """Ask again and again until there is an answer.

        Args:
            what: What is waited for, in words.
            probe: Returns the answer, or None as long as there is none.
            seconds: The limit, where the user set none.

        Raises:
            WaitError: The limit has passed, or the user wants to quit.
        """
        limit = self.timeout or seconds
        start = time.monotonic()
        pause, told = _FIRST_PAUSE, start
        while True:
            answer = probe()
            now = time.monotonic()
            if answer is not None:
                return answer
            if now - start >= limit:
                raise WaitError(f"waited {limit:.0f} s for {what}, the limit")
            if now - told >= max(_PROGRESS_SECONDS, _PROGRESS_SHARE * (now - start)):
                self.log.status(f"waiting for {what}: {now - start:.0f} s", self.urn)
                told = now
            if self.cancelled.wait(min(pause, max(0.0, limit - (now - start)))):
                raise WaitError(f"stopped by the user while waiting for {what}")
            pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE)

    def insist(
        self, what: str, attempt: Callable[[], object], *, on: Collection[str], seconds: float
    ) -> None:
        """Repeat a call as long as AWS answers with one of the error codes.

        Args:
            what: What is waited for, in words.
            attempt: The call.
            on: The error codes that time may cure.
            seconds: The limit, where the user set none.

        Raises:
            WaitError: The limit has passed; says what AWS answered last.
            ClientError: Any other answer.
        """
        last: list[ClientError] = []

        def probe() -> bool | None:
            try:
                attempt()
            except ClientError as error:
                if code_of(error) not in on:
                    raise
                last[:] = [error]
                return None
            return True

        try:
            self.wait(what, probe, seconds=seconds)
        except WaitError as error:
            raise WaitError(f"{error}; AWS answered last: {last[0]}") from last[0]
