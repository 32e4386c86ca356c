"""Machines boot, can be logged in to, and live through what happens to machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.cloud.control.client import ControlError
from lab.cloud.facts import PROJECT
from lab.tests.cloud.aws_operator import AwsOperator, Machine, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("cloud")]


def test_login_with_the_key_pair_and_the_host_key_of_the_console(
    operator: AwsOperator, machine: Machine
) -> None:
    done = operator.ssh(machine, "whoami; sudo whoami; hostname; sudo hostname")
    name = "ip-" + machine.private_ip.replace(".", "-")
    assert (done.stdout.split(), done.stderr) == (["ubuntu", "root", name, name], "")


def test_the_console_has_three_kinds_of_host_keys(operator: AwsOperator, machine: Machine) -> None:
    printed = operator.console(machine)
    block = printed.split("-----BEGIN SSH HOST KEY KEYS-----\n")[1]
    keys = block.split("-----END SSH HOST KEY KEYS-----")[0].splitlines()
    assert [key.split()[0] for key in keys] == ["ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa"]


def test_a_machine_looks_like_ubuntu(operator: AwsOperator, machine: Machine) -> None:
    assert "ID=ubuntu" in operator.run(machine, "cat /etc/os-release").split()
    people = "awk -F: '$3 >= 1000 && $3 < 60000 {print $1}' /etc/passwd"
    assert operator.run(machine, people).split() == ["ubuntu"]
    assert operator.run(machine, "cut -d: -f2 /etc/shadow | sort -u").split() == ["*"]


def test_a_machine_sees_the_project_but_no_labs(operator: AwsOperator, machine: Machine) -> None:
    assert operator.run(machine, f"ls {PROJECT}/pyproject.toml")
    lab = operator.supervisor.directory
    assert operator.run(machine, f"ls {lab} 2>/dev/null | wc -l").strip() == "0"
    python, project = operator.run(machine, "cat /etc/lab-python").split()
    assert operator.run(machine, f"cd {project} && {python} -c 'import lab.cloud, yaml; print(1)'")


def test_a_machine_trusts_the_labs_authority(operator: AwsOperator, machine: Machine) -> None:
    ca = (operator.supervisor.directory / "ca" / "ca.pem").read_text()
    assert ca.strip() in operator.run(machine, "cat /etc/ssl/certs/ca-certificates.crt")


def test_user_data_runs_once_and_boot_commands_at_each_boot(operator: AwsOperator) -> None:
    machine = operator.launch(user_data="#!/bin/sh\necho ran-user-data | tee -a /var/log/user\n")
    assert "ran-user-data" in operator.console(machine)
    operator.aws("reboot_instances", InstanceIds=[machine.instance_id])
    operator.wait_for_login(machine, times=2)
    wait_until(lambda: len(operator.run(machine, "cat /var/log/boots").split()) == 2, "it booted")
    assert operator.run(machine, "cat /var/log/user") == "ran-user-data\n"
    operator.terminate(machine)


def test_a_reboot_keeps_disk_address_and_host_key(operator: AwsOperator) -> None:
    machine = operator.launch()
    operator.run(machine, "echo kept > /opt/file; echo lost > /tmp/file")
    before = operator.run(machine, "cat /etc/ssh/*.pub; ip -o addr show eth0; cat /etc/machine-id")
    operator.supervisor.control.reboot_host(machine.instance_id)
    operator.wait_for_login(machine, times=2)
    assert operator.run(machine, "cat /opt/file; ls /tmp/file || true") == "kept\n"
    after = operator.run(machine, "cat /etc/ssh/*.pub; ip -o addr show eth0; cat /etc/machine-id")
    assert after.split()[:9] == before.split()[:9]
    wait_until(lambda: operator.ssh(machine, "true").returncode == 0, "it can be logged in to")
    operator.terminate(machine)


def test_stop_and_start_keep_the_disk(operator: AwsOperator) -> None:
    machine = operator.launch()
    operator.run(machine, "echo kept > /opt/file")
    operator.aws("stop_instances", InstanceIds=[machine.instance_id])
    operator.wait_for_state(machine, "stopped")
    with pytest.raises(ControlError, match="doesn't run"):
        operator.run(machine, "true")
    operator.aws("start_instances", InstanceIds=[machine.instance_id])
    operator.wait_for_login(machine, times=2)
    assert operator.run(machine, "cat /opt/file") == "kept\n"
    operator.terminate(machine)


def test_a_machine_from_an_image_has_its_disk_and_its_own_identity(operator: AwsOperator) -> None:
    first = operator.launch()
    keep = "ls /etc/ssh/*.pub; cat /etc/machine-id"
    operator.run(first, "echo ours > /opt/kept; mkdir /srv/kept; rm /etc/os-release")
    operator.run(first, "echo secret > /root/.bash_history; : > /etc/machine-id")
    before = operator.run(first, "cat /etc/ssh/ssh_host_ed25519_key.pub")
    operator.aws("stop_instances", InstanceIds=[first.instance_id])
    operator.wait_for_state(first, "stopped")
    image = operator.aws("create_image", InstanceId=first.instance_id, Name="kept")["ImageId"]
    asked = {"ImageIds": [image]}
    wait_until(
        lambda: operator.aws("describe_images", **asked)["Images"][0]["State"] == "available",
        f"{image} is available",
    )
    operator.terminate(first)

    second = operator.launch(image=image)
    assert operator.ssh(second, "cat /opt/kept; ls -d /srv/kept").stdout == "ours\n/srv/kept\n"
    assert operator.run(second, "cat /root/.bash_history") == "secret\n"
    assert operator.run(second, "ls /opt") == "kept\n"
    assert operator.run(second, "cat /etc/ssh/ssh_host_ed25519_key.pub") != before
    assert len(operator.run(second, keep).split()[-1]) == 32


def test_termination_frees_the_interface_for_the_next_machine(operator: AwsOperator) -> None:
    machine = operator.launch()
    operator.terminate(machine)
    found = operator.aws("describe_network_interfaces", NetworkInterfaceIds=[machine.interface_id])
    assert found["NetworkInterfaces"][0]["Status"] == "available"
    host = next(
        host
        for host in operator.supervisor.control.hosts()
        if host.instance_id == machine.instance_id
    )
    assert (host.running, host.pid, host.state, host.private_ip) == (False, None, "terminated", "")


def test_a_crashed_machine_is_still_running_for_ec2(operator: AwsOperator) -> None:
    machine = operator.launch()
    assert operator.probe(machine.public_ip, 22) == "open"
    operator.supervisor.control.kill_host(machine.instance_id)
    assert operator.probe(machine.public_ip, 22) == "lost"
    assert operator.state(machine) == "running"
    operator.supervisor.control.reboot_host(machine.instance_id)
    operator.wait_for_login(machine, times=2)
    operator.terminate(machine)


def status(operator: AwsOperator, machine: Machine) -> dict[str, Any]:
    """What EC2 says of a machine: state, both checks, codes of events."""
    [told] = operator.aws(
        "describe_instance_status", InstanceIds=[machine.instance_id], IncludeAllInstances=True
    )["InstanceStatuses"]
    return {
        "state": told["InstanceState"]["Name"],
        "host": told["SystemStatus"]["Status"],
        "machine": told["InstanceStatus"]["Status"],
        "events": [one["Code"] for one in told.get("Events", [])],
    }


def test_ec2s_checks_and_events_follow_the_machine(operator: AwsOperator) -> None:
    well = {"state": "running", "host": "ok", "machine": "ok", "events": []}
    machine = operator.launch("to-check")
    assert status(operator, machine) == well
    operator.supervisor.control.kill_host(machine.instance_id)
    assert status(operator, machine) == {**well, "machine": "impaired"}
    operator.aws("reboot_instances", InstanceIds=[machine.instance_id])
    operator.wait_for_login(machine, times=2)
    assert status(operator, machine) == well
    operator.supervisor.control.exec(machine.instance_id, ["ip", "link", "set", "eth0", "down"])
    assert status(operator, machine) == {**well, "machine": "impaired"}
    operator.supervisor.control.exec(machine.instance_id, ["ip", "link", "set", "eth0", "up"])
    assert status(operator, machine) == well
    operator.supervisor.control.fault("retire-host", host="to-check")
    assert status(operator, machine) == {**well, "events": ["instance-retirement"]}
    operator.aws("stop_instances", InstanceIds=[machine.instance_id])
    operator.wait_for_state(machine, "stopped")
    assert status(operator, machine)["machine"] == "not-applicable"
    operator.aws("start_instances", InstanceIds=[machine.instance_id])
    operator.wait_for_login(machine, times=3)
    assert status(operator, machine) == well
    operator.terminate(machine)


@pytest.mark.parametrize(("how", "state"), [("stop", "stopped"), ("terminate", "terminated")])
def test_a_lost_machine_is_what_ec2_says(operator: AwsOperator, how: str, state: str) -> None:
    machine = operator.launch()
    operator.supervisor.control.kill_host(machine.instance_id, how)
    assert operator.state(machine) == state
    operator.terminate(machine)


def test_a_machine_can_be_lost_later(operator: AwsOperator) -> None:
    machine = operator.launch("to-lose")
    operator.supervisor.control.fault("lose-host", host="to-lose", how="terminate", after=0.1)
    operator.wait_for_state(machine, "terminated")


def test_a_boot_can_take_longer(operator: AwsOperator) -> None:
    operator.supervisor.control.fault("boot-delay", seconds=1, host="late")
    machine = operator.launch("late", wait=False)
    operator.wait_for_state(machine, "running")
    assert operator.console(machine) == ""
    assert operator.probe(machine.public_ip, 22) == "lost"
    operator.wait_for_login(machine)
    operator.terminate(machine)


def test_a_machine_that_powers_off_is_stopped(operator: AwsOperator) -> None:
    machine = operator.launch()
    operator.supervisor.control.exec(machine.instance_id, ["kill", "-TERM", "1"])
    operator.wait_for_state(machine, "stopped")
    operator.terminate(machine)


def test_what_a_command_leaves_running_lives_on(operator: AwsOperator, machine: Machine) -> None:
    control = operator.supervisor.control
    done = control.exec(machine.instance_id, ["sh", "-c", "sleep 97 & cat"], stdin="typed")
    assert (done.status, done.stdout) == (0, "typed")
    # The shell may be about to begin it.
    end = ["pkill", "-x", "sleep"]
    wait_until(lambda: control.exec(machine.instance_id, end).status == 0, "what it left ran")


def test_a_disk_can_be_full(operator: AwsOperator) -> None:
    machine = operator.launch()
    control = operator.supervisor.control
    done = control.exec(machine.instance_id, ["sh", "-c", "head -c 600M /dev/zero > /opt/full"])
    assert "No space left on device" in done.stderr
    operator.terminate(machine)


def test_an_address_that_another_machine_had_is_the_new_ones_at_once(
    operator: AwsOperator, machine: Machine
) -> None:
    before = operator.launch()
    hello = f"timeout 5 bash -c 'read -r line </dev/tcp/{before.private_ip}/22; echo $line'"
    assert operator.run(machine, hello).startswith("SSH-")
    operator.terminate(before)
    operator.aws("delete_network_interface", NetworkInterfaceId=before.interface_id)
    after = operator.launch(private_ip=before.private_ip)
    assert operator.run(machine, hello).startswith("SSH-")
    operator.terminate(after)


def test_why_a_machine_could_not_start_is_told(operator: AwsOperator) -> None:
    first = operator.launch(public=False)
    other = replace(
        operator, vpc=operator.aws("create_vpc", CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    )
    second = other.launch(subnet=other.new_subnet("10.5.0.0/24"), public=False, wait=False)
    operator.wait_for_state(second, "terminated")
    (told,) = operator.aws("describe_instances", InstanceIds=[second.instance_id])["Reservations"]
    reason = told["Instances"][0]["StateReason"]
    assert reason["Code"] == "Server.InternalError"
    assert reason["Message"].endswith("a lab routes each address once")
    operator.terminate(first)


def test_the_console_offers_a_login_when_ssh_answers(operator: AwsOperator) -> None:
    machine = operator.launch()
    operator.run(
        machine, "mkfifo /etc/ssh/slow; sed -i '1i Include /etc/ssh/slow' /etc/ssh/sshd_config"
    )
    operator.supervisor.control.reboot_host(machine.instance_id)
    control = operator.supervisor.control
    wait_until(
        lambda: control.exec(machine.instance_id, ["pgrep", "-x", "sshd"]).status == 0,
        "sshd reads its configuration",
    )
    assert operator.console(machine).count(" login:") == 1
    operator.run(machine, "timeout 5 sh -c ': > /etc/ssh/slow'")
    operator.wait_for_login(machine, times=2)
    assert operator.probe(machine.public_ip, 22) == "open"
    operator.terminate(machine)
