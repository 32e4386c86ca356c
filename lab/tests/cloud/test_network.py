"""Who reaches whom: security groups, public addresses, and nothing outside of the lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.cloud.facts import API_ADDRESS, API_PORT, MIRROR_ADDRESS, OPERATOR_ADDRESS
from lab.tests.cloud.aws_operator import SSH_FROM_WORLD, WORLD, AwsOperator, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("cloud")]


@pytest.fixture(scope="module")
def _machines(_session_desk: AwsOperator) -> Iterator[tuple[Machine, Machine]]:
    machines = _session_desk.launch(wait=False), _session_desk.launch(wait=False)
    for machine in machines:
        _session_desk.wait_for_login(machine)
    yield machines
    for machine in machines:
        _session_desk.terminate(machine)


@pytest.fixture
def pair(operator: AwsOperator, _machines: tuple[Machine, Machine]) -> tuple[Machine, Machine]:
    """Two machines that nobody may connect to yet."""
    for machine in _machines:
        machine.group_id = operator.new_group()
        operator.aws(
            "modify_network_interface_attribute",
            NetworkInterfaceId=machine.interface_id,
            Groups=[machine.group_id],
        )
    return _machines


def test_ports_are_closed_until_a_rule_opens_them(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, neighbour = pair
    rule = SSH_FROM_WORLD | {"IpRanges": [{"CidrIp": f"{OPERATOR_ADDRESS}/32"}]}
    assert operator.probe(machine.public_ip, 22) == "lost"
    operator.allow(machine.group_id, rule)
    assert operator.probe(machine.public_ip, 22) == "open"
    assert operator.probe(machine.private_ip, 22, neighbour) == "lost"
    operator.aws("revoke_security_group_ingress", GroupId=machine.group_id, IpPermissions=[rule])
    assert operator.probe(machine.public_ip, 22) == "lost"


def test_a_rule_for_a_group_lets_its_members_in(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, neighbour = pair
    assert operator.probe(machine.private_ip, 22, neighbour) == "lost"
    operator.allow(
        machine.group_id,
        SSH_FROM_WORLD | {"UserIdGroupPairs": [{"GroupId": neighbour.group_id}]},
    )
    assert operator.probe(machine.private_ip, 22, neighbour) == "open"
    assert operator.probe(machine.public_ip, 22) == "lost"


def test_an_open_port_where_nothing_listens_refuses(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, _ = pair
    operator.allow(
        machine.group_id,
        {"IpProtocol": "tcp", "FromPort": 40000, "ToPort": 65535} | WORLD,
    )
    assert operator.probe(machine.public_ip, 65535) == "refused"
    assert operator.probe(machine.public_ip, 39999) == "lost"


def test_nothing_leaves_without_a_rule(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, _ = pair
    assert operator.probe(MIRROR_ADDRESS, 443, machine) == "open"
    everything = {"IpProtocol": "-1"} | WORLD
    operator.aws(
        "revoke_security_group_egress", GroupId=machine.group_id, IpPermissions=[everything]
    )
    assert operator.probe(MIRROR_ADDRESS, 443, machine) == "lost"


def test_echo_requests_are_answered_only_by_rule(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, neighbour = pair
    ping = ["python3", "-c", _PING, machine.private_ip]
    control = operator.supervisor.control
    assert control.exec(neighbour.instance_id, ping).status == 1
    operator.allow(machine.group_id, {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1} | WORLD)
    assert control.exec(neighbour.instance_id, ping).status == 0


_PING = """
import socket, struct, sys
link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
link.settimeout(0.7)
head = struct.pack("!BBHHH", 8, 0, 0xF7FD, 1, 1)
link.sendto(head, (sys.argv[1], 0))
try:
    while link.recv(100)[20] != 0:
        pass
except TimeoutError:
    sys.exit(1)
"""


def test_a_machine_is_seen_under_its_public_address(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, neighbour = pair
    operator.allow(
        machine.group_id,
        SSH_FROM_WORLD | {"IpRanges": [{"CidrIp": f"{neighbour.public_ip}/32"}]},
    )
    assert operator.probe(machine.public_ip, 22, neighbour) == "open"
    assert operator.probe(machine.private_ip, 22, neighbour) == "lost"


def test_a_machine_reaches_itself_by_its_public_address(
    operator: AwsOperator, pair: tuple[Machine, Machine]
) -> None:
    machine, _ = pair
    operator.allow(machine.group_id, SSH_FROM_WORLD | WORLD)
    assert operator.probe(machine.public_ip, 22, machine) == "open"
    assert operator.probe("127.0.0.1", 22, machine) == "open"


def test_the_public_address_can_be_taken_away(operator: AwsOperator, machine: Machine) -> None:
    other = operator.launch()
    assert operator.probe(other.public_ip, 22) == "open"
    operator.aws("disassociate_address", PublicIp=other.public_ip)
    assert operator.probe(other.public_ip, 22) == "lost"
    assert operator.probe(other.private_ip, 22, machine) == "open"
    operator.terminate(other)


def test_a_machine_without_a_public_address_has_no_way_out(
    operator: AwsOperator, machine: Machine
) -> None:
    inner = operator.launch(public=False)
    assert operator.probe(MIRROR_ADDRESS, 443, inner) == "lost"
    assert operator.probe(machine.private_ip, 22, inner) == "open"
    assert operator.probe(inner.private_ip, 22, machine) == "open"
    operator.terminate(inner)


def test_subnets_of_a_vpc_reach_each_other(operator: AwsOperator, machine: Machine) -> None:
    other = operator.launch(subnet=operator.new_subnet("10.5.9.0/24"))
    assert operator.probe(other.private_ip, 22, machine) == "open"
    assert operator.probe(machine.private_ip, 22, other) == "open"
    operator.terminate(other)


def test_private_addresses_are_out_of_reach_from_outside(
    operator: AwsOperator, machine: Machine
) -> None:
    assert operator.probe(machine.public_ip, 22) == "open"
    assert operator.probe(machine.private_ip, 22) == "lost"


def test_machines_reach_neither_the_api_nor_a_real_network(
    operator: AwsOperator, machine: Machine
) -> None:
    assert operator.probe(MIRROR_ADDRESS, 443, machine) == "open"
    assert operator.probe(API_ADDRESS, API_PORT, machine) == "lost"
    assert operator.probe("192.0.2.1", 443, machine) == "lost"
    assert operator.probe("192.0.2.1", 443) == "lost"


def test_names_follow_the_base(operator: AwsOperator, machine: Machine) -> None:
    control = operator.supervisor.control
    control.set_dns("openvidu.example.io", "base")
    lookup = "getent hosts openvidu.example.io || echo none"
    assert operator.run(machine, lookup) == "none\n"
    base = operator.launch("base", role="base", wait=False)
    assert operator.run(machine, lookup).split()[0] == base.public_ip
    assert control.dns() == {"openvidu.example.io": "base"}
    operator.terminate(base)
    assert operator.run(machine, lookup) == "none\n"
    control.set_dns("openvidu.example.io", None)


def test_names_come_from_route_53(operator: AwsOperator, machine: Machine) -> None:
    zone = operator.aws(
        "create_hosted_zone", "route53", Name="example.org", CallerReference="of a test"
    )["HostedZone"]["Id"]
    record = {
        "Name": "call.example.org",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "203.0.113.99"}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    operator.aws(
        "change_resource_record_sets",
        "route53",
        HostedZoneId=zone,
        ChangeBatch={"Changes": changes},
    )
    assert operator.run(machine, "getent hosts call.example.org").split()[0] == "203.0.113.99"
