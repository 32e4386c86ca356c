"""Imports: ids that aren't the resource's own, and what can't be imported."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from lab.tests.providers.aws.driver import Driver, Resource
from lab.tests.providers.aws.world import ManagedWorld, World

ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"


def imported(aws: Driver, token: str, identifier: str) -> Resource | None:
    return aws.read(Resource(token, "resource", identifier, {}, {}))


@pytest.mark.parametrize(
    ("token", "identifier", "expected"),
    [
        (ROUTE, "r-rtb-11080289494", "ROUTETABLEID_DESTINATION"),
        (ASSOCIATION, "rtbassoc-1", "SUBNETID/ROUTETABLEID"),
        (ATTACHMENT, "vai-1", "DEVICE_NAME:VOLUME_ID:INSTANCE_ID"),
        (ATTACHMENT, "/dev/sdf::i-1", "DEVICE_NAME:VOLUME_ID:INSTANCE_ID"),
    ],
)
def test_an_id_of_another_form_is_refused_with_the_form_that_it_takes(
    aws: Driver, token: str, identifier: str, expected: str
) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        imported(aws, token, identifier)
    said = str(refusal.value.details())
    assert identifier in said
    assert expected in said


def test_what_is_not_there_is_not_imported(
    aws: Driver, world: World, make_instance: Callable[[], str], make_volume: Callable[[], str]
) -> None:
    loose = f"/dev/sdf:{make_volume()}:{make_instance()}"
    elsewhere = f"{world.subnet}/{world.other_route_table}"
    assert imported(aws, ATTACHMENT, loose) is None
    assert imported(aws, ASSOCIATION, elsewhere) is None
    assert imported(aws, ROUTE, f"{world.route_table}_198.51.100.0/24") is None
    assert imported(aws, "aws:opensearch/domain:Domain", "no-such-domain") is None
    assert imported(aws, "aws:iam/accessKey:AccessKey", "AKIANOSUCHKEY0000000") is None


def test_a_domain_is_imported_by_its_name_and_has_its_settings(
    aws: Driver, managed_world: ManagedWorld
) -> None:
    settings = {
        "clusterConfig": {"instanceCount": 2, "instanceType": "m5.large.search"},
        "encryptAtRest": {"enabled": True},
        "vpcOptions": {"subnetIds": managed_world.subnets},
    }
    domain = aws.create("aws:opensearch/domain:Domain", "search", domainName="by-name", **settings)
    found = imported(aws, domain.token, "by-name")
    assert found is not None
    assert found.id == domain.id
    assert found.inputs["encryptAtRest"] == {"enabled": True}
    assert found.inputs["vpcOptions"]["subnetIds"] == managed_world.subnets
    assert found.inputs["clusterConfig"]["instanceType"] == "m5.large.search"
    assert imported(aws, domain.token, domain.id) is None
    aws.delete(domain)


def test_an_imported_access_key_has_its_user_and_no_secret(
    aws: Driver, managed_world: ManagedWorld
) -> None:
    key = aws.create("aws:iam/accessKey:AccessKey", "key", user=managed_world.user)
    found = imported(aws, key.token, key.id)
    assert found is not None
    assert found.outputs["user"] == managed_world.user
    assert "secret" not in found.outputs
    aws.delete(key)


def test_an_imported_certificate_of_acm_is_not_asked_for_again(aws: Driver) -> None:
    wanted = {"domainName": "import.example.com", "validationMethod": "DNS"}
    certificate = aws.create(CERTIFICATE, "certificate", **wanted)
    found = imported(aws, CERTIFICATE, certificate.id)
    assert found is not None
    assert aws.diff(found, **wanted).paths == set()
    aws.delete(certificate)


def test_a_wait_for_a_certificate_cannot_be_imported(aws: Driver) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        imported(aws, VALIDATION, "arn:aws:acm:eu-west-1:123456789012:certificate/x")
    assert "leave it out" in str(refusal.value.details())
