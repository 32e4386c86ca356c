"""Inputs for another lab."""

from __future__ import annotations

import pytest

from lab.bench.substitution import SubstitutionError, changes, merged, substituted

BEFORE = ["vpc-old", {"id": "vpc-old", "cidr": "10.5.0.0/24", "ips": ["203.0.113.1", "same"]}]
AFTER = ["vpc-new", {"id": "vpc-new", "cidr": "10.5.0.0/24", "ips": ["203.0.113.9", "same"]}]


def test_changes_are_texts_that_differ_at_the_same_place() -> None:
    assert changes(BEFORE, AFTER) == {"vpc-old": {"vpc-new"}, "203.0.113.1": {"203.0.113.9"}}


def test_inputs_get_the_new_texts_at_any_depth() -> None:
    inputs = {"vpcId": "vpc-old", "rules": [{"ip": "203.0.113.1"}], "port": 443, "on": True}
    assert substituted(inputs, changes(BEFORE, AFTER), "rule") == {
        "vpcId": "vpc-new",
        "rules": [{"ip": "203.0.113.9"}],
        "port": 443,
        "on": True,
    }


def test_a_text_that_became_two_is_refused() -> None:
    changed = merged([{"one-address": {"a"}}, {"one-address": {"b"}}])
    with pytest.raises(SubstitutionError, match=r"node\.host: stands for 2"):
        substituted({"host": "one-address"}, changed, "node")


def test_an_old_text_inside_a_longer_one_is_replaced_where_it_is_a_word() -> None:
    changed = {"203.0.113.1": {"203.0.113.2"}, "203.0.113.2": {"203.0.113.1"}}
    text = "IP=203.0.113.1\nOTHER=203.0.113.2\nNONE=203.0.113.12"
    assert substituted({"stdin": text}, changed, "node") == {
        "stdin": "IP=203.0.113.2\nOTHER=203.0.113.1\nNONE=203.0.113.12"
    }


def test_a_text_inside_a_longer_one_that_became_two_is_refused_and_not_shown() -> None:
    with pytest.raises(SubstitutionError) as raised:
        substituted({"stdin": "secret of vpc-0123"}, {"vpc-0123": {"vpc-4", "vpc-5"}}, "node")
    assert "node.stdin" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_short_text_inside_a_longer_one_is_no_reference() -> None:
    assert substituted("a long text", {"long": {"short"}}, "node") == "a long text"
