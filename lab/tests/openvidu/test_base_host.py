"""The base services on a host: commands, load balancer, reboot, and what goes wrong there."""

from __future__ import annotations

import subprocess

import pytest

from lab.openvidu import faults
from lab.openvidu.faults import Fault
from lab.openvidu.testing.cluster import (
    BASE_ENV,
    ELASTIC_PASSWORD,
    REDIS_PASSWORD,
    Cluster,
    run,
    write_env,
)
from openvidu import environment
from openvidu.release import BASE

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-base")]
NODES = ()
IN_BASE = f"cd {BASE.folder} && "


def change_env(cluster: Cluster, **values: str) -> None:
    write_env(cluster.base, BASE, {**BASE_ENV, **values})


def test_the_services_answer(cluster: Cluster) -> None:
    shown = cluster.base.run(
        "curl -sk https://127.0.0.1/; echo; curl -sk https://127.0.0.1/kibana; echo;"
        "curl -sk https://127.0.0.1/minio/; echo;"
        f"curl -s -u elasticadmin:{ELASTIC_PASSWORD} http://127.0.0.1:9200/_cluster/health; echo;"
        "curl -s http://127.0.0.1:9000/minio/health/live -w '%{http_code}'; echo;"
        f"REDISCLI_AUTH={REDIS_PASSWORD} redis-cli ping"
    ).stdout
    for expected in ("OpenVidu Call", "Kibana", "MinIO Console", '"green"', "200", "PONG"):
        assert expected in shown


def test_the_services_want_their_passwords(cluster: Cluster) -> None:
    shown = cluster.base.run(
        "curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:9200/;"
        "curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:9000/openvidu-enterprise;"
        "redis-cli ping"
    ).stdout
    assert shown.startswith("401 403 NOAUTH")


def test_no_password_is_in_the_process_list(cluster: Cluster) -> None:
    shown = cluster.base.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout
    assert not [value for key, value in BASE_ENV.items() if "SECRET" in key and value in shown]
    assert REDIS_PASSWORD not in shown
    assert ELASTIC_PASSWORD not in shown


def test_without_nodes_the_api_answers_502(cluster: Cluster) -> None:
    assert cluster.call("GET", "/openvidu/api/health").status_code == 502


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("DOMAIN_OR_PUBLIC_IP", "", "You must set the 'DOMAIN_OR_PUBLIC_IP' variable"),
        (environment.NODE_IPS, "", f"You must set the '{environment.NODE_IPS}' variable"),
        (environment.OPENVIDU_SECRET, "a b", "OPENVIDU_SECRET: Value must be alphanumeric"),
        (environment.REDIS_PASSWORD, "a$b", f"{environment.REDIS_PASSWORD}: Value must be"),
        (environment.ELASTICSEARCH_PASSWORD, "short", "minimum length of 7"),
        ("CERTIFICATE_TYPE", "letsencrypt", "LETSENCRYPT_EMAIL: Value must not be empty"),
    ],
)
@pytest.mark.parametrize("command", ["start", "update-loadbalancer"])
def test_a_bad_value_is_refused(
    cluster: Cluster, command: str, key: str, value: str, said: str
) -> None:
    change_env(cluster, **{key: value})
    script = f"{IN_BASE}FOLLOW_OPENVIDU_LOGS=false ./base-services {command}"
    done = cluster.base.run(script, check=False)
    change_env(cluster)
    assert done.returncode == 1
    assert said in done.stdout


def test_start_follows_the_logs_unless_told_not_to(cluster: Cluster) -> None:
    following = cluster.base.spawn(["/bin/sh", "-c", f"{IN_BASE}exec ./base-services start"])
    with pytest.raises(subprocess.TimeoutExpired):
        following.wait(1.5)
    following.kill()
    assert "redis" in run(cluster.base, BASE, "start")


def test_installing_twice_stops_at_the_folder(cluster: Cluster) -> None:
    done = cluster.base.run(f"cd /opt && curl -s {BASE.url('2.30.0')} | bash", check=False)
    assert done.returncode == 1
    assert "Error while creating the folder" in done.stdout


def test_a_download_that_is_not_there_lands_as_the_files_content(cluster: Cluster) -> None:
    faults.write(Fault("download", {"file": "docker-compose.yml"}), cluster.world.faults)
    done = cluster.base.run(
        f"mkdir -p /srv/a && cd /srv/a && curl -s {BASE.url('2.30.0')} | bash; echo status $?;"
        "cat */docker-compose.yml"
    )
    assert "status 0" in done.stdout
    assert "<Code>NoSuchKey</Code>" in done.stdout


def test_a_pipe_hides_a_cut_download(cluster: Cluster) -> None:
    faults.write(Fault("download", {"answer": "cut", "file": ".sh"}), cluster.world.faults)
    url = BASE.url("2.30.0")
    piped = cluster.base.run(f"mkdir -p /srv/b && cd /srv/b && curl -s {url} | bash", check=False)
    downloaded = cluster.base.run(f"curl -sf -o /srv/b/script {url}", check=False)
    assert "successfully installed" not in piped.stdout
    assert downloaded.returncode == 18


def test_a_failed_pull_stops_the_install(cluster: Cluster) -> None:
    faults.write(Fault("pull", {"image": "redis"}), cluster.base.faults)
    done = cluster.base.run(
        f"mkdir -p /srv/c && cd /srv/c && curl -s {BASE.url('2.30.0')} | bash", check=False
    )
    assert done.returncode == 1
    assert "Error while pulling image 'redis:7.0.8-alpine'" in done.stdout


@pytest.mark.parametrize(("installed", "status"), [("2.29.0", 0), ("2.30.0", 0), ("2.28.0", 1)])
def test_an_upgrade_goes_one_minor_version(cluster: Cluster, installed: str, status: int) -> None:
    folder = f"/srv/upgrade-{installed}"
    done = cluster.base.run(
        # Under another name: Compose would take it for the project in /opt, and stop that.
        f"mkdir -p /srv && cd /srv && curl -s {BASE.url(installed)} | bash >/dev/null && "
        f"mv ov-enterprise-base-services {folder} && cd {folder} && "
        f"curl -s {BASE.url('2.30.0')} | bash -s upgrade; "
        "status=$?; grep 'Openvidu Version' docker-compose.yml; ls -A; exit $status",
        check=False,
    )
    assert done.returncode == status
    assert (f".old-{installed}" in done.stdout) == (status == 0)
    assert (".env-v2.30.0" in done.stdout) == (status == 0)


def test_the_load_balancer_takes_a_new_list(cluster: Cluster) -> None:
    assert "Nginx updated successfully" in cluster.balance("10.5.0.6", "10.5.0.7")
    assert cluster.balanced() == ["10.5.0.6", "10.5.0.7"]


def test_the_running_configuration_can_be_shown(cluster: Cluster) -> None:
    cluster.balance("10.5.0.9")
    shown = cluster.base.run(f"{IN_BASE}docker compose exec -T loadbalancer nginx -T").stdout
    assert "server 10.5.0.9:4443 max_fails=2 fail_timeout=3s;" in shown


def test_containers_tell_their_service_and_what_became_of_it(cluster: Cluster) -> None:
    fields = (
        '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.State.Error}}'
    )
    told = cluster.base.run(
        f"{IN_BASE}docker inspect --format '{fields}' $(docker compose ps --all --quiet)"
    ).stdout
    services = cluster.base.run(f"{IN_BASE}docker compose config --services").stdout.split()
    states = dict(line.split(" ")[:2] for line in told.splitlines())
    assert sorted(states) == sorted(services)
    assert states["createbuckets"] == "exited"
    assert states["redis"] == "running"


def test_a_list_with_something_else_lands_on_the_disk_and_is_not_served(cluster: Cluster) -> None:
    cluster.balance("10.5.0.6")
    change_env(cluster, **{environment.NODE_IPS: "10.5.0.6,nowhere"})
    done = cluster.base.run(f"{IN_BASE}./base-services update-loadbalancer")
    assert 'nginx: [emerg] host not found in upstream "nowhere:4443"' in done.stderr
    assert cluster.balanced() == ["10.5.0.6", "nowhere"]
    cluster.balance("10.5.0.6")


def test_a_dead_container_has_every_reload_fail_with_status_0(cluster: Cluster) -> None:
    cluster.balance("10.5.0.6")
    cluster.base.run(f"{IN_BASE}docker compose stop app")
    change_env(cluster, **{environment.NODE_IPS: "10.5.0.7"})
    done = cluster.base.run(f"{IN_BASE}./base-services update-loadbalancer")
    shown = cluster.base.run(f"{IN_BASE}docker compose exec -T loadbalancer nginx -t", check=False)
    cluster.base.run(f"{IN_BASE}docker compose start app")
    after = cluster.base.run(f"{IN_BASE}docker compose exec -T loadbalancer nginx -t", check=False)
    assert "Nginx updated successfully" in done.stdout
    assert 'nginx: [emerg] host not found in upstream "app:5442"' in done.stderr
    assert cluster.balanced() == ["10.5.0.7"]
    assert (shown.returncode, after.returncode) == (1, 0)


def test_a_port_that_is_taken_leaves_the_other_services_running(cluster: Cluster) -> None:
    run(cluster.base, BASE, "stop")
    taken = cluster.base.spawn(["python3", "-m", "http.server", "9001"])
    cluster.wait_for(lambda: cluster.base.listens(9001), "what takes the port")
    done = cluster.base.run(f"{IN_BASE}FOLLOW_OPENVIDU_LOGS=false ./base-services start")
    running = cluster.base.run(f"{IN_BASE}docker compose ps --services").stdout.split()
    cluster.base.run("pkill -f 'http.server 9001'")
    taken.wait()
    run(cluster.base, BASE, "start")
    assert "listen tcp4 0.0.0.0:9001: bind: address already in use" in done.stderr
    assert "redis" in running
    assert "minio-s3" not in running


def test_the_first_start_makes_no_bucket(cluster: Cluster) -> None:
    script = f"{IN_BASE}docker compose logs createbuckets"
    assert "Unable to initialize new alias" in cluster.base.run(script).stdout


def test_exec_can_want_a_terminal_as_compose_v1_does(cluster: Cluster) -> None:
    faults.write(Fault("exec-needs-tty"), cluster.base.faults)
    done = cluster.base.run(f"{IN_BASE}./base-services update-loadbalancer", check=False)
    assert done.returncode == 1
    assert "the input device is not a TTY" in done.stderr


def test_starting_again_makes_anew_only_what_changed(cluster: Cluster) -> None:
    cluster.balance("10.5.0.6")

    def ids() -> list[str]:
        """Of Redis and the load balancer, which may be on its way."""
        asked = f"{IN_BASE}docker compose ps --quiet redis; docker compose ps --quiet loadbalancer"
        cluster.wait_for(lambda: len(cluster.base.run(asked).stdout.split()) == 2, "both to run")
        return cluster.base.run(asked).stdout.split()

    run(cluster.base, BASE, "start")
    before = ids()
    run(cluster.base, BASE, "start")
    same = ids()
    change_env(cluster, **{environment.NODE_IPS: "10.5.0.7"})
    run(cluster.base, BASE, "start")
    after = ids()
    assert same == before
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_a_reboot_brings_back_the_list_that_the_container_was_made_with(cluster: Cluster) -> None:
    cluster.balance("10.5.0.6")
    run(cluster.base, BASE, "start")
    cluster.balance("10.5.0.6", "10.5.0.7")
    cluster.base.reboot()
    cluster.wait_for(cluster.base_answers, "the base after its reboot")
    assert cluster.balanced() == ["10.5.0.6"]
    assert "10.5.0.7" in cluster.base.run(f"grep NODE_IPS {BASE.folder}/.env").stdout


def test_a_restart_of_redis_loses_what_it_knew(cluster: Cluster) -> None:
    client = f"REDISCLI_AUTH={REDIS_PASSWORD} redis-cli"
    cluster.base.run(f"{client} set key value; {IN_BASE}docker compose restart redis")
    cluster.wait_for(
        lambda: cluster.base.run(f"{client} ping", check=False).stdout == "PONG\n", "Redis"
    )
    assert cluster.base.run(f"{client} exists key").stdout == "0\n"


def test_the_buckets_content_outlives_a_restart(cluster: Cluster) -> None:
    file = f"{BASE.folder}/minio-s3/openvidu-enterprise/kept"
    cluster.base.run(f"touch {file}")
    run(cluster.base, BASE, "restart")
    cluster.wait_for(cluster.base_answers, "the base after its restart")
    cluster.base.run(f"rm {file}")


def test_a_process_that_dies_is_started_again(cluster: Cluster) -> None:
    of_kibana = f"{IN_BASE}docker inspect -f '{{{{.State.Pid}}}}' $(docker compose ps -q kibana)"
    before = cluster.base.run(of_kibana).stdout
    cluster.base.run(f"kill -9 {before}")
    cluster.wait_for(
        lambda: cluster.base.run(of_kibana).stdout not in (before, "0\n"), "another Kibana"
    )


def test_a_killed_nginx_leaves_no_workers_behind(cluster: Cluster) -> None:
    master = "cat /var/lib/docker-standin/containers/*/fs/nginx.pid"
    before = cluster.proxy_workers()
    cluster.base.run(f"kill -9 $({master})")
    cluster.wait_for_proxy(before)
    cluster.wait_for(cluster.base_answers, "the load balancer")


def test_lets_encrypt_signs_for_a_domain_that_leads_here(cluster: Cluster) -> None:
    cluster.world.set_dns("openvidu.example.io", cluster.base.ip)
    wanted = {"DOMAIN_OR_PUBLIC_IP": "openvidu.example.io", "CERTIFICATE_TYPE": "letsencrypt"}
    change_env(cluster, **wanted, LETSENCRYPT_EMAIL="me@example.io")
    faults.write(Fault("letsencrypt", times=1), cluster.world.faults)
    run(cluster.base, BASE, "start")
    logs = f"{IN_BASE}docker compose logs loadbalancer"
    cluster.wait_for(lambda: "too many cert" in cluster.base.run(logs).stdout, "the refusal")
    ports = cluster.base.run("ss -tln").stdout
    run(cluster.base, BASE, "restart")
    resolve = "--resolve openvidu.example.io:443:127.0.0.1"
    page = f"curl -s {resolve} https://openvidu.example.io/"
    cluster.wait_for(
        lambda: "OpenVidu Call" in cluster.base.run(page, check=False).stdout, "the page"
    )
    change_env(cluster)
    run(cluster.base, BASE, "start")
    assert ":80 " in ports
    assert ":443 " not in ports
    assert ":5443 " not in ports


def test_lets_encrypt_refuses_a_domain_that_leads_elsewhere(cluster: Cluster) -> None:
    wanted = {"DOMAIN_OR_PUBLIC_IP": "nowhere.example.io", "CERTIFICATE_TYPE": "letsencrypt"}
    change_env(cluster, **wanted, LETSENCRYPT_EMAIL="me@example.io")
    run(cluster.base, BASE, "start")
    logs = f"{IN_BASE}docker compose logs loadbalancer"
    cluster.wait_for(lambda: "DNS problem" in cluster.base.run(logs).stdout, "the refusal")
    change_env(cluster)
    run(cluster.base, BASE, "start")


def test_the_report_shows_every_containers_secrets(cluster: Cluster) -> None:
    cluster.base.run(f"{IN_BASE}yes | ./base-services report")
    report = cluster.base.run(f"cat {BASE.folder}/openvidu-report-*").stdout
    assert "OPENVIDU_SECRET=****" in report
    assert f"REDIS_PASSWORD={REDIS_PASSWORD}" in report


def test_upgrade_is_in_the_usage_and_does_nothing(cluster: Cluster) -> None:
    assert "upgrade" in run(cluster.base, BASE, "upgrade")


def test_a_stop_leaves_no_container(cluster: Cluster) -> None:
    run(cluster.base, BASE, "stop")
    assert cluster.base.run("docker ps -aq").stdout == ""
    run(cluster.base, BASE, "start")
