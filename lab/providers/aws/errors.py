"""Errors of AWS in words that name the resource and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from lab.providers.base import ProviderError

_ADVICE: Final = {
    "InsufficientInstanceCapacity": (
        "AWS has no machine of this type to spare in this zone; run the update again later, "
        "or choose another instance type"
    ),
    "InstanceLimitExceeded": "ask for a higher quota, or choose fewer or smaller instances",
    "VcpuLimitExceeded": "ask for a higher quota, or choose fewer or smaller instances",
    "AddressLimitExceeded": "release Elastic IPs that are not used, or ask for a higher quota",
    "RequestLimitExceeded": (
        "AWS throttled every attempt; run the update again, with a smaller --parallel"
    ),
    "UnauthorizedOperation": "give the account that deploys the right to do this",
    "AuthFailure": "check the credentials: aws:accessKey and aws:secretKey, or AWS_PROFILE",
    "ExpiredToken": "the credentials have expired: get new ones",
}


_GONE: Final = ("NotFound", "NotFoundFault", "NotFoundException")


class WaitError(ProviderError):
    """A wait ended without what was waited for."""


class AwsError(ProviderError):
    """AWS refused, or could not be reached."""


def code_of(error: ClientError) -> str:
    """The error code in AWS's answer."""
    return str(error.response.get("Error", {}).get("Code", "unknown error"))


def is_gone(error: ClientError) -> bool:
    """Tell whether AWS answered that there is no such thing."""
    code = code_of(error)
    return code.endswith(_GONE) or code.startswith("NoSuch") or code == "404"


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let pass the answer that there is no such thing."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


@contextmanager
def in_words(doing: str, noun: str, name: str) -> Iterator[None]:
    """Turn botocore's errors, and failed waits, into errors that say what was being done.

    Args:
        doing: Such as `creating`.
        noun: Such as `EC2 instance`.
        name: The resource's name in the program.

    Raises:
        AwsError: Instead of botocore's.
    """
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        message = error.response.get("Error", {}).get("Message", "")
        attempts = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
        tried = f" (after {attempts + 1} attempts)" if attempts else ""
        advice = f"\n{_ADVICE[code]}" if code in _ADVICE else ""
        raise AwsError(f"{doing} {noun} {name}: {code}: {message}{tried}{advice}") from error
    except BotoCoreError as error:
        raise AwsError(f"{doing} {noun} {name}: {error}") from error
    except WaitError as error:
        raise WaitError(f"{doing} {noun} {name}: {error}") from error
