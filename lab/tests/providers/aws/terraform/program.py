"""What the program registers with AWS, in Terraform's words, without AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.runtime import MockResourceArgs

from lab.providers.aws.facts import told_of, words_of
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.tests.providers.aws.terraform.translation import (
    TYPES,
    first_of,
    label,
    reference,
    snake,
    translated,
)
from tests.program.test_cluster import INSTANCE_TYPES, SECRET_MARK, Recorder, deploy


class Registered(Recorder):
    """Tells of each resource what Terraform will know of it."""

    def __init__(self, image: str) -> None:
        super().__init__()
        self._image = image

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        if args.typ not in TYPES:
            return identifier, outputs
        unknown: dict[str, Any] = {
            name: reference(args.typ, args.name, name) for name in _told_by_aws(args.typ)
        }
        if options := unknown.get("domainValidationOptions"):
            asked = (
                "domainName",
                "resourceRecordName",
                "resourceRecordType",
                "resourceRecordValue",
            )
            unknown["domainValidationOptions"] = [
                {name: first_of(options, snake(name)) for name in asked}
            ]
        return reference(args.typ, args.name, "id"), {**unknown, **outputs}

    def call(self, args: Any) -> dict[str, Any]:
        answers = {
            "aws:ec2/getAmi:getAmi": {"id": self._image},
            "aws:index/getRegion:getRegion": {"region": "eu-west-1"},
        }
        return answers.get(args.token) or super().call(args)

    def of_aws(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """The inputs of what AWS makes, by type and name."""
        return {
            (args.typ, args.name): _plain(args.inputs)
            for args in self.registered
            if args.typ in TYPES
        }


def registered(config: dict[str, str], image: str = "ami-0123456789abcdef0") -> Registered:
    """What a configuration registers.

    Args:
        config: the stack's.
        image: the newest image.
    """
    recorder = Registered(image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
        deploy(config, recorder=recorder)
    return recorder


def resources(found: Registered) -> dict[str, dict[str, Any]]:
    """Resources as a Terraform configuration has them, by type and name."""
    made: dict[str, dict[str, Any]] = {}
    for (token, name), inputs in found.of_aws().items():
        made.setdefault(TYPES[token], {})[label(name)] = translated(token, name, inputs)
    return made


def _told_by_aws(token: str) -> set[str]:
    """The properties that a resource has though the program doesn't give them."""
    told, autoname = told_of(token), RESOURCE_TYPES[token].autoname
    named = {autoname.name} if autoname else set()
    return named | {key for key, one in told.items() if words_of(one) & {"computed", "output"}}


def _plain(value: Any) -> Any:
    """A value as the program gave it: JSON has no integers, and Pulumi marks secrets."""
    match value:
        case float():
            return int(value) if value.is_integer() else value
        case {"value": secret} if SECRET_MARK in value:
            return _plain(secret)
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case _:
            return value
