"""The network that most resources need around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mypy_boto3_ec2 import EC2Client

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3pZ1k0u3vQm7l9n0mK3x1v8Yk2b3c4d5e6f7g8h9i0 me"
OTHER_PUBLIC_KEY = PUBLIC_KEY.replace("i0 me", "i1 me")


@dataclass(frozen=True)
class World:
    """Things that exist already, and that tests point at."""

    vpc: str
    other_vpc: str
    subnet: str
    other_subnet: str
    route_table: str
    other_route_table: str
    gateway: str
    group: str
    other_group: str
    interface: str
    other_interface: str
    image: str
    other_image: str


@dataclass(frozen=True)
class ManagedWorld:
    """Things of AWS's services that exist already."""

    subnets: list[str]
    third_subnet: str
    balancer: str
    group: str
    cache_subnets: str
    bucket: str
    user: str
    role: str
    other_role: str
    certificate: str
    key: str
    topic: str


def build_managed_world(world: World, client: Callable[[str], Any]) -> ManagedWorld:
    """Make them.

    Args:
        world: the network.
        client: makes boto3's client of a service.
    """
    ec2, elb, iam = client("ec2"), client("elbv2"), client("iam")
    *subnets, third = [
        ec2.create_subnet(VpcId=world.vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"][
            "SubnetId"
        ]
        for block, zone in (
            ("10.5.20.0/24", "eu-west-1a"),
            ("10.5.21.0/24", "eu-west-1b"),
            ("10.5.22.0/24", "eu-west-1c"),
        )
    ]
    balancer = elb.create_load_balancer(Name="some", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="some", Port=80, Protocol="HTTP", VpcId=world.vpc, TargetType="ip"
    )["TargetGroups"][0]
    client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="some", CacheSubnetGroupDescription="some", SubnetIds=subnets
    )
    place = {"LocationConstraint": "eu-west-1"}
    client("s3").create_bucket(Bucket="some-bucket", CreateBucketConfiguration=place)
    iam.create_user(UserName="someone")
    for role in ("some-role", "other-role"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    certificate, key = _certificate()
    return ManagedWorld(
        subnets=subnets,
        third_subnet=third,
        balancer=balancer["LoadBalancerArn"],
        group=group["TargetGroupArn"],
        cache_subnets="some",
        bucket="some-bucket",
        user="someone",
        role="some-role",
        other_role="other-role",
        certificate=certificate,
        key=key,
        topic=client("sns").create_topic(Name="some-topic")["TopicArn"],
    )


def _certificate() -> tuple[str, str]:
    """A certificate for example.com that is signed by its own key, and that key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode(), text.decode()


def build_world(ec2: EC2Client) -> World:
    vpc = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    other_vpc = ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    images = ec2.describe_images(Owners=["099720109477"])["Images"]

    def subnet(block: str) -> str:
        return ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]

    def table() -> str:
        return ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]

    def group(name: str) -> str:
        answer = ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)
        return answer["GroupId"]

    first = subnet("10.5.0.0/24")

    def interface(address: str) -> str:
        answer = ec2.create_network_interface(SubnetId=first, PrivateIpAddress=address)
        return answer["NetworkInterface"]["NetworkInterfaceId"]

    return World(
        vpc=vpc,
        other_vpc=other_vpc,
        subnet=first,
        other_subnet=subnet("10.5.1.0/24"),
        route_table=table(),
        other_route_table=table(),
        gateway=gateway,
        group=group("one"),
        other_group=group("another"),
        interface=interface("10.5.0.240"),
        other_interface=interface("10.5.0.241"),
        image=images[0]["ImageId"],
        other_image=images[1]["ImageId"],
    )
