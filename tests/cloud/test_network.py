"""Who reaches whom: security groups, public addresses, and nothing outside of the lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.cloud.facts import API_ADDRESS, API_PORT, MIRROR_ADDRESS, OPERATOR_ADDRESS
from tests.cloud.aws_operator import SSH_FROM_WORLD, WORLD, Desk, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("cloud")]


@pytest.fixture(scope="module")
def _machines(_session_desk: Desk) -> Iterator[tuple[Machine, Machine]]:
    machines = _session_desk.launch(wait=False), _session_desk.launch(wait=False)
    for machine in machines:
        _session_desk.wait_for_login(machine)
    yield machines
    for machine in machines:
        _session_desk.terminate(machine)


@pytest.fixture
def pair(desk: Desk, _machines: tuple[Machine, Machine]) -> tuple[Machine, Machine]:
    """Two machines that nobody may connect to yet."""
    for machine in _machines:
        machine.group_id = desk.new_group()
        desk.aws(
            "modify_network_interface_attribute",
            NetworkInterfaceId=machine.interface_id,
            Groups=[machine.group_id],
        )
    return _machines


def test_ports_are_closed_until_a_rule_opens_them(
    desk: Desk, pair: tuple[Machine, Machine]
) -> None:
    machine, neighbour = pair
    rule = SSH_FROM_WORLD | {"IpRanges": [{"CidrIp": f"{OPERATOR_ADDRESS}/32"}]}
    assert desk.probe(machine.public_ip, 22) == "lost"
    desk.allow(machine.group_id, rule)
    assert desk.probe(machine.public_ip, 22) == "open"
    assert desk.probe(machine.private_ip, 22, neighbour) == "lost"
    desk.aws("revoke_security_group_ingress", GroupId=machine.group_id, IpPermissions=[rule])
    assert desk.probe(machine.public_ip, 22) == "lost"


def test_a_rule_for_a_group_lets_its_members_in(desk: Desk, pair: tuple[Machine, Machine]) -> None:
    machine, neighbour = pair
    assert desk.probe(machine.private_ip, 22, neighbour) == "lost"
    desk.allow(
        machine.group_id,
        SSH_FROM_WORLD | {"UserIdGroupPairs": [{"GroupId": neighbour.group_id}]},
    )
    assert desk.probe(machine.private_ip, 22, neighbour) == "open"
    assert desk.probe(machine.public_ip, 22) == "lost"


def test_an_open_port_where_nothing_listens_refuses(
    desk: Desk, pair: tuple[Machine, Machine]
) -> None:
    machine, _ = pair
    desk.allow(
        machine.group_id,
        {"IpProtocol": "tcp", "FromPort": 40000, "ToPort": 65535} | WORLD,
    )
    assert desk.probe(machine.public_ip, 65535) == "refused"
    assert desk.probe(machine.public_ip, 39999) == "lost"


def test_nothing_leaves_without_a_rule(desk: Desk, pair: tuple[Machine, Machine]) -> None:
    machine, _ = pair
    assert desk.probe(MIRROR_ADDRESS, 443, machine) == "open"
    everything = {"IpProtocol": "-1"} | WORLD
    desk.aws("revoke_security_group_egress", GroupId=machine.group_id, IpPermissions=[everything])
    assert desk.probe(MIRROR_ADDRESS, 443, machine) == "lost"


def test_echo_requests_are_answered_only_by_rule(desk: Desk, pair: tuple[Machine, Machine]) -> None:
    machine, neighbour = pair
    ping = ["python3", "-c", _PING, machine.private_ip]
    control = desk.supervisor.control
    assert control.exec(neighbour.instance_id, ping).status == 1
    desk.allow(machine.group_id, {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1} | WORLD)
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
    desk: Desk, pair: tuple[Machine, Machine]
) -> None:
    machine, neighbour = pair
    desk.allow(
        machine.group_id,
        SSH_FROM_WORLD | {"IpRanges": [{"CidrIp": f"{neighbour.public_ip}/32"}]},
    )
    assert desk.probe(machine.public_ip, 22, neighbour) == "open"
    assert desk.probe(machine.private_ip, 22, neighbour) == "lost"


def test_a_machine_reaches_itself_by_its_public_address(
    desk: Desk, pair: tuple[Machine, Machine]
) -> None:
    machine, _ = pair
    desk.allow(machine.group_id, SSH_FROM_WORLD | WORLD)
    assert desk.probe(machine.public_ip, 22, machine) == "open"
    assert desk.probe("127.0.0.1", 22, machine) == "open"


def test_the_public_address_can_be_taken_away(desk: Desk, machine: Machine) -> None:
    other = desk.launch()
    assert desk.probe(other.public_ip, 22) == "open"
    desk.aws("disassociate_address", PublicIp=other.public_ip)
    assert desk.probe(other.public_ip, 22) == "lost"
    assert desk.probe(other.private_ip, 22, machine) == "open"
    desk.terminate(other)


def test_a_machine_without_a_public_address_has_no_way_out(desk: Desk, machine: Machine) -> None:
    inner = desk.launch(public=False)
    assert desk.probe(MIRROR_ADDRESS, 443, inner) == "lost"
    assert desk.probe(machine.private_ip, 22, inner) == "open"
    assert desk.probe(inner.private_ip, 22, machine) == "open"
    desk.terminate(inner)


def test_subnets_of_a_vpc_reach_each_other(desk: Desk, machine: Machine) -> None:
    other = desk.launch(subnet=desk.new_subnet("10.5.9.0/24"))
    assert desk.probe(other.private_ip, 22, machine) == "open"
    assert desk.probe(machine.private_ip, 22, other) == "open"
    desk.terminate(other)


def test_private_addresses_are_out_of_reach_from_outside(desk: Desk, machine: Machine) -> None:
    assert desk.probe(machine.public_ip, 22) == "open"
    assert desk.probe(machine.private_ip, 22) == "lost"


def test_machines_reach_neither_the_api_nor_a_real_network(desk: Desk, machine: Machine) -> None:
    assert desk.probe(MIRROR_ADDRESS, 443, machine) == "open"
    assert desk.probe(API_ADDRESS, API_PORT, machine) == "lost"
    assert desk.probe("192.0.2.1", 443, machine) == "lost"
    assert desk.probe("192.0.2.1", 443) == "lost"


def test_names_follow_the_base(desk: Desk, machine: Machine) -> None:
    control = desk.supervisor.control
    control.set_dns("openvidu.example.io", "base")
    lookup = "getent hosts openvidu.example.io || echo none"
    assert desk.run(machine, lookup) == "none\n"
    base = desk.launch("base", role="base", wait=False)
    assert desk.run(machine, lookup).split()[0] == base.public_ip
    assert control.dns() == {"openvidu.example.io": "base"}
    desk.terminate(base)
    assert desk.run(machine, lookup) == "none\n"
    control.set_dns("openvidu.example.io", None)


def test_names_come_from_route_53(desk: Desk, machine: Machine) -> None:
    zone = desk.aws(
        "create_hosted_zone", "route53", Name="example.org", CallerReference="of a test"
    )["HostedZone"]["Id"]
    record = {
        "Name": "call.example.org",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "203.0.113.99"}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    desk.aws(
        "change_resource_record_sets",
        "route53",
        HostedZoneId=zone,
        ChangeBatch={"Changes": changes},
    )
    assert desk.run(machine, "getent hosts call.example.org").split()[0] == "203.0.113.99"
