"""What operators ask of a deployment: how it is, its logs, a report."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

import pytest

from openvidu import environment
from tests.lab.conftest import Completed, Lab, needs_cli
from tests.lab.watching import require_all_ended, start_calls

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("example")]


def asked(lab: Lab, module: str, *arguments: str) -> Completed:
    return lab.run("run", "--", "python", "-m", f"scripts.{module}", *arguments)


def secrets(lab: Lab) -> list[str]:
    values = environment.parse(lab.base_env())
    return [value for name, value in values.items() if "SECRET" in name or "PASSWORD" in name]


def test_a_healthy_cluster_is_shown_as_it_is(cluster: Lab) -> None:
    done = asked(cluster, "status", "--json")
    assert done.status == 0, done.out + done.err
    found = json.loads(done.out)
    assert found["state"] == "UP"
    assert found["loadBalancer"]["nodeIps"] == ["10.5.0.6", "10.5.0.7"]
    assert found["machines"]["node-1"]["state"] == "serving"
    assert found["machines"]["node-1"]["usage"]["memory"] > 0
    assert found["machines"]["base"]["usage"]["containers"] == []
    assert {name: one["is_known"] for name, one in found["services"].items()} == {
        "Elasticsearch": True,
        "Redis": True,
        "MinIO": True,
    }
    assert found["certificateExpires"]
    assert found["remarks"] == []


EXPORTER = """
python -m scripts.exporter & trap 'kill $!' EXIT
until curl --silent http://127.0.0.1:19469/metrics | grep '^openvidu_enterprise_last_look_success'
do kill -0 $! && sleep 1; done >/dev/null
curl --silent --show-error http://127.0.0.1:19469/metrics
"""


def test_prometheus_is_told_what_there_is_and_no_secret(cluster: Lab) -> None:
    done = cluster.run("run", "--", "bash", "-euc", EXPORTER)
    assert done.status == 0, done.out + done.err
    found = set(done.out.replace("openvidu_enterprise_", "").splitlines())
    assert found >= {
        "up 1.0",
        'cluster_health{state="UP"} 1.0',
        'nodes{state="serving"} 2.0',
        'node_up{machine="node-1"} 1.0',
        'calls{machine="node-2"} 0.0',
        'load_balancer_address_serves{address="10.5.0.6",machine="node-1"} 1.0',
        'machine_up{machine="base"} 1.0',
        "last_update_success 1.0",
        "configuration_drift 0.0",
        "remarks 0.0",
    }
    assert "certificate_expiry_timestamp_seconds" in done.out
    assert not [secret for secret in secrets(cluster) if secret in done.out + done.err]


def test_a_call_works_on_each_node_by_each_way(cluster: Lab) -> None:
    # A node loads what passes media on with its first call, which may take a busy computer long.
    asked(cluster, "check_call", "--way", "straight")
    done = asked(cluster, "check_call", "--json")
    assert done.status == 0, done.out + done.err
    assert {(one["check"], one["where"]): one["result"] for one in json.loads(done.out)} == {
        (check, node): "ok"
        for check in ("reached", "straight", "turn-udp", "turn-tcp")
        for node in ("node-1", "node-2")
    }
    assert all(one not in done.out + done.err for one in secrets(cluster))


def test_logs_come_from_the_machine_that_was_named(cluster: Lab) -> None:
    done = asked(cluster, "logs", "node-1", "--service", "replication-manager")
    assert done.status == 0, done.err
    assert "10.5.0.6" in done.out
    unknown = asked(cluster, "logs", "node-7")
    assert unknown.status == 1
    assert "there are: base, node-1, node-2" in unknown.err
    assert asked(cluster, "logs", "node-1", "--service", "x; id").status == 1


def test_logs_of_all_machines_are_merged_by_time(cluster: Lab) -> None:
    done = asked(cluster, "logs", "--all", "--since", "1h")
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert {line.split()[0] for line in lines} == {"base", "node-1", "node-2"}
    times = [line.partition("| ")[2].split()[0] for line in lines]
    assert times == sorted(times)


def test_an_operator_logs_in_on_base_and_nodes(cluster: Lab) -> None:
    for name, address in (("base", "10.5.0.5"), ("node-2", "10.5.0.7")):
        done = asked(cluster, "ssh", name, "--", "ip -brief address; exit 3")
        assert done.status == 3, done.err
        assert f"{address}/" in done.out


def test_a_call_and_the_machine_that_carries_it_are_found_from_each_other(cluster: Lab) -> None:
    cluster.ok("calls", "start", "--media", "0", "--count", "4", "--length", "10m")
    try:
        for node in ("node-1", "node-2"):
            found = json.loads(asked(cluster, "status", node, "--json").out)
            assert found["calls"] == len(found["sessions"]) > 0
            session = found["sessions"][0]
            assert session["participants"] == 2
            assert session["id"] in asked(cluster, "status", node).out
            told = asked(cluster, "status", "--call", session["id"], "--json")
            assert json.loads(told.out)["machine"] == node, told.out + told.err
        assert asked(cluster, "status", "--call", "ses_gone").status == 1
    finally:
        cluster.ok("calls", "stop", "--now")
        cluster.ok("calls", "wait")


def test_what_is_shown_to_replace_a_machine_replaces_it(cluster: Lab) -> None:
    told = asked(cluster, "status", "node-2").out
    urn = re.search(r"pulumi up --replace '(.*)'", told)
    assert urn, told
    shown = cluster.json("run", "--", "pulumi", "preview", "--json", "--replace", urn[1])
    steps = {step["urn"]: step["op"] for step in shown["steps"]}
    assert "replace" in steps[urn[1]]


def test_status_is_the_same_in_the_lab_as_anywhere(cluster: Lab) -> None:
    anywhere, here = asked(cluster, "status").out, cluster.ok("status")
    for told in (anywhere, here):
        assert told.splitlines()[0] == "OpenVidu: UP"
    assert anywhere.splitlines()[1].split() == here.splitlines()[1].split()
    assert "callUrl: https://" in here
    assert "node-1" not in cluster.ok("status", "node-2")


def test_a_report_has_every_machine_and_no_secret(cluster: Lab, tmp_path: Path) -> None:
    file = tmp_path / "incident.tar.gz"
    done = asked(cluster, "report", "--output", str(file))
    assert done.status == 0, done.err
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        names = sorted(archive.getnames())
        assert names == [f"incident/{name}.txt" for name in ("base", "node-1", "node-2")]
        texts = [stream.read().decode() for name in names if (stream := archive.extractfile(name))]
    own = secrets(cluster)
    assert len(own) >= 4
    for text in texts:
        assert "OPENVIDU_SECRET=********" in text
        assert not [secret for secret in own if secret in text]


def test_a_preview_is_summed_up_with_nodes_and_costs(cluster: Lab) -> None:
    cluster.ok("config", "set", "nodeCount", "3")
    told = json.loads(asked(cluster, "preview_summary", "--json").out)
    cluster.ok("config", "set", "nodeCount", "1")
    less = asked(cluster, "preview_summary").out
    cluster.ok("config", "set", "nodeCount", "2")
    assert (told["added"], told["drained"]) == (["node-3"], [])
    assert told["costAnHour"]["after"] > told["costAnHour"]["before"] > 0
    assert "- **drained, then removed**: node-2" in less
    assert "> - node-2 leaves: it carries no calls now." in less
    assert "Nothing changes." in asked(cluster, "preview_summary").out


def test_a_node_in_the_middle_that_is_retired_is_the_only_one_that_changes(cluster: Lab) -> None:
    told = json.loads(asked(cluster, "retire", "node-1", "--json").out)
    assert told == {"leaving": ["node-1"], "nodeCount": 1, "retiredNodes": [1]}
    try:
        steps = cluster.json("preview", "--json")["steps"]
    finally:
        cluster.ok("run", "--", "pulumi", "config", "rm", "retiredNodes")
        cluster.ok("config", "set", "nodeCount", "2")
    names = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}
    changed = {name: op for name, op in names.items() if not name.startswith("openvidu-enterprise")}
    assert changed["node-1-membership"] == "delete"
    assert {(name[:6], op) for name, op in changed.items()} == {("node-1", "delete")}


def test_what_retire_prints_takes_it_back(cluster: Lab) -> None:
    told = asked(cluster, "retire", "node-2")
    back = re.search("To undo it before that: (.*)", told.out + told.err)
    assert back, told.out + told.err
    assert cluster.ok("config", "get", "nodeCount").strip() == "1"
    cluster.ok("run", "--", "bash", "-c", back[1])
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}


@needs_cli
def test_the_policy_pack_passes_what_is_deployed_and_stops_what_is_not_allowed(
    cluster: Lab,
) -> None:
    preview = ("run", "--", "pulumi", "preview", "--policy-pack", "policy")
    passed = cluster.ok(*preview)
    assert re.search(r"\d+ resources follow all 12 policies: documented-ports, ", passed)
    cluster.ok("config", "set", "allowSshFromAnywhere", "true")
    networks = ("run", "--", "pulumi", "config", "set", "--path", "sshCidrs[0]")
    cluster.ok(*networks, "0.0.0.0/0")
    refused = cluster.run(*preview)
    cluster.ok(*networks, "198.51.100.0/24")
    cluster.ok("config", "set", "allowSshFromAnywhere", "false")
    assert refused.status != 0
    assert re.search(r"\[mandatory\] +\S*no-world-open-ssh", refused.out)
    assert "base-ssh-from-0.0.0.0/0 opens SSH to 0.0.0.0/0" in refused.out
    cluster.ok(*preview)


def test_a_domain_that_is_refused_is_not_stored(cluster: Lab) -> None:
    before = cluster.ok("config", "get", "domainOrPublicIp")
    assert cluster.run("config", "set", "domainOrPublicIp", "foo bar").status != 0
    assert cluster.ok("config", "get", "domainOrPublicIp") == before


def test_what_is_at_a_path_is_set_told_and_removed(cluster: Lab) -> None:
    cluster.ok("config", "set", "--path", "extraEnv.OPENVIDU_CDR", "true")
    assert cluster.ok("config", "get", "--path", "extraEnv.OPENVIDU_CDR").strip() == "true"
    cluster.ok("config", "rm", "extraEnv")
    assert cluster.run("config", "get", "--path", "extraEnv.OPENVIDU_CDR").status != 0


def test_who_is_kept_out_by_another_update_leaves_the_number_of_nodes(cluster: Lab) -> None:
    stack = cluster.directory.stack
    locks = cluster.directory.path / "state/.pulumi/locks/organization/openvidu-enterprise" / stack
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "another-update.json"
    lock.write_text("{}")
    try:
        refused = cluster.run("scale", "3")
    finally:
        lock.unlink()
    assert refused.status != 0
    assert "locked" in refused.out + refused.err
    assert cluster.ok("config", "get", "nodeCount").strip() == "2"


def test_calls_are_made_with_the_secret_that_is_deployed(cluster: Lab) -> None:
    deployed = cluster.ok("config", "get", "openviduSecret").strip()
    cluster.ok("config", "set", "--secret", "openviduSecret", "not-deployed-yet")
    try:
        start_calls(cluster)
        cluster.ok("calls", "stop")
        require_all_ended(cluster)
    finally:
        cluster.ok("config", "set", "--secret", "openviduSecret", deployed)
