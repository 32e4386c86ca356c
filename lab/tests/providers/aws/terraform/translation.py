"""Resources of a Pulumi program, in Terraform's words.

Source: terraform-provider-aws 5.100.0, `terraform providers schema -json`; of alarms, topics,
lifecycle policies and the rules of buckets: as its documentation has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.aws.check import TYPES_BY_KIND
from lab.providers.aws.facts import KINDS, Told, fields_of, told_of, words_of
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.aws.schema import Kind
from lab.providers.base import reveal

_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "aws:ec2/instance:Instance": {"networkInterfaces": "network_interface"},
    "aws:lb/listener:Listener": {"defaultActions": "default_action"},
    "aws:route53/record:Record": {"aliases": "alias"},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules": "rule"
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"name": "alarm_name"},
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": {"schedules": "schedule"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {"rules": "rule"},
}
"""Names that differ by more than their case."""
_ONE_IN_A_LIST: Final = {"times"}
"""What Pulumi takes without the list around it."""
_WORDS: Final = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_REFERENCE: Final = re.compile(r"<<((?:\w+\()?aws_\w+\.[^<>]+)>>")
_NO_NAME: Final = re.compile(r"[^\w-]")
_PYTHON: Final = {**TYPES_BY_KIND, Kind.STRING: (str, int, bool)}
"""Terraform takes numbers and truth values for strings."""


def snake(name: str) -> str:
    """A name of Pulumi's in Terraform's letters."""
    return _WORDS.sub("_", name).lower()


def _type(token: str) -> str:
    """A type's name: without the service, where that is EC2."""
    service, _, name = token.removeprefix("aws:").partition("/")
    if token == "aws:lb/loadBalancer:LoadBalancer":
        return "aws_lb"
    prefix = "aws" if service == "ec2" else f"aws_{service}"
    return f"{prefix}_{snake(name.partition(':')[2])}"


TYPES: Final = {token: _type(token) for token in RESOURCE_TYPES}


def label(name: str) -> str:
    """A resource's name, as Terraform takes names."""
    return _NO_NAME.sub("_", name)


def reference(token: str, name: str, attribute: str) -> str:
    """Stands for what a resource is going to have, until it's in Terraform's words."""
    return f"<<{TYPES[token]}.{label(name)}.{named(token, attribute)}>>"


def first_of(reference: str, attribute: str) -> str:
    """Stands for an attribute of the first in a set."""
    return f"<<tolist({reference[2:-2]})[0].{attribute}>>"


def translated(token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a resource, with the name that Pulumi would give it."""
    given = {key: value for key, value in inputs.items() if value is not None}
    autoname = RESOURCE_TYPES[token].autoname
    if autoname and not {autoname.name, autoname.prefix} & given.keys():
        given[autoname.name] = f"{name[: autoname.limit - 8]}-1a2b3c4"
    return _object(token, told_of(token), given)


def before_6(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's arguments, as the provider had them before its version 6."""
    primary = arguments.get("primary_network_interface")
    if primary is None:
        return dict(arguments)
    others = {key: one for key, one in arguments.items() if key != "primary_network_interface"}
    return {**others, "network_interface": [{"device_index": 0, **primary}]}


def problems(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """What the real provider's schema has against inputs."""
    return list(_problems("", told_of(token), inputs, RESOURCE_TYPES[token].autoname))


def _object(token: str, told: Told, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        named(token, key): _value(token, key, told.get(key, ""), value)
        for key, value in values.items()
        if value is not None
    }


def _value(token: str, key: str, entry: Any, value: Any) -> Any:
    value = reveal(value)
    if key in _ONE_IN_A_LIST:
        return [_text(value)]
    if isinstance(value, list):
        return [_value(token, "", entry, item) for item in value]
    if isinstance(value, dict) and (fields := fields_of(entry)):
        return _object(token, fields, value)
    if isinstance(value, dict):
        # Of what is newer than the facts, nothing but the name is known.
        name = snake if "newer" in words_of(entry) else str
        return {name(each): _text(text) for each, text in value.items()}
    return _text(value)


def _text(value: Any) -> Any:
    """Text as it's meant: Terraform looks for expressions in each."""
    if not isinstance(value, str):
        return value
    literal = value.replace("${", "$${").replace("%{", "%%{")
    return _REFERENCE.sub(r"${\1}", literal)


def named(token: str, key: str) -> str:
    """A property of Pulumi's in Terraform's words."""
    return _NAMES.get(token, {}).get(key) or snake(key)


def _problems(
    path: str, told: Told, values: Mapping[str, Any], autoname: Any = None
) -> Iterator[str]:
    for key, value in values.items():
        if key not in told:
            yield f"{path}{key}: there is no such argument"
        elif value is not None:
            yield from _of_value(f"{path}{key}", told[key], reveal(value))
    made = {autoname.name} if autoname else set()
    for key, entry in told.items():
        if "required" in words_of(entry) and values.get(key) is None and key not in made:
            yield f"{path}{key}: missing"


def _of_value(path: str, entry: Any, value: Any) -> Iterator[str]:
    words = words_of(entry)
    if "output" in words:
        yield f"{path}: only AWS sets it"
    kind = next((KINDS[word] for word in words if word in KINDS), None)
    if kind and not isinstance(value, _PYTHON[kind]) and not _REFERENCE.search(str(value)):
        yield f"{path}: expected {kind.value}, got {value!r}"
    if fields := fields_of(entry):
        for item in value if isinstance(value, list) else [value]:
            yield from _problems(f"{path}.", fields, item)
