"""aws:opensearch/domain:Domain, inside a VPC.

Source: terraform-provider-aws 6, aws_opensearch_domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine, is_gone
from lab.providers.aws.facts import Additions, fact, facts
from lab.providers.aws.resource_type import AutoName, Change, Located, ResourceType, update
from lab.providers.aws.resources.identity.policies import json_text, shown
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.rules import between, matches, one_of
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import (
    State,
)
from lab.providers.aws.tags import tag_list, tag_map

_NAME: Final = matches(
    r"[a-z][a-z0-9-]{2,27}",
    "3 to 28 lowercase letters, digits and hyphens, a letter first",
)
_TLS: Final = (
    "Policy-Min-TLS-1-0-2019-07",
    "Policy-Min-TLS-1-2-2019-07",
    "Policy-Min-TLS-1-2-PFS-2023-10",
)
_SECONDS: Final = 60 * MINUTE
_ENABLED: Final = fact(fields={"enabled": fact(replaces=False)})

_ENCRYPTED: Final = fact(fields={**facts("kmsKeyId"), "enabled": fact(replaces=False)})

# Pulumi's name of each block and of what is in it, and AWS's.
_BLOCKS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "advancedSecurityOptions": (
        "AdvancedSecurityOptions",
        {
            "enabled": "Enabled",
            "internalUserDatabaseEnabled": "InternalUserDatabaseEnabled",
            "masterUserOptions": (
                "MasterUserOptions",
                {
                    "masterUserName": "MasterUserName",
                    "masterUserPassword": "MasterUserPassword",
                },
            ),
        },
    ),
    "clusterConfig": (
        "ClusterConfig",
        {
            "instanceCount": "InstanceCount",
            "instanceType": "InstanceType",
            "zoneAwarenessConfig": (
                "ZoneAwarenessConfig",
                {"availabilityZoneCount": "AvailabilityZoneCount"},
            ),
            "zoneAwarenessEnabled": "ZoneAwarenessEnabled",
        },
    ),
    "domainEndpointOptions": (
        "DomainEndpointOptions",
        {"enforceHttps": "EnforceHTTPS", "tlsSecurityPolicy": "TLSSecurityPolicy"},
    ),
    "ebsOptions": (
        "EBSOptions",
        {"ebsEnabled": "EBSEnabled", "volumeSize": "VolumeSize", "volumeType": "VolumeType"},
    ),
    "encryptAtRest": (
        "EncryptionAtRestOptions",
        {"enabled": "Enabled", "kmsKeyId": "KmsKeyId"},
    ),
    "nodeToNodeEncryption": ("NodeToNodeEncryptionOptions", {"enabled": "Enabled"}),
    "vpcOptions": (
        "VPCOptions",
        {"securityGroupIds": "SecurityGroupIds", "subnetIds": "SubnetIds"},
    ),
}
_ONE_WAY: Final = ("advancedSecurityOptions", "encryptAtRest", "nodeToNodeEncryption")


def _theirs(values: State, names: Mapping[str, Any]) -> dict[str, Any]:
    """A block in AWS's names."""
    found: dict[str, Any] = {}
    for ours, name in names.items():
        value = values.get(ours)
        if isinstance(name, tuple):
            found[name[0]] = _theirs(value, name[1]) if value else None
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value is not None}


def _ours(values: Mapping[str, Any], names: Mapping[str, Any]) -> State:
    """A block in Pulumi's names, with what AWS tells of it."""
    found: State = {}
    for ours, name in names.items():
        if isinstance(name, tuple):
            inner = values.get(name[0])
            found[ours] = _ours(inner, name[1]) if inner else None
        else:
            found[ours] = values.get(name)
    return {name: value for name, value in found.items() if value is not None}


def _arguments(inputs: State, names: Mapping[str, Any]) -> dict[str, Any]:
    return given(AccessPolicies=inputs.get("accessPolicies"), **_theirs(inputs, names))


def _create(call: Call, inputs: State) -> str:
    answer = call.client("opensearch").create_domain(
        DomainName=inputs["domainName"],
        **given(
            EngineVersion=inputs.get("engineVersion"),
            TagList=tag_list(inputs.get("tagsAll") or {}),
        ),
        **_arguments(inputs, _BLOCKS),
    )
    return str(answer["DomainStatus"]["ARN"])


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    found = _found(call, identifier)
    return None if found and found.get("Deleted") else found


def _found(call: Call, identifier: str) -> dict[str, Any] | None:
    """The domain, also one that is going."""
    name = identifier.rpartition("/")[2]
    try:
        return dict(call.client("opensearch").describe_domain(DomainName=name)["DomainStatus"])
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def _locate(call: Call, identifier: str) -> Located | None:
    """It's imported by its name, while its id is its ARN."""
    found = None if "/" in identifier else _find(call, identifier)
    return Located(found["ARN"], {}) if found else None


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def has_endpoint() -> bool | None:
        found = _find(call, identifier) or {}
        return True if found.get("Endpoints") and not found.get("Processing") else None

    call.wait("the domain, which takes AWS 15 to 30 minutes", has_endpoint, seconds=_SECONDS)


def _read(call: Call, identifier: str, state: State) -> State | None:
    found = _find(call, identifier)
    if found is None:
        return None
    endpoint = found["Endpoints"]["vpc"]
    tags = call.client("opensearch").list_tags(ARN=identifier)["TagList"]
    return {
        **_with_untold(_ours(found, _BLOCKS), state),
        "accessPolicies": shown(found["AccessPolicies"]) if found.get("AccessPolicies") else None,
        "arn": identifier,
        "dashboardEndpoint": f"{endpoint}/_dashboards",
        "domainId": found["DomainId"],
        "domainName": found["DomainName"],
        "endpoint": endpoint,
        "engineVersion": found["EngineVersion"],
        "tagsAll": tag_map(tags),
    }


def _with_untold(told: State, known: State) -> State:
    """Add what AWS doesn't tell: who administers, and with which password."""
    security = known.get("advancedSecurityOptions") or {}
    untold = {name: security[name] for name in ("masterUserOptions",) if name in security}
    if untold and "advancedSecurityOptions" in told:
        told["advancedSecurityOptions"] |= untold
    return told


def _modify(call: Call, identifier: str, change: Change) -> None:
    names = {name: theirs for name, theirs in _BLOCKS.items() if change.differs(name)}
    call.client("opensearch").update_domain_config(
        DomainName=identifier.rpartition("/")[2], **_arguments(change.new, names)
    )
    _settle(call, identifier, change.new)


def _upgrade(call: Call, identifier: str, change: Change) -> None:
    call.client("opensearch").upgrade_domain(
        DomainName=identifier.rpartition("/")[2], TargetVersion=change.new["engineVersion"]
    )
    _settle(call, identifier, change.new)


def _forced(old: State, new: State) -> Iterator[str]:
    """What is turned on stays on, and a domain doesn't leave its VPC."""
    for name in _ONE_WAY:
        if (old.get(name) or {}).get("enabled") and not new.get(name, {"enabled": True})["enabled"]:
            yield name
    if old.get("vpcOptions") and not new.get("vpcOptions"):
        yield "vpcOptions"


def _not_compatible(call: Call, identifier: str, old: State, new: State) -> Iterator[str]:
    """A version replaces if it's none of those that AWS takes the domain to."""
    before, after = old.get("engineVersion"), new.get("engineVersion")
    if after in (None, before):
        return
    asked = {"DomainName": identifier.rpartition("/")[2]}
    told = call.client("opensearch").get_compatible_versions(**asked)["CompatibleVersions"]
    targets = {
        version
        for one in told
        if one["SourceVersion"] == before
        for version in one["TargetVersions"]
    }
    if after not in targets:
        yield "engineVersion"


def _retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    search = call.client("opensearch")
    if removed := sorted(set(old) - set(new)):
        search.remove_tags(ARN=target, TagKeys=removed)
    if new:
        search.add_tags(ARN=target, TagList=tag_list(new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("opensearch").delete_domain(DomainName=identifier.rpartition("/")[2])

    def has_gone() -> bool | None:
        return True if _found(call, identifier) is None else None

    call.wait("the domain to be gone", has_gone, seconds=_SECONDS)


_CHANGING: Final[Additions] = {
    "accessPolicies": fact(json_text, normal=shown),
    "advancedSecurityOptions": fact(
        fields={
            "enabled": fact(replaces=False),
            "internalUserDatabaseEnabled": fact(default=False),
            "masterUserOptions": fact(fields=facts("masterUserName", "masterUserPassword")),
        }
    ),
    "clusterConfig": fact(
        fields={
            **facts("zoneAwarenessEnabled"),
            "instanceType": fact(default="m4.large.search"),
            "instanceCount": fact(between(1, 80), default=1),
            "zoneAwarenessConfig": fact(
                fields={"availabilityZoneCount": fact(between(2, 3), default=2)}
            ),
        }
    ),
    "domainEndpointOptions": fact(
        fields={"enforceHttps": fact(default=True), "tlsSecurityPolicy": fact(one_of(*_TLS))}
    ),
    "ebsOptions": fact(
        fields={
            **facts("ebsEnabled"),
            "volumeSize": fact(between(10, 16384)),
            "volumeType": fact(one_of("standard", "gp2", "io1", "gp3")),
        }
    ),
    "encryptAtRest": _ENCRYPTED,
    "nodeToNodeEncryption": _ENABLED,
    "vpcOptions": fact(
        fields={
            "securityGroupIds": fact(each=(an_id("sg"),)),
            "subnetIds": fact(each=(an_id("subnet"),)),
        },
        replaces=False,
    ),
}

SEARCH_DOMAIN: Final = ResourceType(
    name="aws:opensearch/domain:Domain",
    noun="Elasticsearch domain",
    inputs={
        "domainName": fact(_NAME),
        **_CHANGING,
        "engineVersion": fact(replaces=False),
    },
    autoname=AutoName("domainName", limit=28),
    create=_create,
    settle=_settle,
    locate=_locate,
    read=_read,
    also_replaces=_forced,
    replaces_by_aws=_not_compatible,
    updates=(update(_upgrade, "engineVersion"), update(_modify, *_CHANGING)),
    delete=_delete,
    retag=_retag,
)
