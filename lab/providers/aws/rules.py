"""Rules for single values: what AWS would refuse, refused before anything is created."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from typing import Any, Final

from lab.providers.aws.schema import Rule

# Source: EC2 API reference, AuthorizeSecurityGroupIngress, IpRange.Description.
_DESCRIPTION: Final = re.compile(r"^[A-Za-z0-9. _\-:/()#,@\[\]+=&;{}!$*]*$")
_DESCRIPTION_LIMIT: Final = 255
# Source: EC2 user guide, "Create a key pair": RSA and ED25519 in OpenSSH format can be imported.
_KEY_TYPES: Final = ("ssh-rsa", "ssh-ed25519")
_USER_DATA_LIMIT: Final = 16384


def one_of(*choices: str) -> Rule:
    """The value is one of the choices."""

    def rule(value: Any) -> str | None:
        return None if value in choices else f"expected {' or '.join(choices)}, got {value!r}"

    return rule


def between(low: int, high: int) -> Rule:
    """The value lies in the range, ends included."""

    def rule(value: Any) -> str | None:
        return None if low <= value <= high else f"expected {low} to {high}, got {value}"

    return rule


def identifier(prefix: str) -> Rule:
    """The value is an id of AWS, such as `subnet-0123456789abcdef0`."""
    pattern = re.compile(rf"^{prefix}-[0-9a-z]+$")

    def rule(value: Any) -> str | None:
        return None if pattern.match(value) else f"expected an id {prefix}-…, got {value!r}"

    return rule


def matches(pattern: str, expected: str) -> Rule:
    """The whole value matches a regular expression, which `expected` says in words."""
    compiled = re.compile(pattern)

    def rule(value: Any) -> str | None:
        return None if compiled.fullmatch(value) else f"expected {expected}, got {value!r}"

    return rule


def characters(low: int, high: int) -> Rule:
    """The value has so many characters, ends included."""

    def rule(value: Any) -> str | None:
        size = len(value)
        return None if low <= size <= high else f"expected {low} to {high} characters, got {size}"

    return rule


def at_most(limit: int) -> Rule:
    """The value is a list of no more items."""

    def rule(value: Any) -> str | None:
        return None if len(value) <= limit else f"expected at most {limit}, got {len(value)}"

    return rule


ARN: Final = matches(
    r"arn:[^:]*:[^:]+:[^:]*:[^:]*:.+", "an ARN such as arn:aws:iam::123456789012:role/a"
)


def ipv4_address(value: Any) -> str | None:
    """The value is an IPv4 address."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return f"expected an IPv4 address such as 10.5.0.6, got {value!r}"
    return None


def ipv4_network(value: Any) -> str | None:
    """The value is an IPv4 network whose host bits are zero."""
    return _network(value, ipaddress.IPv4Network, "an IPv4 network such as 10.5.0.0/24")


def ipv6_network(value: Any) -> str | None:
    """The value is an IPv6 network whose host bits are zero."""
    return _network(value, ipaddress.IPv6Network, "an IPv6 network such as 2001:db8::/64")


def _network(
    value: Any, form: type[ipaddress.IPv4Network] | type[ipaddress.IPv6Network], expected: str
) -> str | None:
    if "/" not in value:
        return f"expected {expected}, got {value!r}"
    try:
        form(value)
    except ValueError as error:
        return f"expected {expected}, got {value!r}: {error}"
    return None


def security_group_text(value: Any) -> str | None:
    """The value may be the description of a security group or of its rule."""
    if len(value) > _DESCRIPTION_LIMIT:
        return f"expected at most {_DESCRIPTION_LIMIT} characters, got {len(value)}"
    if not _DESCRIPTION.match(value):
        return f"expected letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$*, got {value!r}"
    return None


def security_group_name(value: Any) -> str | None:
    """The value may name a security group."""
    if value.startswith("sg-"):
        return f"must not begin with sg-, got {value!r}"
    return security_group_text(value)


def public_key(value: Any) -> str | None:
    """The value is a public key that EC2 imports."""
    kind, _, rest = value.strip().partition(" ")
    if kind not in _KEY_TYPES:
        return f"expected a public key {' or '.join(_KEY_TYPES)}, got one that begins {kind[:24]!r}"
    try:
        base64.b64decode(rest.split(" ")[0], validate=True)
    except binascii.Error:
        return "expected an OpenSSH public key; its second word is not base64"
    return None


def user_data(value: Any) -> str | None:
    """The value fits into an instance's user data."""
    size = len(value.encode())
    if size > _USER_DATA_LIMIT:
        return f"expected at most {_USER_DATA_LIMIT} bytes, got {size}"
    return None


def base64_text(value: Any) -> str | None:
    """The value is base64."""
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return "expected base64"
    return None


def not_empty(value: Any) -> str | None:
    """The value has at least one character."""
    return None if value else "must not be empty"


def tags(value: Any) -> str | None:
    """The map can be a resource's tags.

    Source: EC2 user guide, "Tag restrictions".
    """
    for key, text in value.items():
        if key.lower().startswith("aws:"):
            return f"tag {key!r}: keys that begin with aws: are reserved"
        if not 1 <= len(key) <= 128:
            return f"tag {key!r}: expected a key of 1 to 128 characters, got {len(key)}"
        if isinstance(text, str) and len(text) > 256:
            return f"tag {key!r}: expected at most 256 characters, got {len(text)}"
    return None
