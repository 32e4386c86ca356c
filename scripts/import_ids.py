"""Which ids `pulumi import` takes for what a stack had made, when its state is lost. Pure.

A preview without a state tells what the program wants; AWS tells what carries the stack's tags.
What carries no tags is found by what it joins.

Source: pulumi-aws, "Import" on the page of each resource.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from components.aws.actions import IN_A_GROUP, OF_BACKUPS, OF_SESSIONS
from components.resource_names import logical_name
from scripts.left_behind import KINDS, Json, Tagged, is_of

JOINING: Mapping[str, str] = {
    "aws:ec2/route:Route": "{routeTableId}_{destinationCidrBlock}",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "{subnetId}/{routeTableId}",
    "aws:ec2/volumeAttachment:VolumeAttachment": "{deviceName}:{volumeId}:{instanceId}",
    "aws:route53/record:Record": "{zoneId}_{name}_{type}",
    IN_A_GROUP: "{networkInterfaceId}_{securityGroupId}",
}
"""The ids of what has no tags, made of its properties."""
NOT_IMPORTED = (
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:iam/accessKey:AccessKey",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sns/topic:Topic",
    "aws:sns/topicSubscription:TopicSubscription",
)
"""What can't be imported, or not with its secret, or needn't be: an update makes it anew.

What is made anew under its name takes the place of what is there. Source: CloudWatch API,
PutMetricAlarm; SNS API, CreateTopic and Subscribe.
"""
_TAGGED = frozenset(type_ for kind in KINDS.values() for type_ in kind.types)
_PLACEHOLDER = "<PLACEHOLDER>"
"""What Pulumi writes in an import file where an id has to be."""


@dataclass(frozen=True)
class Wanted:
    """A resource that the program wants, and no state knows.

    Attributes:
        urn: its name in full.
        type: Pulumi's name of its type.
        inputs: its properties, as far as they are known without a state.
        uses: by property, the URN of the one resource that it comes from.
    """

    urn: str
    type: str
    inputs: Mapping[str, Any]
    uses: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_made_anew(self) -> bool:
        """Whether it comes anew with backups or Session Manager; a bastion's is one's own to name.

        The earlier ones are left, and docs/runbook.md says how to remove them.
        """
        kinds = {*OF_BACKUPS, *OF_SESSIONS}
        return self.type in kinds and self.name.startswith(("backup", "session"))

    @property
    def name(self) -> str:
        """Its logical name."""
        return logical_name(self.urn)


@dataclass(frozen=True)
class Match:
    """What is known of wanted resources.

    Attributes:
        ids: by URN, what `pulumi import` takes.
        absent: what AWS doesn't have: an update makes it.
        ambiguous: by URN, the ids of several that have the same tags.
        unknown: what can't be looked for.
        strays: what AWS has with the stack's tags, and the program doesn't want.
    """

    ids: Mapping[str, str]
    absent: Sequence[Wanted]
    ambiguous: Mapping[str, Sequence[str]]
    unknown: Sequence[Wanted]
    strays: Sequence[Tagged]


def wanted_in(preview: Mapping[str, Any]) -> list[Wanted]:
    """What a preview would create in AWS.

    Args:
        preview: as `pulumi preview --json` prints it.
    """
    steps = preview.get("steps") or ()
    made = [step["newState"] for step in steps if step["op"] == "create"]
    return [
        Wanted(one["urn"], one["type"], one.get("inputs") or {}, _uses(one))
        for one in made
        if one.get("custom") and one["type"].startswith("aws:")
    ]


def taken_over_in(preview: Mapping[str, Any]) -> frozenset[str]:
    """AWS's ids of what an update imports by itself, as `hosts` names it.

    Args:
        preview: as `pulumi preview --json` prints it.
    """
    steps = preview.get("steps") or ()
    states = [step["newState"] for step in steps if step["op"] == "import"]
    return frozenset(one.get("importID") or one.get("id") or "" for one in states)


def _uses(resource: Json) -> dict[str, str]:
    found = (resource.get("propertyDependencies") or {}).items()
    return {name: urns[0] for name, urns in found if len(urns) == 1}


def match(
    wanted: Sequence[Wanted],
    tagged: Sequence[Tagged],
    is_there: Callable[[str, Mapping[str, Any]], bool],
    taken_over: Collection[str] = (),
) -> Match:
    """Find what is wanted among what AWS has.

    Args:
        wanted: what the program wants.
        tagged: what AWS has with the stack's tags.
        is_there: whether something without tags is there, by its type and properties.
        taken_over: AWS's ids of what an update imports by itself.
    """
    ids: dict[str, str] = {}
    ambiguous: dict[str, list[str]] = {}
    absent, unknown = [], []
    for one in (one for one in wanted if one.type in _TAGGED):
        fitting = [found.id for found in tagged if is_of(found, one.type, one.inputs)]
        if len(fitting) == 1:
            ids[one.urn] = fitting[0]
        elif fitting:
            ambiguous[one.urn] = fitting
        else:
            absent.append(one)
    for one in (one for one in wanted if one.type not in _TAGGED):
        properties = _known(one, ids)
        if one.type in NOT_IMPORTED or one.is_made_anew:
            absent.append(one)
        elif one.type not in JOINING:
            unknown.append(one)
        elif (id_ := _joined(one.type, properties)) and is_there(one.type, properties):
            ids[one.urn] = id_
        else:
            absent.append(one)
    taken = {
        *taken_over,
        *ids.values(),
        *(id_ for fitting in ambiguous.values() for id_ in fitting),
    }
    strays = [one for one in tagged if one.id not in taken and one.kind.remove]
    return Match(ids, absent, ambiguous, unknown, strays)


def _known(one: Wanted, ids: Mapping[str, str]) -> dict[str, Any]:
    """The properties of a resource that are known; those of other resources are their ids."""
    own = {name: value for name, value in one.inputs.items() if name not in one.uses}
    return own | {name: ids[urn] for name, urn in one.uses.items() if urn in ids}


def _joined(type_: str, properties: Mapping[str, Any]) -> str:
    """The id of what joins others; empty where one of them isn't known."""
    form = JOINING[type_]
    names = {name for _, name, *_ in Formatter().parse(form) if name}
    return form.format_map(properties) if names <= properties.keys() else ""


def filled(import_file: Json, found: Match) -> Json:
    """Pulumi's import file with the ids that were found.

    What is absent is left out, and so are commands: both are an update's to make. What is ambiguous
    or unknown keeps its placeholder.

    Args:
        import_file: as `pulumi preview --import-file` writes it.
        found: what is known.
    """
    absent = {_Identity(one.type, one.name) for one in found.absent}
    ids = {_identity(urn): id_ for urn, id_ in found.ids.items()}
    resources = []
    for resource in import_file.get("resources") or ():
        named = _Identity(resource["type"], resource.get("logicalName") or resource["name"])
        if named in absent or named.type.startswith("command:"):
            continue
        resources.append({**resource, "id": ids[named]} if named in ids else resource)
    return {**import_file, "resources": resources}


def placeholders(import_file: Json) -> list[str]:
    """Names of the resources in an import file that still lack an id."""
    resources = import_file.get("resources") or ()
    return [one["name"] for one in resources if one.get("id") == _PLACEHOLDER]


@dataclass(frozen=True)
class _Identity:
    """What an import file knows a resource by."""

    type: str
    name: str


def _identity(urn: str) -> _Identity:
    *_, types, name = urn.split("::", 3)
    return _Identity(types.rpartition("$")[2], name)
