"""Each type that the program makes is known to whoever has to know it."""

from __future__ import annotations

import inspect

import pytest

from components.aws.actions import BY_TYPE, OF_BACKUPS, OF_SESSIONS, TYPES
from lab.providers.aws.resources import RESOURCE_TYPES
from scripts.import_ids import JOINING, NOT_IMPORTED
from scripts.left_behind import KINDS
from scripts.summary import costs

TAGGED = {type_ for kind in KINDS.values() for type_ in kind.types}
FREE = ("aws:ec2/", "aws:vpc/", "aws:iam/", "aws:acm/", "aws:s3/", "aws:sns/", "aws:route53/")
"""Services of which nothing costs by the hour, but what `costs` knows."""
PARTS = {
    "aws:lb/listener:Listener",
    "aws:lb/targetGroup:TargetGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
}
"""Likewise of a service that does."""


@pytest.mark.parametrize("type_", BY_TYPE)
def test_the_lab_makes_it(type_: str) -> None:
    assert type_ in RESOURCE_TYPES


@pytest.mark.parametrize("type_", TYPES["ha"])
def test_a_lost_state_knows_its_id_again_or_makes_it_anew(type_: str) -> None:
    assert type_ in TAGGED | {*JOINING} | {*NOT_IMPORTED, *OF_BACKUPS, *OF_SESSIONS}


@pytest.mark.parametrize("type_", BY_TYPE)
def test_what_it_costs_is_known(type_: str) -> None:
    priced = f'case "{type_}"' in inspect.getsource(costs)
    assert priced or type_ in PARTS or type_.startswith(FREE)


@pytest.mark.parametrize("shape", TYPES)
def test_no_shape_makes_what_nobody_may(shape: str) -> None:
    assert {*TYPES[shape]} <= {*BY_TYPE}
