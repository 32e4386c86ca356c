"""Typed configuration values: text becomes a type once, and nobody checks again.

Each function takes the text as `pulumi config` holds it and returns the value, or raises
`ValueError` with what it takes. Messages never repeat the text: it may be a secret.
"""

from __future__ import annotations

import ipaddress
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from openvidu import environment, ports, release, webhooks

_DURATION = re.compile("".join(rf"(?:([0-9]{{1,7}}(?:\.[0-9]{{1,3}})?){unit})?" for unit in "dhms"))
_DOMAIN_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
_EMAIL = re.compile(r"[a-zA-Z0-9._%+-]+@([a-zA-Z0-9.-]+)")
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_USER = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_.@\\-]{0,126}[A-Za-z0-9_.-])?")
"""Source: OpenSSH, ssh.c, valid_ruser: no shell's characters, and no backslash at the end."""
_HEADER = re.compile(r"[A-Za-z0-9_.-]+: ?[ -!%-+\--<>-\[\]-_a-~=]+(?<! )")
_TURN_SERVER = re.compile(r"turns?:([A-Za-z0-9.-]+):([0-9]{1,5})(?:\?transport=(?:udp|tcp))?")
_TURN_SECRET = re.compile(r"[A-Za-z0-9._+/:=~-]+")
_PROXY = re.compile(
    r"https?://(?:[\w.~%!*()+;&-]+:[\w.~%!*()+;&-]+@)?([\w.-]+)(?::([0-9]{1,5}))?", re.A
)
_REGISTRY = re.compile(r"([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")
_PLACEHOLDERS: Final = frozenset(
    {
        "openvidu_secret",
        "redis_secret",
        "minio_secret",
        "elastic_secret",
        "your_openvidu_pro_license",
        "changeme",
        "change_me",
    }
)
_NO_KEY: Final = (ValueError, TypeError, UnsupportedAlgorithm)
"""What cryptography raises for no key at all, one with a passphrase, and one of another kind."""
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_LONGEST_LINE: Final = 76
"""Source: RFC 1421, 4.3.2.4 says 64; OpenSSH writes 70, Python's cryptography 76."""
_SHORTEST_RSA: Final = 2048
_RSA_OF_EC2: Final = range(1024, 4097)
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_SERVED: Final = (
    "a key that nginx and browsers accept: RSA of 2048 bits or more, or EC P-256 to P-521"
)
"""Source: CA/Browser Forum, Baseline Requirements, 6.1.5."""
LONGEST_DOMAIN = 253
PRIVATE_NETWORKS: Final = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
"""Source: RFC 1918."""
_PRIVATE: Final = "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 as `sha256sum` prints it."""
    return bool(re.fullmatch(r"[0-9a-f]{64}", text))


def ip_address(text: str) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a text is; None for another text, such as a name."""
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def may_be_a_machine(address: ipaddress.IPv4Address) -> bool:
    """Whether an address can be one machine's, and not every machine's own."""
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_reserved
        or address.is_link_local
    )


def private_network(address: ipaddress.IPv4Address) -> ipaddress.IPv4Network | None:
    """Which private network an address is of; None for a public one."""
    return next((block for block in PRIVATE_NETWORKS if address in block), None)


def whole_number(text: str) -> int:
    """A whole number without spaces, sign or leading zeros, as in `3`."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise ValueError("a whole number")
    return int(text)


def count(text: str) -> int:
    """A whole number of 1 or more."""
    if not (number := whole_number(text)):
        raise ValueError("a whole number of 1 or more")
    return number


def boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def duration(text: str) -> timedelta:
    """A length of time such as `1d`, `6h`, `1.5h`, `1h30m` or `45s`; a second at least."""
    found = _DURATION.fullmatch(text)
    days, hours, minutes, seconds = (
        float(part or 0) for part in (found.groups() if found else 4 * (0,))
    )
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(seconds=1) <= length <= timedelta(days=30):
        raise ValueError("a duration with the units d, h, m or s, of up to 30 days")
    return length


def as_duration(length: timedelta) -> str:
    """A length of time, in whole seconds, as `duration` takes it."""
    seconds = int(length.total_seconds())
    parts = (("h", seconds // 3600), ("m", seconds // 60 % 60), ("s", seconds % 60))
    return "".join(f"{number}{unit}" for unit, number in parts if number)


def version(text: str) -> str:
    """A version of OpenVidu Enterprise HA, 2.28.0 or later, or `latest`."""
    if text != release.LATEST and not release.VERSION_PATTERN.fullmatch(text):
        raise ValueError("a version of three numbers, 2.28.0 or later, or latest")
    return text


def version_meant(text: str) -> str:
    """The version that `2.31` or `v2.31.0` stands for."""
    numbers = text.removeprefix("v")
    return f"{numbers}.0" if numbers.count(".") == 1 else numbers


def subnet(text: str) -> ipaddress.IPv4Network:
    """The cluster's network: a private one. What sizes AWS takes is asked where it's AWS's."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise ValueError("an IPv4 network in CIDR form without host bits") from None
    if not any(network.subnet_of(block) for block in PRIVATE_NETWORKS):
        raise ValueError(f"a private network, within {_PRIVATE}")
    return network


def cidr(text: str) -> str:
    """An IPv4 or IPv6 network in CIDR form without host bits."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError("an IPv4 or IPv6 network in CIDR form") from None


def private_ip(text: str) -> str:
    """A private IPv4 address."""
    address = ip_address(text)
    if address is None or private_network(address) is None:
        raise ValueError(f"a private IPv4 address, within {_PRIVATE}")
    return str(address)


def domain_or_ip(text: str) -> str:
    """A fully qualified domain name, or a public IPv4 address."""
    address = ip_address(text)
    if address is None:
        return domain(text)
    if not may_be_a_machine(address):
        raise ValueError("a domain name, or the address of a machine")
    return text


def domain(text: str) -> str:
    """A fully qualified domain name without wildcard, of up to 253 characters."""
    if not text.isascii():
        raise ValueError("a domain name in ASCII, with other letters in their xn-- form")
    if "_" in text:
        raise ValueError("a domain name without underscores, as no certificate can have one")
    labels = text.split(".")
    fits = len(text) <= LONGEST_DOMAIN and len(labels) >= 2 and not labels[-1].isdigit()
    if not fits or not all(_DOMAIN_LABEL.fullmatch(label) for label in labels):
        raise ValueError("a domain name of up to 253 characters without wildcard")
    return text


def email(text: str) -> str:
    """An e-mail address."""
    found = _EMAIL.fullmatch(text)
    if not found:
        raise ValueError("an e-mail address")
    domain(found.group(1))
    return text


def secret(text: str) -> str:
    """A secret of letters, digits, `-` and `_` that isn't a placeholder of the documentation."""
    if not environment.SECRET_PATTERN.fullmatch(text):
        raise ValueError("letters, digits, - and _ only, not empty")
    if text.lower() in _PLACEHOLDERS:
        raise ValueError("a value of your own, not a placeholder")
    return text


def elasticsearch_password(text: str) -> str:
    """A secret of at least 7 characters."""
    if len(secret(text)) < environment.ELASTICSEARCH_PASSWORD_LENGTH:
        raise ValueError("at least 7 characters long")
    return text


def s3_secret_key(text: str) -> str:
    """A secret of at least 8 characters, as MinIO wants; AWS's own have `/` and `+` too."""
    secret(re.sub("[/+]", "-", text))
    if len(text) < environment.MINIO_SECRET_KEY_LENGTH:
        raise ValueError("at least 8 characters long")
    return text


def name(text: str) -> str:
    """A user name or access key: letters, digits, `.`, `-` and `_`."""
    if not _NAME.fullmatch(text):
        raise ValueError("letters, digits, . - and _ only, not empty")
    return text


def email_or_name(text: str) -> str:
    """A user of a registry: a name, or an e-mail address."""
    try:
        return email(text) if "@" in text else name(text)
    except ValueError:
        raise ValueError("letters, digits, . - and _ only, or an e-mail address") from None


def access_key(text: str) -> str:
    """An S3 access key: a name of at least 3 characters, as MinIO wants."""
    if len(name(text)) < 3:
        raise ValueError("at least 3 characters long")
    return text


def header(text: str) -> str:
    """An HTTP header: `Name: value`, without quotes, commas and what `.env` has no way to hold."""
    if not _HEADER.fullmatch(text):
        raise ValueError("an HTTP header such as Authorization: Basic dXNlcjpwYXNz")
    return text


def webhook_event(text: str) -> str:
    """The name of an event; one that OpenVidu doesn't know would be stored, and never sent."""
    if text not in webhooks.EVENTS:
        near = webhooks.meant(text)
        hint = f"did you mean {near}?" if near else f"one of {', '.join(webhooks.EVENTS)}"
        raise ValueError(f"one of OpenVidu's events: {hint}")
    return text


def turn_server(text: str) -> str:
    """Address of a TURN server, `turn:host:port` or `turns:host:port`."""
    found = _TURN_SERVER.fullmatch(text)
    try:
        domain_or_ip(found[1] if found else "")
        port(found[2] if found else "")
    except ValueError:
        raise ValueError("turn: or turns: with a host and a port from 1 to 65535") from None
    return text


def turn_secret(text: str) -> str:
    """What logs in to a TURN server: without spaces, quotes, commas and `.env`'s own characters."""
    if not _TURN_SECRET.fullmatch(text):
        raise ValueError("letters, digits and . - _ + / : = ~ only, not empty")
    return text


def bucket(text: str) -> str:
    """The name of an S3 bucket: 3 to 63 lowercase letters, digits, `.` and `-`, and no IP address.

    Source: Amazon S3, "General purpose bucket naming rules".
    """
    if not _BUCKET.fullmatch(text) or ip_address(text):
        raise ValueError("3 to 63 lowercase letters, digits, . and -, but not an IP address")
    return text


def port(text: str) -> int:
    """A TCP port, 1 to 65535."""
    number = whole_number(text)
    if not 1 <= number <= 65535:
        raise ValueError("a port from 1 to 65535")
    return number


def instance_type(text: str) -> str:
    """The name of an EC2 instance type; whether AWS has it is asked later."""
    if not _INSTANCE_TYPE.fullmatch(text):
        raise ValueError("an EC2 instance type")
    return text


def cache_type(text: str) -> str:
    """The name of an ElastiCache node type."""
    if not (text.startswith("cache.") and _INSTANCE_TYPE.fullmatch(text.removeprefix("cache."))):
        raise ValueError("an ElastiCache node type such as cache.t3.medium")
    return text


def search_type(text: str) -> str:
    """The name of an instance type of OpenSearch Service."""
    if not (text.endswith(".search") and _INSTANCE_TYPE.fullmatch(text.removesuffix(".search"))):
        raise ValueError("an instance type of OpenSearch Service such as m5.large.search")
    return text


@dataclass(frozen=True)
class HostAndPort:
    """Where a service answers."""

    host: str
    port: int


def host_and_port(text: str) -> HostAndPort:
    """`host` or `host:port`, a name or an IPv4 address; the port is Redis's own by default."""
    host, _, number = text.partition(":")
    try:
        return HostAndPort(domain_or_ip(host), port(number) if number else ports.REDIS)
    except ValueError:
        raise ValueError("a host, or a host and its port such as redis.example.io:6379") from None


def _require_place(found: re.Match[str] | None, host: Callable[[str], object]) -> None:
    """Have a pattern's first group be a host, and its second, where there is one, a port."""
    host(found[1] if found else "")
    if found and found[2]:
        port(found[2])


def proxy(text: str) -> str:
    """A proxy's address, with or without a login; without path, as curl, apt and Docker take it."""
    address = text.removesuffix("/")
    try:
        _require_place(_PROXY.fullmatch(address), _host_of_network)
    except ValueError:
        raise ValueError(
            "http:// or https://, a host and a port, with USER:PASSWORD@ before it if it "
            "needs a login, %-encoded"
        ) from None
    return address


def straight(text: str) -> str:
    """Who is asked without a proxy: a host, a domain after a dot, an address, a network."""
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else _straight(text)
    except ValueError:
        raise ValueError("a host, .DOMAIN, an address or a network in CIDR form") from None


def _straight(text: str) -> str:
    _host_of_network(text.removeprefix("."))
    return text


def folder_url(text: str) -> str:
    """The address of a folder, over HTTPS, without what ends it."""
    address = text.rstrip("/")
    if not re.fullmatch(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~%/-]*)?", address):
        raise ValueError("the URL of a folder that begins with https://")
    return address


def registry(text: str) -> str:
    """A mirror of Docker Hub, `https://…`, or the name of a registry to log in at."""
    address = text.removesuffix("/")
    try:
        _require_place(_REGISTRY.fullmatch(address.removeprefix("https://")), domain_or_ip)
    except ValueError:
        raise ValueError(
            "https:// and the host of a mirror of Docker Hub, or a registry to log in "
            "to, such as docker.io"
        ) from None
    return address


def login_password(text: str) -> str:
    """A password on one line."""
    if not text.strip() or not text.isprintable():
        raise ValueError("a password on one line, not empty")
    return text


def ssh_host(text: str) -> str:
    """A host's address, or a name that is resolved here: it may be short, or have underscores."""
    try:
        _host_of_network(text.replace("_", "u"))
        return domain_or_ip(text) if ip_address(text) else text
    except ValueError:
        raise ValueError("the name or the address of a host") from None


def _host_of_network(text: str) -> None:
    """Refuse what is no host: within a network a name may be short."""
    if ip_address(text) is None and not all(
        _DOMAIN_LABEL.fullmatch(label) for label in text.split(".")
    ):
        raise ValueError


def volume_size(text: str) -> int:
    """GiB of a root volume: 30 to 16384."""
    size = whole_number(text)
    if not 30 <= size <= 16384:
        raise ValueError("30 to 16384 GiB")
    return size


def unix_user(text: str) -> str:
    r"""The name of a user for SSH: `ubuntu`, or of a directory, `ops@example.io`, `corp\ops`."""
    if not _USER.fullmatch(text):
        raise ValueError("the name of a user for SSH")
    return text


def ssh_public_key(text: str) -> str:
    """An OpenSSH public key on one line."""
    try:
        serialization.load_ssh_public_key(text.strip().encode())
    except _NO_KEY:
        raise ValueError("an OpenSSH public key") from None
    return text.strip()


def is_key_of_ec2(text: str) -> bool:
    """Whether EC2 imports a public key.

    Source: EC2 API, ImportKeyPair: ED25519 or RSA; EC2 guide, "Create a key pair": 1024 to 4096
    bits.
    """
    key = serialization.load_ssh_public_key(text.encode())
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in _RSA_OF_EC2
    return isinstance(key, ed25519.Ed25519PublicKey)


def ssh_private_key(text: str) -> str:
    """An OpenSSH private key without passphrase, in the form that ssh-add takes.

    Its lines are kept, as a key that was written anew would be another text each time.
    """
    block = _PRIVATE_KEY.search(text)
    try:
        if block is None:
            raise ValueError
        head, tail = f"-----BEGIN {block[1]}-----", f"-----END {block[1]}-----"
        lines = block[0].removeprefix(head).removesuffix(tail).split()
        if any(len(line) > _LONGEST_LINE for line in lines):
            lines = textwrap.wrap("".join(lines), _LONGEST_LINE)
        written = "\n".join([head, *lines, tail, ""])
        serialization.load_ssh_private_key(written.encode(), password=None)
    except _NO_KEY:
        raise ValueError("an OpenSSH private key without passphrase") from None
    return written


def writable(text: str) -> str:
    """Text that `.env` can hold: printable ASCII without `= # $` back-tick and backslash."""
    if not text or not environment.is_writable(text):
        raise ValueError("printable ASCII without = # $ ` and backslash, not empty")
    return text


def license_key(text: str) -> str:
    """A license of an OpenVidu account."""
    if writable(text).strip("<>").lower() in _PLACEHOLDERS:
        raise ValueError("the license of your OpenVidu account, not a placeholder")
    return text


def http_url(text: str) -> str:
    """An `http://` or `https://` address that `.env` can hold."""
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", writable(text)):
        raise ValueError("a URL that begins with http:// or https://")
    return text


def webhook_url(text: str) -> str:
    """An `http://` or `https://` address, which may have a query."""
    http_url(text.replace("=", ""))
    return text


def certificate(text: str) -> str:
    """One or more PEM certificates, the server's own first; written anew, one after the other.

    nginx wants each line of a chain by itself; who glues files together may have it otherwise.
    """
    if holds_private_key(text):
        raise ValueError("certificates only, as the private key belongs in ownPrivateKey")
    try:
        chain = x509.load_pem_x509_certificates(text.encode())
        key = chain[0].public_key()
    except _NO_KEY:
        raise ValueError("a certificate in PEM form") from None
    if not _is_served(key):
        raise ValueError(f"a certificate for {_SERVED}")
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in chain)


def private_key(text: str) -> str:
    """A PEM private key without passphrase, of a kind that browsers know; written anew."""
    # openssl puts parameters of the curve before the key, and others a certificate.
    block = _PRIVATE_KEY.search(text)
    try:
        key = serialization.load_pem_private_key(block[0].encode() if block else b"", None)
    except _NO_KEY:
        raise ValueError("a private key in PEM form without passphrase") from None
    if not _is_served(key.public_key()):
        raise ValueError(_SERVED)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def holds_private_key(text: str) -> bool:
    """Whether a text has a private key in it, which no message may show."""
    return "PRIVATE KEY" in text


def _is_served(key: PublicKeyTypes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _SHORTEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES
