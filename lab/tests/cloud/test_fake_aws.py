"""What the fake AWS answers, as AWS documents it, without machines behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.ec2.exceptions import EC2ClientError

from lab.cloud.aws import own_images
from lab.cloud.aws.pace import VARIABLE
from lab.tests.cloud.aws_alone import served

REGION = "eu-west-1"
ZONES = ("eu-west-1b", "eu-west-1c")
LIMIT_SECONDS = 60


class Account:
    """A VPC with two subnets, in another zone than the region's first."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.ec2 = self.client("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self._subnet(number, zone) for number, zone in enumerate(ZONES)]
        images = self.ec2.describe_images(Owners=["099720109477"])["Images"]
        self._image = next(one["ImageId"] for one in images if one["Architecture"] == "x86_64")

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self._url,
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
        )

    def run(self, **given: Any) -> Any:
        """An instance that runs."""
        asked = {"InstanceType": "t3.xlarge", "MinCount": 1, "MaxCount": 1, **given}
        made = self.ec2.run_instances(ImageId=self._image, **asked)["Instances"][0]
        return self.instance(made["InstanceId"], "running")

    def instance(self, identifier: str, state: str) -> Any:
        """An instance, once it's in that state."""

        def found() -> dict[str, Any] | None:
            (told,) = self.ec2.describe_instances(InstanceIds=[identifier])["Reservations"]
            instance: dict[str, Any] = told["Instances"][0]
            return instance if instance["State"]["Name"] == state else None

        return once(found)

    def volume(self, instance: dict[str, Any]) -> dict[str, Any]:
        """The root volume of an instance."""
        (mapping,) = instance["BlockDeviceMappings"]
        told = self.ec2.describe_volumes(VolumeIds=[mapping["Ebs"]["VolumeId"]])["Volumes"]
        return dict(told[0])

    def _subnet(self, number: int, zone: str) -> str:
        block = f"10.5.{number}.0/24"
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])


def once(found: Callable[[], Any]) -> Any:
    limit = time.monotonic() + LIMIT_SECONDS
    while (answer := found()) is None:
        assert time.monotonic() < limit
        time.sleep(0.05)
    return answer


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with served() as url:
        yield Account(url)


@pytest.fixture
def make_redis() -> Callable[..., Any]:
    """Makes Redis in an account; returns the client that asks after it."""

    def make(account: Account, name: str) -> Any:
        cache = account.client("elasticache")
        cache.create_cache_subnet_group(
            CacheSubnetGroupName=name,
            CacheSubnetGroupDescription="x",
            SubnetIds=account.subnets,
        )
        cache.create_replication_group(
            ReplicationGroupId=name,
            ReplicationGroupDescription="x",
            Engine="redis",
            EngineVersion="7.1",
            CacheNodeType="cache.t3.medium",
            NumCacheClusters=2,
            CacheSubnetGroupName=name,
            AtRestEncryptionEnabled=True,
        )
        return cache

    return make


def test_a_subnet_more_is_in_the_group_of_redis(
    account: Account, make_redis: Callable[..., Any]
) -> None:
    cache = make_redis(account, "grown")
    known = {"CacheSubnetGroupName": "grown", "CacheSubnetGroupDescription": "x"}
    for subnets in (account.subnets[:1], account.subnets):
        cache.modify_cache_subnet_group(**known, SubnetIds=subnets)
        told = cache.describe_cache_subnet_groups(CacheSubnetGroupName="grown")
        (group,) = told["CacheSubnetGroups"]
        assert [one["SubnetIdentifier"] for one in group["Subnets"]] == subnets


def test_an_instance_with_an_interface_made_at_launch_ends_and_frees_its_address(
    account: Account,
) -> None:
    made = account.run(SubnetId=account.subnets[0])
    (interface,) = made["NetworkInterfaces"]
    account.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    account.instance(made["InstanceId"], "terminated")
    there = account.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert interface["NetworkInterfaceId"] not in [one["NetworkInterfaceId"] for one in there]
    account.ec2.create_network_interface(
        SubnetId=account.subnets[0], PrivateIpAddress=interface["PrivateIpAddress"]
    )


def test_the_groups_of_an_instance_are_those_of_its_interface(account: Account) -> None:
    ec2 = account.ec2
    first, second = (
        ec2.create_security_group(GroupName=name, Description="x", VpcId=account.vpc)["GroupId"]
        for name in ("first", "second")
    )
    made = ec2.create_network_interface(SubnetId=account.subnets[0], Groups=[first])
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    attached = [{"DeviceIndex": 0, "NetworkInterfaceId": interface}]
    instance = account.run(NetworkInterfaces=attached)
    assert [one["GroupId"] for one in instance["SecurityGroups"]] == [first]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[second])
    instance = account.instance(instance["InstanceId"], "running")
    assert [one["GroupId"] for one in instance["SecurityGroups"]] == [second]


def test_an_interface_is_in_five_groups_at_most(account: Account) -> None:
    ec2 = account.ec2
    groups = [
        ec2.create_security_group(GroupName=name, Description="x", VpcId=account.vpc)["GroupId"]
        for name in "abcdef"
    ]
    made = ec2.create_network_interface(SubnetId=account.subnets[0])
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups[1:])
    with pytest.raises(ClientError, match="SecurityGroupsPerInterfaceLimitExceeded"):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)
    (told,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    assert len(told["Groups"]) == len(groups) - 1


def test_an_instance_that_is_protected_from_the_start_stays(account: Account) -> None:
    made = account.run(SubnetId=account.subnets[0], DisableApiTermination=True)
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        account.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"VolumeType": "gp3"}, ("gp3", 3000, 125)),
        ({"VolumeType": "gp3", "Iops": 4000, "Throughput": 200}, ("gp3", 4000, 200)),
        ({"VolumeType": "io2", "Iops": 5000}, ("io2", 5000, None)),
    ],
)
def test_a_root_volume_is_as_it_was_asked_for_and_where_its_instance_is(
    account: Account, asked: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    made = account.ec2.create_network_interface(SubnetId=account.subnets[1])
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    device = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, **asked}}
    instance = account.run(
        NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface}],
        BlockDeviceMappings=[device],
    )
    volume = account.volume(instance)
    assert (volume["VolumeType"], volume["Iops"], volume.get("Throughput")) == expected
    assert volume["AvailabilityZone"] == instance["Placement"]["AvailabilityZone"] == ZONES[1]


@pytest.mark.parametrize(
    ("image", "code"),
    [("ami-early", "InvalidAMIID.Unavailable"), ("ami-gone", "InvalidAMIID.NotFound")],
)
def test_an_image_that_is_not_there_yet_or_no_longer_starts_nothing(image: str, code: str) -> None:
    amis = {"ami-early": SimpleNamespace(state="pending")}
    backend = SimpleNamespace(amis=amis, deleted_amis=["ami-gone"])
    with pytest.raises(EC2ClientError) as refused:
        own_images.require_available(backend, image)
    assert refused.value.code == code


def tags_of(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs]


def test_an_image_is_made_of_an_instance_that_is_stopped(account: Account) -> None:
    device = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "Encrypted": True}}
    made = account.run(SubnetId=account.subnets[0], BlockDeviceMappings=[device])
    asked = {
        "InstanceId": made["InstanceId"],
        "Name": "prepared",
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags_of(("version", "2.30.0"))}
            for kind in ("image", "snapshot")
        ],
    }
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        account.ec2.create_image(**asked)
    account.ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    account.instance(made["InstanceId"], "stopped")
    image_id = account.ec2.create_image(**asked)["ImageId"]
    with pytest.raises(ClientError, match=r"InvalidAMIName\.Duplicate"):
        account.ec2.create_image(**asked)

    wanted = [
        {"Name": "tag:version", "Values": ["2.30.*"]},
        {"Name": "state", "Values": ["available"]},
    ]
    asking = {"Owners": ["self"], "Filters": wanted}
    (image,) = once(lambda: account.ec2.describe_images(**asking)["Images"] or None)
    assert (image["ImageId"], image["RootDeviceType"], image["EnaSupport"]) == (
        image_id,
        "ebs",
        True,
    )
    root = image["BlockDeviceMappings"][0]["Ebs"]
    assert (root["VolumeSize"], root["Encrypted"]) == (20, True)
    snapshots = {"SnapshotIds": [root["SnapshotId"]]}
    assert account.ec2.describe_snapshots(**snapshots)["Snapshots"][0]["Tags"] == tags_of(
        ("version", "2.30.0")
    )
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.InUse"):
        account.ec2.delete_snapshot(SnapshotId=root["SnapshotId"])
    account.ec2.deregister_image(ImageId=image_id)
    account.ec2.delete_snapshot(SnapshotId=root["SnapshotId"])
    started = {"InstanceType": "t3.xlarge", "MinCount": 1, "MaxCount": 1}
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        account.ec2.run_instances(ImageId=image_id, SubnetId=account.subnets[0], **started)


def test_metadata_options_that_are_not_named_are_kept(account: Account) -> None:
    given = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"}
    made = account.run(SubnetId=account.subnets[0], MetadataOptions=given)
    account.ec2.modify_instance_metadata_options(
        InstanceId=made["InstanceId"], HttpTokens="required"
    )
    told = account.instance(made["InstanceId"], "running")["MetadataOptions"]
    assert {name: told[name] for name in given} == {**given, "HttpTokens": "required"}


def test_monitoring_is_switched(account: Account) -> None:
    identifier = account.run(SubnetId=account.subnets[0])["InstanceId"]
    account.ec2.monitor_instances(InstanceIds=[identifier])
    assert account.instance(identifier, "running")["Monitoring"]["State"] == "enabled"
    account.ec2.unmonitor_instances(InstanceIds=[identifier])
    assert account.instance(identifier, "running")["Monitoring"]["State"] == "disabled"


def test_credits_are_unlimited_until_they_are_changed(account: Account) -> None:
    identifier = account.run(SubnetId=account.subnets[0])["InstanceId"]

    def told() -> str:
        answer = account.ec2.describe_instance_credit_specifications(InstanceIds=[identifier])
        return str(answer["InstanceCreditSpecifications"][0]["CpuCredits"])

    assert told() == "unlimited"
    account.ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[{"InstanceId": identifier, "CpuCredits": "standard"}]
    )
    assert told() == "standard"


def test_a_volume_is_detached_by_its_id_alone(account: Account) -> None:
    instance = account.run(SubnetId=account.subnets[0])["InstanceId"]
    volume = account.ec2.create_volume(AvailabilityZone=ZONES[0], Size=10)["VolumeId"]
    account.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    assert account.ec2.detach_volume(VolumeId=volume)["InstanceId"] == instance
    with pytest.raises(ClientError, match="IncorrectState"):
        account.ec2.detach_volume(VolumeId=volume)


def test_tags_go_with_what_has_them(account: Account) -> None:
    ec2 = account.ec2
    volume = ec2.create_volume(AvailabilityZone=ZONES[0], Size=10)["VolumeId"]
    group = ec2.create_security_group(GroupName="tags", Description="x", VpcId=account.vpc)
    ec2.create_tags(Resources=[volume, group["GroupId"]], Tags=[{"Key": "kept", "Value": "x"}])
    ec2.delete_volume(VolumeId=volume)
    told = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["kept"]}])["Tags"]
    assert [one["ResourceId"] for one in told] == [group["GroupId"]]


def test_redis_tells_of_its_members_in_its_own_region(
    account: Account, make_redis: Callable[..., Any]
) -> None:
    cache = make_redis(account, "told")
    (group,) = cache.describe_replication_groups(ReplicationGroupId="told")["ReplicationGroups"]
    (nodes,) = group["NodeGroups"]
    assert nodes["PrimaryEndpoint"]["Address"].endswith(".euw1.cache.amazonaws.com")
    assert [one["PreferredAvailabilityZone"] for one in nodes["NodeGroupMembers"]] == [*ZONES]
    (member,) = cache.describe_cache_clusters(CacheClusterId="told-002")["CacheClusters"]
    assert member["EngineVersion"] == "7.1.0"
    assert member["AtRestEncryptionEnabled"] is True
    assert member["PreferredAvailabilityZone"] == ZONES[1]


def test_redis_gets_and_loses_members(account: Account, make_redis: Callable[..., Any]) -> None:
    cache = make_redis(account, "counted")
    asked = {"ReplicationGroupId": "counted", "ApplyImmediately": True}
    more = cache.increase_replica_count(NewReplicaCount=2, **asked)["ReplicationGroup"]
    assert more["MemberClusters"] == ["counted-001", "counted-002", "counted-003"]
    assert len(more["NodeGroups"][0]["NodeGroupMembers"]) == 3
    fewer = cache.decrease_replica_count(NewReplicaCount=1, **asked)["ReplicationGroup"]
    assert fewer["MemberClusters"] == ["counted-001", "counted-002"]


def test_a_domain_is_told_its_own_compatible_versions(account: Account) -> None:
    search = account.client("opensearch")
    search.create_domain(DomainName="compatible", EngineVersion="Elasticsearch_7.10")
    told = search.get_compatible_versions(DomainName="compatible")["CompatibleVersions"]
    assert [one["SourceVersion"] for one in told] == ["Elasticsearch_7.10"]


def test_at_awss_pace_services_are_not_there_at_once(make_redis: Callable[..., Any]) -> None:
    with served(**{VARIABLE: "1"}) as url:
        account = Account(url)
        cache = make_redis(account, "slow")
        asked = {"ReplicationGroupId": "slow"}
        assert cache.describe_replication_groups(**asked)["ReplicationGroups"][0]["Status"] == (
            "creating"
        )
        search = account.client("opensearch")
        subnets = {"SubnetIds": account.subnets[:1]}
        search.create_domain(DomainName="slow", VPCOptions=subnets)
        told = search.describe_domain(DomainName="slow")["DomainStatus"]
        assert told["Processing"]
        assert "Endpoints" not in told


def test_at_a_quicker_pace_services_come_change_and_go(make_redis: Callable[..., Any]) -> None:
    with served(**{VARIABLE: "0.0005"}) as url:
        account = Account(url)
        cache = make_redis(account, "quick")
        search = account.client("opensearch")
        search.create_domain(DomainName="quick", VPCOptions={"SubnetIds": account.subnets[:1]})

        def domain() -> Any:
            told = search.describe_domain(DomainName="quick")["DomainStatus"]
            return None if told["Processing"] else told

        def redis() -> Any:
            told = cache.describe_replication_groups(ReplicationGroupId="quick")
            found = told["ReplicationGroups"][0]
            return found if found["Status"] == "available" else None

        assert once(domain)["Endpoints"]["vpc"]
        once(redis)
        cache.delete_replication_group(ReplicationGroupId="quick")
        search.delete_domain(DomainName="quick")
        assert search.describe_domain(DomainName="quick")["DomainStatus"]["Deleted"]
        once(lambda: gone(redis))
        once(lambda: gone(domain))


def gone(ask: Callable[[], Any]) -> bool | None:
    """Whether AWS knows nothing of a thing any more."""
    try:
        ask()
    except ClientError as error:
        return "NotFound" in error.response["Error"]["Code"] or None
    return None
