"""The tables speak the language of the pulumi-aws SDK that the program uses."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from types import ModuleType

import pulumi_aws
import pytest
from pulumi import _types

from lab.providers.aws.function import Function
from lab.providers.aws.invokes import FUNCTIONS
from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.aws.schema import Property

# Where the SDK leaves a choice that the lab does not offer.
_STRICTER = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"comparisonOperator", "evaluationPeriods"},
    "aws:ec2/vpc:Vpc": {"cidrBlock"},
    "aws:ec2/subnet:Subnet": {"cidrBlock"},
    "aws:ec2/route:Route": {"destinationCidrBlock"},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"subnetId"},
    "aws:ec2/instance:Instance": {"ami", "instanceType"},
}


def _sdk_resource(token: str) -> tuple[type, type]:
    module, name = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", token).groups()  # type: ignore[union-attr]
    sdk = _module(module, _file(name))
    # Where a nested object has that name already, the SDK gives another one.
    args = "InitArgs" if hasattr(sdk, f"{name}InitArgs") else "Args"
    return getattr(sdk, name), getattr(sdk, f"{name}{args}")


def _module(package: str, name: str) -> ModuleType:
    if package == "index":
        return importlib.import_module(f"pulumi_aws.{name}")
    # The SDK loads a package at the first look into it, which a module of it mustn't come before.
    getattr(getattr(pulumi_aws, package), name)
    return importlib.import_module(f"pulumi_aws.{package}.{name}")


def _file(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _names(args: type) -> set[str]:
    return set(_types.input_type_py_to_pulumi_names(args).values())


def _required(args: type) -> set[str]:
    names = _types.input_type_py_to_pulumi_names(args)
    parameters = list(inspect.signature(args.__init__).parameters.values())[1:]
    return {names[each.name] for each in parameters if each.default is inspect.Parameter.empty}


def _nested(args: type, name: str) -> type | None:
    """The argument class of a property that holds objects."""
    found = re.search(r"\b(\w+Args)\b", str(_types.input_type_types(args)[name]))
    if found is None:
        return None
    inputs = importlib.import_module(f"{args.__module__.rpartition('.')[0]}._inputs")
    nested: type = getattr(inputs, found.group(1))
    return nested


@pytest.mark.parametrize("kind", RESOURCE_TYPES.values(), ids=list(RESOURCE_TYPES))
def test_every_property_has_the_sdks_name(kind: ResourceType) -> None:
    resource, args = _sdk_resource(kind.name)
    outputs = set(_types.resource_types(resource))
    settable = {name for name, declared in kind.properties.items() if declared.settable}
    assert settable <= _names(args)
    assert set(kind.properties) | kind.outputs <= outputs
    assert not kind.outputs & settable


@pytest.mark.parametrize("kind", RESOURCE_TYPES.values(), ids=list(RESOURCE_TYPES))
def test_what_the_sdk_requires_the_table_requires(kind: ResourceType) -> None:
    _, args = _sdk_resource(kind.name)
    required = {name for name, declared in kind.properties.items() if declared.required}
    assert required == _required(args) | _STRICTER.get(kind.name, set())


def _objects(properties: Mapping[str, Property]) -> dict[str, Mapping[str, Property]]:
    return {
        name: fields
        for name, declared in properties.items()
        if (fields := declared.fields or (declared.element.fields if declared.element else {}))
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in RESOURCE_TYPES.values() for name in _objects(kind.properties)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_property_of_an_object_has_the_sdks_name(kind: ResourceType, name: str) -> None:
    _, args = _sdk_resource(kind.name)
    nested = _nested(args, name)
    assert nested is not None
    assert set(_objects(kind.properties)[name]) <= _names(nested)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_every_function_has_the_sdks_names(function: Function) -> None:
    path, name = re.fullmatch(r"aws:([\w/]+):(\w+)", function.name).groups()  # type: ignore[union-attr]
    module = path.rpartition("/")[0]
    sdk = _module(module, _file(name))
    source = inspect.getsource(sdk)
    assert f"'{function.name}'" in source
    assert set(function.inputs) <= set(re.findall(r"__args__\['(\w+)'\]", source))
    result = getattr(sdk, f"{name[0].upper()}{name[1:]}Result")
    told = set(_types.output_type_types(result)) | {"region"}
    assert function.outputs <= told
