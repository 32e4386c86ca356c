"""One writer at a time to the base's list of addresses.

A lock with an owner and a lease in the base's Redis says who works on it, also to people; a
dead holder loses it when its lease ends. The file lock below it keeps `put-env.sh` out, which
also runs while Redis doesn't.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from membership.limit import LateError, within

LOCK_NAME = "openvidu-enterprise:load-balancer"
LEASE_SECONDS = 60
"""Longer than an edit and a reload take, short enough to wait for."""
_ASK_SECONDS = 5
_ANSWER_SECONDS = 10.0
"""Limit of an answer of Redis's, as a whole."""


class LockTimeoutError(Exception):
    """Somebody else holds the lock for longer than its lease."""


@contextmanager
def load_balancer_lock(
    client: redis.Redis, folder: Path, *, purpose: str, say: Callable[[str], None] = print
) -> Iterator[None]:
    """Hold the lock while the list of addresses is edited and applied.

    Args:
        client: the base's Redis.
        folder: install folder of the base services.
        purpose: what for; shown to whoever waits.
        say: takes progress lines.

    Raises:
        LockTimeoutError: the lock isn't free within two leases.
    """
    owner = f"{purpose} ({socket.gethostname()}, process {os.getpid()}, {time.time_ns()})"
    # Asked in a thread, as answers have a limit: the token isn't to be that thread's own.
    lock = client.lock(LOCK_NAME, timeout=LEASE_SECONDS, sleep=0.2, thread_local=False)
    deadline = time.monotonic() + 2 * LEASE_SECONDS
    while not _acquired(lock, owner):
        holder = _holder(client)
        if time.monotonic() > deadline:
            raise LockTimeoutError(f"the load balancer's list is locked by {holder}")
        say(f"waiting for the load balancer's list, which is locked by {holder}")
    try:
        with (folder / ".env.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    finally:
        try:
            within(_ANSWER_SECONDS, lock.release)
        except (LockError, RedisError, LateError):
            say("the lock's lease ended before the edit did; the list is checked afterwards")


def _acquired(lock: Lock, owner: str) -> bool:
    try:
        return bool(
            within(
                _ASK_SECONDS + _ANSWER_SECONDS,
                lambda: lock.acquire(blocking_timeout=_ASK_SECONDS, token=owner),
            )
        )
    except LateError:
        return False
    except RedisError:
        time.sleep(_ASK_SECONDS)
        return False


def _holder(client: redis.Redis) -> str:
    try:
        holder = within(_ANSWER_SECONDS, lambda: client.get(LOCK_NAME))
    except (RedisError, LateError) as error:
        return f"nobody, but Redis on the base doesn't answer: {error}"
    return holder.decode(errors="replace") if isinstance(holder, bytes) else "nobody"
