"""What it takes to tell those on call from an operator's machine: a way out, and a login at AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.aws.provider_session import AwsSession

_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def proxies_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which endpoints are reached from here."""
    return {
        name: found
        for name in _PROXIES
        if (found := environment.get(name) or environment.get(name.upper()))
    }


def login_as(provider: Mapping[str, Any]) -> Callable[[str], Mapping[str, str]]:
    """What gives variables with which AWS is asked as who deploys asks it, in a region.

    They are made anew each time, as they expire. It raises `OSError` where there's no login.

    Args:
        provider: the provider's configuration, as `AwsSession` takes it.
    """

    def login(region: str) -> Mapping[str, str]:
        try:
            return AwsSession(provider, region).variables()
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"no login at AWS: {error}") from None

    return login
