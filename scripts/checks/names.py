"""What users come in by: the domain's name, and the certificate that is shown under it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

from components.settings.choices import EXISTING
from openvidu import ports
from scripts.checks.dns import addresses, is_asked, taken_here
from scripts.checks.finding import Finding, Result
from scripts.cluster_status import SOON

_SECONDS = 5.0
SELFSIGNED = "selfsigned"


def domain(
    config: Mapping[str, str],
    outputs: Mapping[str, Any],
    resolve: Callable[[str], set[str]] = addresses,
) -> list[Finding]:
    """Whether the domain leads to the deployment, and nowhere else.

    Args:
        config: the stack's configuration by key without namespace.
        outputs: the stack's; empty before the first update.
        resolve: gives all addresses of a name.
    """
    name = config.get("domainOrPublicIp") or ""
    if not name or _is_address(name):
        return [Finding("DNS", name or "domain", Result.SKIPPED, "users connect to an address")]
    balancer = outputs.get("loadBalancerDnsName")
    main = outputs.get("basePublicIp") or outputs.get("masterPublicIp")
    wanted = resolve(str(balancer)) if balancer else {str(main)} if main else set()
    found = resolve(name)
    said = f"leads to {', '.join(sorted(found)) or 'nothing'}"
    if not wanted:
        # Nobody knows yet where it has to lead.
        return [Finding("DNS", name, Result.SKIPPED, f"{said}; nothing is deployed yet")]
    if found & wanted:
        # A load balancer's addresses come and go: a name shows some of them.
        others = set() if balancer else found - wanted
        return [_other_addresses(config, name, others, said)]
    place = str(balancer or main)
    kind = "a CNAME or alias" if balancer else "an A record"
    problem = f"{said}, must lead to {place}"
    following = f"point {name} to {place} with {kind}, or: pulumi config set hostedZoneId ZONE"
    if not is_asked(name):
        # No server has said it: it may be a file's word.
        following = f"remove {name} from /etc/hosts, if it's there; else {following}"
    return [Finding("DNS", name, Result.FAILED, problem, following)]


def here(
    name: str,
    resolve: Callable[[str], set[str]] = addresses,
    take: Callable[[str], set[str]] = taken_here,
) -> list[Finding]:
    """Whether this computer alone is led elsewhere by a name, as by a line in /etc/hosts.

    Args:
        name: users come in by it.
        resolve: gives all addresses of a name in DNS.
        take: gives those that programs here take for it.
    """
    world, taken = resolve(name), take(name)
    if not world or not taken or world & taken:
        return []
    problem = f"leads to {', '.join(sorted(taken))} here, and to {', '.join(sorted(world))} in DNS"
    following = f"remove {name} from this computer's /etc/hosts, or look who else answers for it"
    return [Finding("DNS", name, Result.FAILED, problem, following)]


def _other_addresses(config: Mapping[str, str], name: str, others: set[str], said: str) -> Finding:
    """What it means that a name leads elsewhere as well: browsers and Let's Encrypt take any."""
    if not others:
        return Finding("DNS", name, Result.OK, said)
    records = ", ".join(
        f"{'AAAA' if ':' in address else 'A'} record {address}" for address in sorted(others)
    )
    problem = f"{said}; isn't the deployment's, or unknown to it: {records}"
    following = f"remove from DNS what doesn't lead to the deployment: {records}"
    # A machine that exists may have an address of IPv6, which its owner knows.
    may_be_own = config.get("machines") == EXISTING and all(":" in address for address in others)
    needed = config.get("certificateType") == "letsencrypt" and not may_be_own
    return Finding("DNS", name, Result.FAILED if needed else Result.WARNING, problem, following)


def certificate(config: Mapping[str, str], outputs: Mapping[str, Any]) -> list[Finding]:
    """Whether browsers take the certificate that is shown to users."""
    place = _place(outputs)
    if place is None:
        return []
    where = f"{place.host}:{place.port}"
    try:
        shown = _shown(place)
    except OSError as error:
        problem = f"none is shown: {error}"
        return [Finding("certificate", where, Result.FAILED, problem, _log(outputs))]
    return [
        judged(
            where,
            shown.not_valid_after_utc - datetime.now(UTC),
            _distrust(place),
            config.get("certificateType") or SELFSIGNED,
        )
    ]


def _log(outputs: Mapping[str, Any]) -> str:
    """What says why no certificate is shown."""
    if "loadBalancerDnsName" in outputs:
        return "pulumi up --refresh, which puts back the load balancer's listeners"
    machine = "master" if "masterPublicIp" in outputs else "base"
    return f"uv run openvidu-enterprise logs {machine} --tail 50"


def expiry(outputs: Mapping[str, Any]) -> datetime | None:
    """When the certificate that users are shown expires; None where none is shown."""
    place = _place(outputs)
    if place is None:
        return None
    try:
        return _shown(place).not_valid_after_utc
    except OSError:
        return None


def judged(where: str, left: timedelta, distrust: str | None, kind: str) -> Finding:
    """What to say of a certificate.

    Args:
        where: host and port that show it.
        left: until it expires.
        distrust: why it isn't trusted here; None where it is.
        kind: `certificateType`.
    """
    runbook = f"docs/runbook.md, 'A certificate expires', {kind}"
    if left <= timedelta():
        said = f"it expired {-left.days} days ago"
        return Finding("certificate", where, Result.FAILED, said, runbook)
    days = f"valid for {left.days} days"
    if left < SOON:
        return Finding("certificate", where, Result.WARNING, days, runbook)
    if distrust and kind == SELFSIGNED:
        said = f"{days}; self-signed: browsers warn of it"
        return Finding("certificate", where, Result.WARNING, said)
    if distrust:
        said = f"{days}; not trusted on this machine: {distrust}"
        return Finding("certificate", where, Result.WARNING, said)
    return Finding("certificate", where, Result.OK, days)


class _Place(NamedTuple):
    """Where users come in: an address, as `socket` takes it."""

    host: str
    port: int


def _place(outputs: Mapping[str, Any]) -> _Place | None:
    """Where users come in; None before the first update."""
    url = urlsplit(str(outputs.get("inspectorUrl") or ""))
    return _Place(url.hostname, url.port or ports.HTTPS) if url.hostname else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _shown(place: _Place) -> x509.Certificate:
    """The certificate that is shown, trusted or not."""
    context = ssl.create_default_context()
    # Whether it's trusted is asked apart: a self-signed one expires, too.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(place, _SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=place.host) as encrypted,
    ):
        shown = encrypted.getpeercert(binary_form=True)
    if not shown:
        raise OSError("no certificate was sent")
    return x509.load_der_x509_certificate(shown)


def _distrust(place: _Place) -> str | None:
    """Why a browser with this machine's authorities wouldn't take it."""
    try:
        with (
            socket.create_connection(place, _SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=place.host),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    except OSError as error:
        return str(error)
