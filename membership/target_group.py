"""The load balancer of AWS: a target group whose targets are the nodes' addresses.

Source: Elastic Load Balancing, "Target groups for your Application Load Balancers", target types
and deregistration delay. pulumi-aws doesn't wait until a target has left
(terraform-provider-aws, issue 5603), so targets are no resources: who drains takes them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from membership.clock import Clock
from membership.errors import LoadBalancerError
from membership.lock import always, load_balancer_lock
from openvidu import ports
from openvidu.limit import LateError, within

ENTERS_WITHIN = timedelta(minutes=10)
LEAVES_WITHIN = timedelta(minutes=15)
"""Longer than a target group's deregistration delay at its default."""
_POLL_SECONDS = 2.0
_ATTEMPTS = 10
CALL_SECONDS = 120.0
"""A drain of hours has to outlast a minute or two in which AWS gives no answer; but a call that
goes on for ever holds it up for ever."""
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 10.0
_HEALTHY, _LEAVING = "healthy", ("draining", "unused")


_Answer = TypeVar("_Answer")


class TargetGroupError(LoadBalancerError):
    """AWS refuses, or a target isn't where it was to be within the limit."""


class TargetGroup:
    """The targets of a load balancer: who is registered takes calls."""

    def __init__(
        self,
        arn: str,
        *,
        lock: Path,
        client: Any = None,
        say: Callable[[str], None] = print,
        clock: Clock | None = None,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        """Prepare for questions and edits.

        Args:
            arn: ARN of the target group, which has its region.
            lock: file that is locked while a target is registered or deregistered.
            client: boto3's for `elbv2`; made when it's first needed.
            say: takes progress lines.
            clock: time.
            call_seconds: limit of each call to AWS, with its repetitions.
        """
        self._arn = arn
        self._lock = lock
        self._made = client
        self._say = say
        self._clock = clock or Clock()
        self._call_seconds = call_seconds

    @property
    def node_ips(self) -> tuple[str, ...]:
        """The addresses of targets that take calls, or are about to.

        Raises:
            TargetGroupError: AWS doesn't tell.
        """
        return tuple(sorted(ip for ip, state in self._states().items() if state not in _LEAVING))

    def add(self, ip: str, *, purpose: str, may: Callable[[], bool] = always) -> bool:
        """Register a target, and wait until it's healthy. Harmless when it's there.

        Args:
            ip: the target's address.
            purpose: what for; shown to whoever waits meanwhile.
            may: is asked once nobody else can edit the targets: False leaves them as they are.

        Returns:
            Whether it was done.

        Raises:
            TargetGroupError: AWS refuses, or finds it unhealthy for too long.
            LockTimeoutError: somebody else edits the targets.
        """
        with self._editing(purpose):
            if not may():
                return False
            self._call(
                purpose,
                lambda: self._client.register_targets(
                    TargetGroupArn=self._arn, Targets=[_target(ip)]
                ),
            )
        self._wait(ip, ENTERS_WITHIN, purpose, lambda state: state == _HEALTHY)
        return True

    def remove(self, ip: str, *, purpose: str, may: Callable[[], bool] = always) -> bool:
        """Deregister a target, and wait until it has left. Harmless when it's gone.

        Takes and returns what `add` does.

        Raises:
            TargetGroupError: AWS refuses, or doesn't let it go.
            LockTimeoutError: somebody else edits the targets.
        """
        with self._editing(purpose):
            if not may():
                return False
            if ip in self._states():
                self._call(
                    purpose,
                    lambda: self._client.deregister_targets(
                        TargetGroupArn=self._arn, Targets=[_target(ip)]
                    ),
                )
        self._wait(ip, LEAVES_WITHIN, purpose, lambda state: state in (None, "unused"))
        return True

    def _editing(self, purpose: str) -> AbstractContextManager[int]:
        return load_balancer_lock(self._lock, purpose=purpose, say=self._say, clock=self._clock)

    def _wait(
        self,
        ip: str,
        limit: timedelta,
        purpose: str,
        is_done: Callable[[str | None], bool],
    ) -> None:
        ends = self._clock.monotonic() + limit.total_seconds()
        told = None
        while not is_done(state := self._states().get(ip)):
            if self._clock.monotonic() > ends:
                raise TargetGroupError(
                    f"{purpose}: target {ip} is still {state or 'not registered'} after {limit}"
                )
            if state != told:
                self._say(f"{purpose}: target {ip} is {state or 'not registered'}")
                told = state
            self._clock.sleep(_POLL_SECONDS)

    def _states(self) -> dict[str, str]:
        """The state of each target by address: initial, healthy, unhealthy, draining, unused."""
        answer = self._call(
            "reading the targets",
            lambda: self._client.describe_target_health(TargetGroupArn=self._arn),
        )
        return {
            one["Target"]["Id"]: one["TargetHealth"]["State"]
            for one in answer["TargetHealthDescriptions"]
        }

    def _call(self, purpose: str, call: Callable[[], _Answer]) -> _Answer:
        with _explained(purpose):
            return within(self._call_seconds, call)

    @property
    def _client(self) -> Any:
        if self._made is None:
            # Slow to import, and a base does without.
            import boto3  # noqa: PLC0415
            from botocore.config import Config  # noqa: PLC0415

            self._made = boto3.client(
                "elbv2",
                region_name=self._arn.split(":")[3],
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                    proxies={},
                ),
            )
        return self._made


def _target(ip: str) -> dict[str, Any]:
    return {"Id": ip, "Port": ports.REPLICATION_MANAGER}


@contextmanager
def _explained(purpose: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TargetGroupError(f"{purpose}: AWS answers: {error}") from None
    except LateError as error:
        raise TargetGroupError(f"{purpose}: AWS gives {error}") from None
