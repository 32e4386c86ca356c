"""aws:acm/certificate:Certificate: issued for a domain, or imported; and the wait until it's valid.

Source: terraform-provider-aws 6, aws_acm_certificate and aws_acm_certificate_validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine, is_gone
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, Located, ResourceType, update
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.rules import matches, one_of
from lab.providers.aws.schema import Failure, State
from lab.providers.aws.tags import tag_list, tag_map
from lab.providers.base import ProviderError

_SECONDS: Final = 75 * MINUTE
_PROOF_SECONDS: Final = 5 * MINUTE


def _create(call: Call, inputs: State) -> str:
    tags = given(Tags=tag_list(inputs.get("tagsAll") or {}))
    if inputs.get("privateKey"):
        return str(
            call.client("acm").import_certificate(**_given(inputs), **tags)["CertificateArn"]
        )
    answer = call.client("acm").request_certificate(
        DomainName=inputs["domainName"], ValidationMethod=inputs["validationMethod"], **tags
    )
    return str(answer["CertificateArn"])


def _given(inputs: State) -> dict[str, Any]:
    return given(
        Certificate=inputs["certificateBody"].encode(),
        CertificateChain=(inputs.get("certificateChain") or "").encode() or None,
        PrivateKey=inputs["privateKey"].encode(),
    )


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = call.client("acm").describe_certificate(CertificateArn=identifier)
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return dict(found["Certificate"])


def _options(found: Mapping[str, Any]) -> list[State]:
    return [
        {
            "domainName": one["DomainName"],
            "resourceRecordName": one["ResourceRecord"]["Name"],
            "resourceRecordType": one["ResourceRecord"]["Type"],
            "resourceRecordValue": one["ResourceRecord"]["Value"],
        }
        for one in found.get("DomainValidationOptions") or ()
        if "ResourceRecord" in one
    ]


def _settle(call: Call, identifier: str, inputs: State) -> None:
    if not inputs.get("privateKey"):
        call.wait(
            "what proves that the domain is yours",
            lambda: _options(_find(call, identifier) or {}) or None,
            seconds=_PROOF_SECONDS,
        )


def _read(call: Call, identifier: str, state: State) -> State | None:
    found = _find(call, identifier)
    if found is None:
        return None
    tags = call.client("acm").list_tags_for_certificate(CertificateArn=identifier)["Tags"]
    return {
        "arn": identifier,
        "domainName": found["DomainName"],
        "domainValidationOptions": _options(found),
        "status": found["Status"],
        "tagsAll": tag_map(tags),
        "type": found["Type"],
        "validationMethod": _method(found),
    }


def _method(found: Mapping[str, Any]) -> str | None:
    """How ACM makes sure of the domain; nothing for a certificate of one's own."""
    options = found.get("DomainValidationOptions") or [{}]
    method: str | None = options[0].get("ValidationMethod")
    return method if found["Type"] == "AMAZON_ISSUED" else None


def _import_again(call: Call, identifier: str, change: Change) -> None:
    call.client("acm").import_certificate(CertificateArn=identifier, **_given(change.new))


def _retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    acm = call.client("acm")
    if removed := [{"Key": key} for key in sorted(set(old) - set(new))]:
        acm.remove_tags_from_certificate(CertificateArn=target, Tags=removed)
    if new:
        acm.add_tags_to_certificate(CertificateArn=target, Tags=tag_list(new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("acm").delete_certificate(CertificateArn=identifier)


def _one_kind(inputs: State) -> Iterator[Failure]:
    imported, issued = inputs.get("privateKey"), inputs.get("validationMethod")
    if bool(imported) == bool(issued):
        yield Failure("privateKey", "takes domainName and validationMethod, or an own certificate")
    elif imported and inputs.get("domainName"):
        yield Failure("domainName", "cannot be given together with privateKey")
    elif imported and not inputs.get("certificateBody"):
        yield Failure("certificateBody", "missing: privateKey needs it")
    elif issued and not inputs.get("domainName"):
        yield Failure("domainName", "missing: validationMethod needs it")


CERTIFICATE: Final = ResourceType(
    name="aws:acm/certificate:Certificate",
    noun="certificate",
    inputs={
        "domainName": fact(matches(r"|.*[^.]", "a name without a dot at its end")),
        "certificateBody": fact(normal=str.strip),
        "certificateChain": fact(normal=str.strip),
        "privateKey": fact(normal=str.strip),
        "validationMethod": fact(one_of("DNS")),
    },
    checks=(_one_kind,),
    create=_create,
    settle=_settle,
    read=_read,
    updates=(update(_import_again, "certificateBody", "certificateChain", "privateKey"),),
    delete=_delete,
    retag=_retag,
)


def _validate(call: Call, inputs: State) -> str:
    arn = inputs["certificateArn"]

    def is_issued() -> bool | None:
        return True if (_find(call, arn) or {}).get("Status") == "ISSUED" else None

    call.wait("ACM to issue the certificate", is_issued, seconds=_SECONDS)
    return str(arn)


def _refuse_import(call: Call, identifier: str) -> Located:
    """Source: pulumi-aws, aws.acm.CertificateValidation, which has no import."""
    raise ProviderError(
        f"{call.name} can't be imported: it's a wait, which leaves nothing on AWS\n"
        "leave it out: the next update sees at once that the certificate is valid"
    )


def _read_validation(call: Call, identifier: str, state: State) -> State | None:
    found = _find(call, identifier)
    return {"certificateArn": identifier} if found and found["Status"] == "ISSUED" else None


def _leave(call: Call, identifier: str, state: State) -> None:
    """There is nothing to remove: the certificate is another resource."""


CERTIFICATE_VALIDATION: Final = ResourceType(
    name="aws:acm/certificateValidation:CertificateValidation",
    noun="wait for a certificate",
    inputs=facts("certificateArn", "validationRecordFqdns"),
    create=_validate,
    locate=_refuse_import,
    read=_read_validation,
    delete=_leave,
)
