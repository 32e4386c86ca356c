"""What Prometheus is told of a look: what is known, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from components.aws.health import InstanceHealth
from scripts.cluster_status import MachineStatus, Session, Status, Usage
from scripts.monitoring.metrics import METRICS, PREFIX, Look, families, samples_of
from scripts.pulumi_cli import LastUpdate

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OLD = Session("ses_old", 3, NOW - timedelta(hours=2))
NEW = Session("ses_new", 1, NOW - timedelta(seconds=5))
BASE = MachineStatus("base", None, "up", usage=Usage(1, 2, {"/": 40}), is_open=True)
ONE = MachineStatus(
    *("node-1", "10.5.0.6", "serving", "UP", "2.30.0", 0, 0, Usage(150, 50), True), sessions=()
)
TWO = replace(
    *(ONE,),
    name="node-2",
    private_ip="10.5.0.7",
    state="draining",
    calls=2,
    participants=4,
    sessions=(OLD, NEW),
)
HEALTH = {
    "clusterStatus": "UP",
    "nodes": {f"master_{one.private_ip}": {"status": "UP"} for one in (ONE, TWO)},
}
STATUS = Status(
    HEALTH, [BASE, ONE, TWO], NOW + timedelta(days=90), balanced=["10.5.0.6", "10.5.0.7"]
)
UNSEEN = Status(
    None,
    [
        BASE,
        MachineStatus("node-1", "10.5.0.6", "unknown", usage=Usage(1, 2)),
        MachineStatus("node-2", "10.5.0.7", "no answer"),
    ],
    NOW + timedelta(days=90),
    reason="base, 203.0.113.1: can't be reached: timed out",
)


def told(status: Status, update: LastUpdate | None = None) -> dict[str, float]:
    """All samples, by name and labels as Prometheus writes them, without what all names share."""
    found = {}
    for sample in samples_of(Look(status, NOW, update)):
        labels = zip(sample.metric.labels, sample.labels, strict=True)
        shown = ",".join(f"{name}={value}" for name, value in labels)
        name = sample.metric.name.removeprefix(f"{PREFIX}_")
        found[f"{name}{{{shown}}}" if shown else name] = float(sample.value)
    return found


def test_nodes_are_counted_by_state_and_told_one_by_one() -> None:
    found = told(STATUS)
    assert found["nodes{state=serving}"] == 1
    assert found["nodes{state=draining}"] == 1
    assert found["nodes{state=left}"] == 0
    assert found["node_state{machine=node-2,state=draining}"] == 1
    assert found["node_state{machine=node-2,state=serving}"] == 0
    assert found["node_up{machine=node-1}"] == 1
    assert found["cluster_health{state=UP}"] == 1
    assert found["cluster_health{state=DOWN}"] == 0


def test_calls_and_the_age_of_the_oldest_on_a_node_that_drains_are_told() -> None:
    found = told(STATUS)
    assert found["calls{machine=node-1}"] == 0
    assert found["calls{machine=node-2}"] == 2
    assert found["participants{machine=node-2}"] == 4
    assert found["draining_oldest_call_age_seconds{machine=node-2}"] == 7200
    assert "draining_oldest_call_age_seconds{machine=node-1}" not in found
    # The base carries none.
    assert "calls{machine=base}" not in found


def test_of_a_cluster_that_could_not_be_asked_nothing_is_zero() -> None:
    found = told(UNSEEN)
    of_cluster = ("calls", "participants", "nodes", "node_", "load_balancer", "cluster_", "conf")
    assert not [name for name in found if name.startswith(of_cluster)]
    assert found["machine_up{machine=base}"] == 1
    assert found["machine_up{machine=node-2}"] == 0
    assert found["certificate_expiry_timestamp_seconds"] == UNSEEN.certificate.timestamp()  # type: ignore[union-attr]
    assert found["remarks"] > 0


def test_a_node_whose_calls_are_not_known_has_no_number_of_them() -> None:
    unknown = replace(ONE, calls=None, participants=None, sessions=None, usage=None)
    found = told(replace(STATUS, machines=[BASE, unknown, TWO]))
    mine = [name for name in found if "machine=node-1" in name]
    assert not [name for name in mine if name.startswith(("calls", "participants", "machine_load"))]
    assert found["machine_up{machine=node-1}"] == 0


def test_a_node_that_the_base_does_not_know_is_counted_as_unknown_and_has_no_state() -> None:
    found = told(replace(STATUS, machines=[BASE, replace(ONE, state="no answer"), TWO]))
    assert found["nodes{state=no answer}"] == 1
    assert found["nodes{state=serving}"] == 0
    assert not [name for name in found if name.startswith("node_state{machine=node-1")]


def test_addresses_in_the_load_balancer_are_compared_with_who_serves() -> None:
    left = replace(ONE, state="left")
    lost = replace(TWO, health=None)
    health = {"clusterStatus": "UNSTABLE", "nodes": {"master_10.5.0.6": {"status": "UP"}}}
    found = told(
        replace(
            *(STATUS,),
            health=health,
            machines=[BASE, left, lost],
            balanced=["10.5.0.6", "10.5.0.7", "10.5.0.99"],
        )
    )
    serves = {name: value for name, value in found.items() if "address_serves" in name}
    assert serves == {
        "load_balancer_address_serves{address=10.5.0.6,machine=node-1}": 0,
        "load_balancer_address_serves{address=10.5.0.7,machine=node-2}": 0,
        "load_balancer_address_serves{address=10.5.0.99,machine=}": 0,
    }
    assert set(told(STATUS)) >= {
        "load_balancer_address_serves{address=10.5.0.6,machine=node-1}",
        "load_balancer_address_serves{address=10.5.0.7,machine=node-2}",
    }
    assert told(STATUS)["load_balancer_address_serves{address=10.5.0.7,machine=node-2}"] == 1
    assert found["load_balancer_addresses"] == 3


def test_a_node_that_serves_and_is_not_in_the_load_balancer_is_told() -> None:
    found = told(replace(STATUS, machines=[BASE, replace(ONE, balanced=False), TWO]))
    assert found["node_balanced{machine=node-1}"] == 0
    assert found["node_balanced{machine=node-2}"] == 1
    assert "node_balanced{machine=base}" not in found


def test_without_a_word_of_health_nobody_is_called_down() -> None:
    found = told(replace(STATUS, health=None))
    assert not [name for name in found if name.startswith(("node_up", "cluster_health"))]
    assert not [name for name in found if "address_serves" in name]
    assert found["nodes{state=serving}"] == 1


def test_drift_is_a_number_only_where_the_bucket_was_read() -> None:
    assert told(STATUS)["configuration_drift"] == 0
    assert told(replace(STATUS, drift=("A", "B")))["configuration_drift"] == 2
    assert "configuration_drift" not in told(replace(STATUS, drift=None))


def test_the_last_update_is_told_with_its_result_where_it_is_known() -> None:
    found = told(STATUS, LastUpdate(NOW, is_good=False))
    assert found["last_update_timestamp_seconds"] == NOW.timestamp()
    assert found["last_update_success"] == 0
    assert not [name for name in told(STATUS) if name.startswith("last_update")]


def test_a_machine_is_told_with_its_load_memory_disks_and_what_aws_says() -> None:
    stopped = replace(ONE, aws=InstanceHealth("i-1", "stopped"))
    found = told(replace(STATUS, machines=[BASE, stopped]))
    assert found["machine_load_ratio{machine=node-1}"] == 1.5
    assert found["machine_memory_used_ratio{machine=node-1}"] == 0.5
    assert found["machine_disk_used_ratio{machine=base,place=/}"] == 0.4
    assert found["aws_instance_up{machine=node-1}"] == 0
    assert "aws_instance_up{machine=base}" not in found


def test_a_single_master_has_calls_and_no_nodes() -> None:
    master = MachineStatus("master", None, "up", calls=3, participants=6, usage=Usage(1, 2))
    found = told(Status({"status": "UP"}, [master], None))
    assert found["calls{machine=master}"] == 3
    assert found["cluster_health{state=UP}"] == 1
    assert not [name for name in found if name.startswith(("node", "load_balancer"))]


def test_the_samples_of_a_metric_follow_one_another_and_each_has_a_meaning() -> None:
    update = LastUpdate(NOW, is_good=True)
    names = [one.name for one in families(samples_of(Look(STATUS, NOW, update)))]
    assert len(names) == len(set(names))
    assert set(names) <= set(METRICS)
    assert all(one.meaning.endswith(".") for one in METRICS.values())


def test_no_text_of_an_error_is_a_label() -> None:
    assert "203.0.113.1" not in str(told(UNSEEN))
