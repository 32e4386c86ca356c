"""An operator's means in a lab: AWS calls, SSH, and a look at ports."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.cloud import launch
from lab.cloud.launch import Supervisor

STAND_INS = "lab.tests.cloud.stand_ins"
SSH_FROM_WORLD = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
WORLD = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
LIMIT_SECONDS = 60

_PROBE = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.7).close()
except ConnectionRefusedError:
    sys.exit("refused")
except OSError as error:
    sys.exit(f"lost: {error}")
"""


class AwsError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Machine:
    """A launched instance."""

    instance_id: str
    interface_id: str
    group_id: str
    private_ip: str
    public_ip: str | None
    allocation_id: str | None


@dataclass
class AwsOperator:
    supervisor: Supervisor
    folder: Path
    worker: subprocess.Popen[str]
    subnet: str = ""
    vpc: str = ""
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def aws(self, method: str, service: str = "ec2", **arguments: Any) -> Any:
        assert self.worker.stdin
        assert self.worker.stdout
        call = {"service": service, "method": method, "arguments": arguments}
        self.worker.stdin.write(json.dumps(call) + "\n")
        self.worker.stdin.flush()
        found = json.loads(self.worker.stdout.readline())
        if "code" in found:
            raise AwsError(found["code"], found["message"])
        return found["answer"]

    def set_up(self) -> None:
        """A VPC with a subnet that leads to the internet, and a key pair."""
        self.vpc = self.aws("create_vpc", CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.new_subnet("10.5.0.0/24")
        gateway = self.aws("create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
        self.aws("attach_internet_gateway", InternetGatewayId=gateway, VpcId=self.vpc)
        tables = self.aws(
            "describe_route_tables", Filters=[{"Name": "vpc-id", "Values": [self.vpc]}]
        )
        self.aws(
            "create_route",
            RouteTableId=tables["RouteTables"][0]["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=gateway,
        )
        key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        public = key.with_suffix(".pub").read_text()
        self.aws("import_key_pair", KeyName="key", PublicKeyMaterial=public)

    def new_subnet(self, cidr: str) -> str:
        found = self.aws(
            "create_subnet", VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone="eu-west-1b"
        )
        return str(found["Subnet"]["SubnetId"])

    def new_group(self, *rules: dict[str, Any]) -> str:
        group: str = self.aws(
            "create_security_group",
            GroupName=f"group-{next(self._names)}",
            Description="of a test",
            VpcId=self.vpc,
        )["GroupId"]
        if rules:
            self.allow(group, *rules)
        return group

    def allow(self, group: str, *rules: dict[str, Any]) -> None:
        self.aws("authorize_security_group_ingress", GroupId=group, IpPermissions=list(rules))

    def image(self) -> str:
        found = self.aws("describe_images", Owners=["099720109477"])["Images"]
        return str(next(i["ImageId"] for i in found if i["Architecture"] == "x86_64"))

    def launch(
        self,
        name: str = "",
        *,
        role: str = "node",
        public: bool = True,
        user_data: str = "",
        rules: tuple[dict[str, Any], ...] = (SSH_FROM_WORLD | WORLD,),
        subnet: str = "",
        private_ip: str = "",
        image: str = "",
        wait: bool = True,
    ) -> Machine:
        """Launch an instance as the program does: interface first, then address, then instance."""
        group = self.new_group(*rules)
        wanted = {"PrivateIpAddress": private_ip} if private_ip else {}
        interface = self.aws(
            "create_network_interface", SubnetId=subnet or self.subnet, Groups=[group], **wanted
        )["NetworkInterface"]
        interface_id, private_ip = interface["NetworkInterfaceId"], interface["PrivateIpAddress"]
        address: dict[str, str] = {}
        if public:
            address = self.aws("allocate_address", Domain="vpc")
            self.aws(
                "associate_address",
                AllocationId=address["AllocationId"],
                NetworkInterfaceId=interface_id,
            )
        tags = {"Name": name or f"machine-{next(self._names)}", "role": role}
        started = self.aws(
            "run_instances",
            ImageId=image or self.image(),
            InstanceType="c5.2xlarge",
            KeyName="key",
            MinCount=1,
            MaxCount=1,
            UserData=user_data,
            NetworkInterfaces=[{"NetworkInterfaceId": interface_id, "DeviceIndex": 0}],
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
            ],
        )["Instances"][0]
        machine = Machine(
            started["InstanceId"],
            interface_id,
            group,
            private_ip,
            address.get("PublicIp"),
            address.get("AllocationId"),
        )
        if wait:
            self.wait_for_login(machine)
        return machine

    def terminate(self, machine: Machine) -> None:
        self.aws("terminate_instances", InstanceIds=[machine.instance_id])
        self.wait_for_state(machine, "terminated")

    def state(self, machine: Machine) -> str:
        found = self.aws("describe_instances", InstanceIds=[machine.instance_id])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def wait_for_state(self, machine: Machine, state: str) -> None:
        wait_until(lambda: self.state(machine) == state, f"{machine.instance_id} is {state}")

    def console(self, machine: Machine) -> str:
        found = self.aws("get_console_output", InstanceId=machine.instance_id, Latest=True)
        return str(found.get("Output", ""))

    def wait_for_login(self, machine: Machine, times: int = 1) -> None:
        wait_until(
            lambda: self.console(machine).count(" login:") >= times,
            f"{machine.instance_id} has booted {times} times",
        )

    def run(self, machine: Machine, script: str) -> str:
        """What a shell script prints on a machine, run as root without SSH."""
        done = self.supervisor.control.exec(machine.instance_id, ["sh", "-c", script])
        assert done.status == 0, done.stderr
        return done.stdout

    def ssh(self, machine: Machine, script: str) -> subprocess.CompletedProcess[str]:
        """Log in by SSH; the host key has to be the one on the console."""
        keys = [
            line for line in self.console(machine).splitlines() if line.startswith("ssh-ed25519 ")
        ]
        known = self.folder / "known_hosts"
        known.write_text(f"{machine.public_ip} {keys[-1]}\n")
        options = ["-F", "none", "-i", str(self.folder / "key"), "-o", "ConnectTimeout=3"]
        options += ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
        return subprocess.run(
            self.supervisor.enter(["ssh", *options, f"ubuntu@{machine.public_ip}", script]),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def probe(self, address: str | None, port: int, origin: Machine | None = None) -> str:
        """How a TCP port looks from here, or from a machine: open, refused or lost."""
        command = ["python3", "-c", _PROBE, str(address), str(port)]
        if origin:
            done = self.supervisor.control.exec(origin.instance_id, command)
            said, status = done.stderr, done.status
        else:
            seen = subprocess.run(
                self.supervisor.enter(command), capture_output=True, text=True, check=False
            )
            said, status = seen.stderr, seen.returncode
        return "open" if status == 0 else said.strip().partition(":")[0]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < limit, f"waited {LIMIT_SECONDS} s until {what}"
        time.sleep(0.03)


@contextmanager
def open_desk(folder: Path) -> Iterator[AwsOperator]:
    """A lab that is started, with an operator in it, and stopped in the end."""
    supervisor = launch.start(folder / "lab", boot_seconds=0.1, image=STAND_INS, services=STAND_INS)
    worker = subprocess.Popen(
        supervisor.enter([sys.executable, "-m", "lab.tests.cloud.operator"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        operator = AwsOperator(supervisor, folder, worker)
        operator.set_up()
        yield operator
    finally:
        worker.kill()
        worker.communicate()
        supervisor.stop()
