"""Puts functions in the place of moto's, and raises EC2's errors."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError


def put(owner: Any, name: str, function: Any) -> Any:
    """Put a function in the place of `owner.name`.

    Returns:
        What was there, for the new function to call.

    Raises:
        AttributeError: nothing is there: this version of moto is another one than was expected.
    """
    before = getattr(owner, name)
    setattr(owner, name, function)
    return before


def error(code: str, message: str) -> EC2ClientError:
    """An error as the EC2 API gives it."""
    return EC2ClientError(code, message)
