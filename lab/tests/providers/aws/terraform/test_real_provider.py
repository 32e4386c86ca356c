"""The real provider, on the lab's AWS: what it does with each resource, and with the program's.

A domain of OpenSearch takes it twenty minutes, as it waits before it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest

from lab.tests.cloud.aws_alone import served
from lab.tests.providers.aws.lives import IMPORT_IDS, STAYS, TYPES, UNTOLD, Life
from lab.tests.providers.aws.terraform.driver import Planned, Terraform, major_version
from lab.tests.providers.aws.terraform.program import registered, resources
from lab.tests.providers.aws.terraform.test_translation import EXAMPLES, configuration
from lab.tests.providers.aws.terraform.translation import TYPES as IN_TERRAFORM
from lab.tests.providers.aws.terraform.translation import before_6, named, translated

pytestmark = pytest.mark.timeout(3600)
Make = Callable[[str], Terraform]


class _Lived:
    """One resource, in a Terraform configuration of its own."""

    def __init__(self, terraform: Terraform, token: str) -> None:
        self.terraform, self._token = terraform, token
        self.address = f"{IN_TERRAFORM[token]}.thing"

    def declare(self, inputs: Mapping[str, Any]) -> None:
        made = {"thing": _said(translated(self._token, "thing", inputs))}
        self.terraform.declare({IN_TERRAFORM[self._token]: made})

    def apply(self, inputs: Mapping[str, Any]) -> None:
        """Bring it about, after which nothing is left to do."""
        self.declare(inputs)
        self.terraform.apply()
        assert self.terraform.plan() == {}

    def replaced_for(self, inputs: Mapping[str, Any]) -> frozenset[str]:
        """The arguments for which a plan replaces it."""
        self.declare(inputs)
        return self.terraform.plan()[self.address].replaces

    def actions(self, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        self.declare(inputs)
        return self.terraform.plan()[self.address].actions


def _said(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return before_6(arguments) if major_version() < 6 else dict(arguments)


@pytest.fixture
def lived(make_terraform: Make, endpoint: str, life: Life) -> _Lived:
    one = _Lived(make_terraform(endpoint), life.token)
    one.apply(life.made)
    return one


def test_it_replaces_for_what_the_lab_replaces_for(lived: _Lived, life: Life) -> None:
    for name, inputs in life.replaced.items():
        assert named(life.token, name) in lived.replaced_for(inputs), name
    lived.declare(life.made)


@pytest.mark.parametrize("life", sorted(set(TYPES) - STAYS), indirect=True)
def test_it_changes_in_place_what_the_lab_changes_in_place(lived: _Lived, life: Life) -> None:
    if life.changed is not None:
        assert lived.actions(life.changed) == ("update",)
        lived.apply(life.changed)


@pytest.mark.parametrize("life", sorted(set(TYPES) - UNTOLD), indirect=True)
def test_it_imports_what_is_there_without_replacing_it(lived: _Lived, life: Life) -> None:
    terraform = lived.terraform
    known = terraform.attributes(lived.address)
    form = IMPORT_IDS.get(life.token, "{id}")
    names = {name: named(life.token, name) for name in life.made}
    told = {name: known.get(theirs) for name, theirs in names.items()}
    terraform.adopt(lived.address, form.format(id=known["id"], **told))
    planned = terraform.plan().get(lived.address)
    assert planned is None or planned.actions == ("update",)


@pytest.fixture
def own_aws(real_provider: None) -> Iterator[str]:
    """A fake AWS for an example, with nothing else in it."""
    with served() as url:
        yield url


def _client(url: str, service: str) -> Any:
    return boto3.client(service, region_name="eu-west-1", endpoint_url=url)  # type: ignore[call-overload]


def _image(url: str) -> str:
    told = _client(url, "ec2").describe_images(Owners=["099720109477"])["Images"]
    return next(str(one["ImageId"]) for one in told if one["Architecture"] == "x86_64")


def _zone(url: str) -> str:
    made = _client(url, "route53").create_hosted_zone(Name="example.io", CallerReference="1")
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")


@pytest.mark.parametrize("shape", EXAMPLES)
def test_an_example_is_made_with_nothing_left_to_do_and_destroyed(
    own_aws: str, make_terraform: Make, shape: str
) -> None:
    own = {"hostedZoneId": _zone(own_aws)} if shape == "ha-managed" else {}
    found = resources(registered(configuration(shape, **own), _image(own_aws)))
    terraform = make_terraform(own_aws)
    terraform.declare(
        {kind: {name: _said(one) for name, one in each.items()} for kind, each in found.items()}
    )
    terraform.apply()
    assert terraform.plan() == {}
    terraform.destroy()
    assert set(terraform.plan().values()) == {Planned(("create",))}
