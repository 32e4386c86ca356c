"""AWS Signature Version 4, as the S3 endpoint checks it and the nodes' client makes it.

Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_TIME = "%Y%m%dT%H%M%SZ"
_ALLOWED_SKEW = timedelta(minutes=15)


class SignatureError(Exception):
    """A request that is not signed as it should be.

    Attributes:
        code: the S3 error code to answer with.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Keys:
    """What a client proves that it knows."""

    access: str
    secret: str


@dataclass(frozen=True)
class Signable:
    """The parts of a request that a signature covers.

    Attributes:
        method: `GET`, `PUT`, ...
        path: as it was sent.
        query: as it was sent.
        headers: names in lower case.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Claim:
    access: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


def authorization(request: Signable, keys: Keys, region: str) -> str:
    """The Authorization header for `request`.

    Args:
        request: has the headers `host`, `x-amz-date` and `x-amz-content-sha256`, all signed.
        keys: whose request it is.
        region: the region's name; any, for an endpoint of one's own.
    """
    signed = tuple(sorted(request.headers))
    date = request.headers["x-amz-date"][:8]
    claim = _Claim(keys.access, date, region, "s3", signed, "")
    credential = f"{keys.access}/{date}/{region}/s3/aws4_request"
    return (
        f"{ALGORITHM} Credential={credential}, SignedHeaders={';'.join(signed)}, "
        f"Signature={_signature(request, claim, keys.secret)}"
    )


def amz_date(now: datetime) -> str:
    """The value of `x-amz-date`."""
    return now.astimezone(UTC).strftime(_TIME)


def check(request: Signable, keys: Keys, now: datetime) -> None:
    """Check who sent `request`.

    Raises:
        SignatureError: no signature, another access key, a wrong signature, or a wrong clock.
    """
    claim = _claim(request.headers.get("authorization", ""))
    if not hmac.compare_digest(claim.access.encode(), keys.access.encode()):
        raise SignatureError("InvalidAccessKeyId", "The access key does not exist here.")
    try:
        sent = datetime.strptime(request.headers["x-amz-date"], _TIME).replace(tzinfo=UTC)
    except (KeyError, ValueError) as error:
        raise SignatureError("AccessDenied", "x-amz-date is missing or malformed.") from error
    if abs(now - sent) > _ALLOWED_SKEW:
        raise SignatureError("RequestTimeTooSkewed", "The clocks differ by more than 15 minutes.")
    if not hmac.compare_digest(_signature(request, claim, keys.secret), claim.signature):
        raise SignatureError("SignatureDoesNotMatch", "The signature does not match.")


def _claim(header: str) -> _Claim:
    algorithm, _, rest = header.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    scope = fields.get("Credential", "").rsplit("/", 4)
    if algorithm != ALGORITHM or len(scope) != 5 or not fields.get("SignedHeaders"):
        raise SignatureError("AccessDenied", "The request is not signed with Signature Version 4.")
    access, date, region, service, _ = scope
    signed = tuple(fields["SignedHeaders"].split(";"))
    return _Claim(access, date, region, service, signed, fields.get("Signature", ""))


def _signature(request: Signable, claim: _Claim, secret: str) -> str:
    canonical = "\n".join(
        (
            request.method,
            quote(unquote(request.path), safe="/-_.~"),
            _canonical_query(request.query),
            *(f"{name}:{_trimmed(request.headers.get(name, ''))}" for name in claim.signed),
            "",
            ";".join(claim.signed),
            request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD),
        )
    )
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((ALGORITHM, request.headers["x-amz-date"], scope, digest))
    key = _chain(
        f"AWS4{secret}".encode(), (claim.date, claim.region, claim.service, "aws4_request")
    )
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _chain(key: bytes, texts: Iterable[str]) -> bytes:
    for text in texts:
        key = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return key


def _trimmed(value: str) -> str:
    return " ".join(value.split())


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(
        f"{name}={value}"
        for name, value in sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in pairs)
    )
