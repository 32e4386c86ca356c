"""What belongs to a stack is found in AWS; here in moto's."""

from __future__ import annotations

from scripts.tagged_in_aws import Ec2, tagged, untagged

MINE = [{"Key": "project", "Value": "calls"}, {"Key": "stack", "Value": "dev"}]
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"


def vpc(ec2: Ec2, tags: list[dict[str, str]]) -> str:
    specification = [{"ResourceType": "vpc", "Tags": tags}]
    made = ec2.create_vpc(CidrBlock="10.5.0.0/24", TagSpecifications=specification)
    return str(made["Vpc"]["VpcId"])


def test_another_stacks_resources_are_left_out(ec2: Ec2) -> None:
    mine = vpc(ec2, MINE)
    vpc(ec2, [MINE[0], {"Key": "stack", "Value": "prod"}])
    vpc(ec2, [MINE[1], {"Key": "Name", "Value": "calls"}])
    assert [one.id for one in tagged(ec2, "calls", "dev")] == [mine]


def test_a_terminated_instance_is_left_out_though_it_keeps_its_tags(ec2: Ec2) -> None:
    name = {"Key": "Name", "Value": "calls-dev-node-1"}
    image = ec2.register_image(Name="ubuntu", RootDeviceName="/dev/sda1")["ImageId"]
    made = ec2.run_instances(
        ImageId=image,
        MinCount=2,
        MaxCount=2,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [*MINE, name]}],
    )
    gone, there = [instance["InstanceId"] for instance in made["Instances"]]
    ec2.terminate_instances(InstanceIds=[gone])
    [found] = tagged(ec2, "calls", "dev")
    assert found.id == there
    assert found.tags == {"project": "calls", "stack": "dev", "Name": "calls-dev-node-1"}


def test_a_thing_that_is_gone_is_left_out_though_its_tags_are_still_listed(ec2: Ec2) -> None:
    subnet = ec2.create_subnet(VpcId=vpc(ec2, []), CidrBlock="10.5.0.0/24")["Subnet"]["SubnetId"]
    specification = [{"ResourceType": "network-interface", "Tags": MINE}]
    gone, there = (
        ec2.create_network_interface(SubnetId=subnet, TagSpecifications=specification)[
            "NetworkInterface"
        ]["NetworkInterfaceId"]
        for _ in range(2)
    )
    ec2.delete_network_interface(NetworkInterfaceId=gone)
    assert gone in {tag["ResourceId"] for tag in ec2.describe_tags()["Tags"]}
    assert [one.id for one in tagged(ec2, "calls", "dev")] == [there]


def test_a_route_and_an_association_are_found_by_their_place(ec2: Ec2) -> None:
    network = vpc(ec2, MINE)
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.5.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"]
    route = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0"}
    association = {"routeTableId": table, "subnetId": subnet}

    def look() -> list[str | None]:
        pending = [(ROUTE, route), (ASSOCIATION, association)]
        return [untagged(ec2, {"type": type_, "inputs": inputs}) for type_, inputs in pending]

    before = look()
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    made = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    assert before == ["", ""]
    assert look() == [f"r-{table}1080289494", made]


def test_data_volumes_are_found_and_root_volumes_go_with_their_instances(ec2: Ec2) -> None:
    for name in ("calls-dev-base", "calls-dev-base-data"):
        tags = [*MINE, {"Key": "Name", "Value": name}]
        ec2.create_volume(
            AvailabilityZone="eu-west-1a",
            Size=10,
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
        )
    [found] = tagged(ec2, "calls", "dev")
    assert found.tags["Name"] == "calls-dev-base-data"
    image = ec2.register_image(Name="ubuntu", RootDeviceName="/dev/sda1")["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    inputs = {"deviceName": "/dev/sdf", "instanceId": made["InstanceId"], "volumeId": found.id}
    resource = {"type": "aws:ec2/volumeAttachment:VolumeAttachment", "inputs": inputs}
    assert untagged(ec2, resource) == ""
    ec2.attach_volume(Device="/dev/sdf", InstanceId=made["InstanceId"], VolumeId=found.id)
    attached = untagged(ec2, resource)
    assert attached
    assert attached.startswith("vai-")


def test_what_cannot_be_looked_for_is_unknown(ec2: Ec2) -> None:
    assert untagged(ec2, {"type": "aws:s3/bucket:Bucket", "inputs": {}}) is None
