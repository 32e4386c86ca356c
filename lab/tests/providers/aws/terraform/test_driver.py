"""Plans are read as Terraform means them: tried on what it makes without a provider."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tests.providers.aws.terraform.driver import Planned, Terraform, TerraformError

ADDRESS = "terraform_data.thing"


def thing(**arguments: Any) -> dict[str, Any]:
    return {"terraform_data": {"thing": arguments}}


def test_what_is_planned_is_told(without_providers: Terraform) -> None:
    terraform = without_providers
    terraform.declare(thing(input="a", triggers_replace="1"))
    assert terraform.plan() == {ADDRESS: Planned(("create",))}
    terraform.apply()
    assert terraform.plan() == {}
    terraform.declare(thing(input="b", triggers_replace="1"))
    assert terraform.plan() == {ADDRESS: Planned(("update",))}
    terraform.declare(thing(input="a", triggers_replace="2"))
    replaced = Planned(("delete", "create"), frozenset({"triggers_replace"}))
    assert terraform.plan() == {ADDRESS: replaced}
    terraform.destroy()
    terraform.declare({})
    assert terraform.plan() == {}


def test_what_was_imported_is_there(without_providers: Terraform) -> None:
    terraform = without_providers
    terraform.declare(thing())
    terraform.apply()
    terraform.adopt(ADDRESS, "known")
    assert terraform.plan() == {}


def test_what_terraform_refuses_is_said(without_providers: Terraform) -> None:
    without_providers.declare({"terraform_data": {"thing": {"inputs": "a"}}})
    with pytest.raises(TerraformError, match="inputs"):
        without_providers.plan()
