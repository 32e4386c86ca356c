"""The certificate of AWS's load balancer: made by ACM for the domain, or your own, imported."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.certificates import chain
from components.managed.site import Site
from components.settings.choices import OWNCERT

_VALIDATION_SECONDS = 60


def certificate(site: Site) -> pulumi.Output[str]:
    """Register the certificate; returns its ARN, once it can be used."""
    if site.settings.certificate_type == OWNCERT:
        return _imported(site)
    return _issued(site)


def _imported(site: Site) -> pulumi.Output[str]:
    found = chain(site.settings.own_certificate or "")
    made = aws.acm.Certificate(
        "certificate",
        certificate_body=found.own,
        certificate_chain=found.others or None,
        private_key=pulumi.Output.secret(site.settings.own_private_key),
        tags=site.named("certificate"),
        opts=site.child,
    )
    return made.arn


def _issued(site: Site) -> pulumi.Output[str]:
    """Source: ACM, "DNS validation": it's renewed for as long as the record is there."""
    settings = site.settings
    requested = aws.acm.Certificate(
        "certificate",
        domain_name=settings.domain_or_public_ip,
        validation_method="DNS",
        tags=site.named("certificate"),
        opts=site.child,
    )
    proof = requested.domain_validation_options[0]
    record = aws.route53.Record(
        "certificate-record",
        zone_id=settings.hosted_zone_id or "",
        name=proof.resource_record_name,
        type=proof.resource_record_type,
        ttl=_VALIDATION_SECONDS,
        records=[proof.resource_record_value],
        # Another stack of the same domain has the same proof.
        allow_overwrite=True,
        opts=site.child,
    )
    valid = aws.acm.CertificateValidation(
        "certificate-valid",
        certificate_arn=requested.arn,
        validation_record_fqdns=[record.fqdn],
        opts=site.child,
    )
    return valid.certificate_arn
