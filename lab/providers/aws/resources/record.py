"""aws:route53/record:Record, simple records and aliases; no routing policies.

Source: terraform-provider-aws 6, aws_route53_record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import code_of, gone_is_fine, is_gone
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.rules import at_most, between, characters, not_empty, one_of
from lab.providers.aws.schema import (
    Check,
    Failure,
    Kind,
    State,
    exactly_one_of,
)

# As in the real provider: Route 53 takes up to half an hour to tell all its servers.
_SYNC_SECONDS: Final = 30 * MINUTE
_TYPES: Final = (
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DS",
    "HTTPS",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
)
_TEXT_TYPES: Final = ("TXT", "SPF")

_Action = Literal["CREATE", "DELETE", "UPSERT"]


def _bare(name: str) -> str:
    """A name without the dot at its end, in lowercase, as Route 53 keeps it."""
    return name.rstrip(".").lower()


def _full_name(call: Call, inputs: State) -> str:
    """The record's name with its zone's."""
    zone = _bare(call.route53.get_hosted_zone(Id=inputs["zoneId"])["HostedZone"]["Name"])
    name = _bare(inputs["name"])
    if name == zone or name.endswith(f".{zone}"):
        return name
    return f"{name}.{zone}" if name else zone


def _record_set(inputs: State, name: str) -> Any:
    record: dict[str, Any] = {"Name": name, "Type": inputs["type"]}
    if inputs.get("aliases"):
        alias = inputs["aliases"][0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    else:
        record["TTL"] = inputs["ttl"]
        record["ResourceRecords"] = [
            {"Value": _quoted(inputs["type"], value)} for value in inputs["records"]
        ]
    return record


def _quoted(kind: str, value: str) -> str:
    return f'"{value}"' if kind in _TEXT_TYPES and not value.startswith('"') else value


def _submit(call: Call, zone: str, action: _Action, record: Any, gone: Any = None) -> None:
    """Change a record; one of the same name that is to be gone goes in the same step."""
    removal: list[Any] = [{"Action": "DELETE", "ResourceRecordSet": gone}] if gone else []
    answer = call.route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Comment": "Managed by Pulumi",
            "Changes": [*removal, {"Action": action, "ResourceRecordSet": record}],
        },
    )
    change = answer["ChangeInfo"]["Id"]

    def in_sync() -> bool | None:
        status = call.route53.get_change(Id=change)["ChangeInfo"]["Status"]
        return True if status == "INSYNC" else None

    call.wait(f"{record['Name']} to reach all name servers", in_sync, seconds=_SYNC_SECONDS)


def _create(call: Call, inputs: State) -> str:
    name = _full_name(call, inputs)
    action: _Action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    _submit(call, inputs["zoneId"], action, _record_set(inputs, name))
    return f"{inputs['zoneId']}_{name}_{inputs['type']}"


@dataclass(frozen=True)
class _Parts:
    """What `create` put into an id."""

    zone: str
    name: str
    kind: str


def _parts(identifier: str) -> _Parts:
    """Take an id apart; names may hold underscores."""
    zone, _, rest = identifier.partition("_")
    name, _, kind = rest.rpartition("_")
    return _Parts(zone, name, kind)


def _find(call: Call, identifier: str, state: State) -> dict[str, Any] | None:
    """The record; it keeps its id when it gets another type."""
    parts = _parts(identifier)
    kind = state.get("type") or parts.kind
    try:
        answer: Any = call.route53.list_resource_record_sets(
            HostedZoneId=parts.zone,
            StartRecordName=parts.name,
            StartRecordType=kind,  # type: ignore[arg-type]  # one of the types that the check knows
            MaxItems="1",
        )
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    records: list[dict[str, Any]] = answer["ResourceRecordSets"]
    for record in records:
        if _bare(_unescaped(record["Name"])) == parts.name and record["Type"] == kind:
            return record
    return None


def _unescaped(name: str) -> str:
    """Route 53 writes the asterisk of a wildcard in octal."""
    return name.replace("\\052", "*")


def _read(call: Call, identifier: str, state: State) -> State | None:
    record = _find(call, identifier, state)
    if record is None:
        return None
    name = _bare(_unescaped(record["Name"]))
    alias = record.get("AliasTarget")
    values = [entry["Value"] for entry in record.get("ResourceRecords", ())]
    if record["Type"] in _TEXT_TYPES:
        values = [value.strip('"') for value in values]
    return {
        "aliases": [
            {
                "evaluateTargetHealth": alias["EvaluateTargetHealth"],
                "name": _bare(alias["DNSName"]),
                "zoneId": alias["HostedZoneId"],
            }
        ]
        if alias
        else None,
        "fqdn": name,
        "name": state.get("name", name),
        "records": values or None,
        "ttl": record.get("TTL"),
        "type": record["Type"],
        "zoneId": _parts(identifier).zone,
    }


def _overwrite(call: Call, identifier: str, change: Change) -> None:
    name = _parts(identifier).name
    other_type = change.old.get("type") != change.new["type"]
    gone = _find(call, identifier, change.old) if other_type else None
    _submit(call, change.new["zoneId"], "UPSERT", _record_set(change.new, name), gone)


def _delete(call: Call, identifier: str, state: State) -> None:
    record = _find(call, identifier, state)
    if record is None:
        return
    with gone_is_fine():
        try:
            _submit(call, _parts(identifier).zone, "DELETE", record)
        except ClientError as error:
            # Somebody else was faster: the record is not as it was a moment ago.
            if code_of(error) != "InvalidChangeBatch" or _find(call, identifier, state) is not None:
                raise


def _has_ttl(inputs: State) -> Iterator[Failure]:
    if inputs.get("records") is not None and inputs.get("ttl") is None:
        yield Failure("ttl", "missing: records need it")
    if inputs.get("aliases") is not None and inputs.get("ttl") is not None:
        yield Failure("ttl", "cannot be given together with aliases")


_CHECKS: Final[tuple[Check, ...]] = (exactly_one_of("aliases", "records"), _has_ttl)

RECORD: Final = ResourceType(
    name="aws:route53/record:Record",
    noun="DNS record",
    inputs={
        **facts("allowOverwrite", "records"),
        "aliases": fact(
            at_most(1),
            fields={
                **facts("evaluateTargetHealth"),
                "name": fact(characters(1, 1024), normal=_bare),
                "zoneId": fact(characters(1, 32)),
            },
            kind=Kind.LIST,
        ),
        "name": fact(normal=_bare),
        "ttl": fact(between(0, 2147483647)),
        "type": fact(one_of(*_TYPES)),
        "zoneId": fact(not_empty),
    },
    checks=_CHECKS,
    provider_only=frozenset({"allowOverwrite"}),
    regional=False,
    create=_create,
    read=_read,
    updates=(update(_overwrite, "aliases", "records", "ttl", "type"),),
    delete=_delete,
)
