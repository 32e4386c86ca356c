"""What each certificate type needs, and a domain's record. Pure."""

from __future__ import annotations

from components import certificates
from components.settings.choices import OWNCERT
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings
from components.settings.values import ip_address


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What the chosen type lacks."""
    domain = settings.domain_or_public_ip
    mistakes = []
    if settings.certificate_type == "letsencrypt":
        if domain is None or ip_address(domain):
            problem = f"must be a domain name for letsencrypt, got {domain or 'none'}"
            command = set_command("domainOrPublicIp", "openvidu.example.io")
            mistakes.append(Mistake("domainOrPublicIp", problem, command))
        if settings.letsencrypt_email is None:
            command = set_command("letsencryptEmail", "openvidu@example.io")
            mistakes.append(
                Mistake("letsencryptEmail", "is missing; letsencrypt needs it", command)
            )
    if settings.certificate_type == OWNCERT:
        own, private = settings.own_certificate, settings.own_private_key
        mistakes.extend(certificates.mistakes(own, private, domain))
    return mistakes


def hosted_zone(settings: Settings) -> list[Mistake]:
    """A record needs a name to point."""
    domain = settings.domain_or_public_ip
    if settings.hosted_zone_id and (domain is None or ip_address(domain)):
        command = set_command("domainOrPublicIp", "openvidu.example.io")
        return [Mistake("domainOrPublicIp", "hostedZoneId needs a domain name", command)]
    return []
