"""The network that most resources need around them."""

from __future__ import annotations

from dataclasses import dataclass

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
    image: str
    other_image: str


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

    return World(
        vpc=vpc,
        other_vpc=other_vpc,
        subnet=subnet("10.5.0.0/24"),
        other_subnet=subnet("10.5.1.0/24"),
        route_table=table(),
        other_route_table=table(),
        gateway=gateway,
        group=group("one"),
        other_group=group("another"),
        image=images[0]["ImageId"],
        other_image=images[1]["ImageId"],
    )
