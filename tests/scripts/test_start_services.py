"""Base and master say which service doesn't run, make the bucket, and are asked without nodes."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any

import pytest

from components.remote import text_of
from tests.scripts.containers import ENV, Machine

BUCKET = "openvidu/minio-s3/openvidu-enterprise"
PROXY, MINIO, MAKER = (
    "l1|loadbalancer|False|running|0|always|0|",
    "m1|minio-s3|False|running|0|always|0|",
    "b1|createbuckets|False|exited|0|no|0|",
)
CURL = """\
#!/bin/bash
# What answers has a line in `answers`: address and status.
here=$(dirname "$0")/..
for url; do :; done
status=$(sed -n "s|^$url ||p" "$here/answers")
printf %s "${status:-000}"
[[ -n $status ]]
"""
QUICK = {
    "patience_seconds": "-1",
    "steady_seconds": "0",
    "look_seconds": "0",
}
REFUSED = """\
  =          INPUT VARIABLES            =
    - Requesting LetsEncrypt certificate...
Saving debug log to /var/log/letsencrypt/letsencrypt.log
Certbot failed to authenticate some domains (authenticator: webroot).
  Domain: openvidu.example.io
  Type:   dns
  Detail: DNS problem: NXDOMAIN looking up A for openvidu.example.io

Some challenges have failed.

  =======================================
  =          ALLOWED ACCESS             =
  =======================================

  Adding rules...
    - Public IPv4 for rules: 198.51.100.7

  Finish Rules:
    Openvidu Dashboard:
                - allow all;
    Openvidu API:
                - allow all;
  =======================================
  =         START OPENVIDU PROXY        =
  =======================================

Restarting nginx
nginx: [emerg] cannot load certificate "/etc/letsencrypt/live/openvidu.example.io/fullchain.pem"
"""


@pytest.fixture
def base(tmp_path: Path) -> Machine:
    """A base on which S3 answers, and that has its bucket."""
    machine = Machine(tmp_path, "base-services").prepare()
    machine.puts("bin/curl", CURL)
    machine.puts("bin/getent", "#!/bin/sh\necho 203.0.113.5\n")
    machine.puts("answers", "http://127.0.0.1:9000/minio/health/live 200\n")
    (tmp_path / BUCKET).mkdir(parents=True)
    machine.starts(PROXY, MINIO, MAKER)
    return machine


def start(
    base: Machine, wait_for: str = "s3", port: int = 5443, **limits: Any
) -> subprocess.CompletedProcess[str]:
    values = {
        "NAME": "base",
        "COMMAND": base.command,
        "PROXY": "loadbalancer",
        "PUBLIC_IP": "203.0.113.5",
        "WAIT_FOR": wait_for,
    }
    return base.run("start-services.sh", values, port, **{**QUICK, **limits})


def test_services_that_run_are_started_once(base: Machine) -> None:
    done = start(base)
    assert done.returncode == 0, done.stderr
    assert "base: runs as configured" in start(base).stdout
    assert base.started == ["start"]


def test_a_service_that_died_beside_those_that_answer_is_started_alone(base: Machine) -> None:
    kibana = "k1|kibana|False|running|0|always|0|"
    base.starts(PROXY, MINIO, MAKER, kibana)
    assert start(base).returncode == 0
    base.has(PROXY, MINIO, MAKER, "k1|kibana|False|exited|137|always|0|")
    again = start(base)
    assert again.returncode == 1
    assert "\n  kibana: ended with status 137\n" in again.stderr
    base.puts("up", f'echo "{kibana}" >>"$here/containers"\n')
    base.has(PROXY, MINIO, MAKER)
    again = start(base)
    assert again.returncode == 0, again.stderr
    assert "base: runs as configured" in again.stdout
    assert (
        "compose up --detach --no-deps --no-recreate kibana\n" in (base.root / "asked").read_text()
    )
    assert base.started == ["start"]


def test_what_died_is_started_beside_a_proxy_that_answers(base: Machine) -> None:
    answers = "https://127.0.0.1:443/ 200\n"
    base.puts("answers", f"{answers}http://127.0.0.1:9000/minio/health/live 200\n")
    assert start(base, "s3 proxy").returncode == 0
    # MinIO has died, and is waited for: a start of all would take the proxy down as well.
    base.puts("answers", answers)
    base.has(PROXY, MAKER, "m1|minio-s3|False|exited|137|always|0|")
    up = [
        f'echo "{PROXY}" >"$here/containers"',
        f'echo "{MINIO}" >>"$here/containers"',
        f'echo "{MAKER}" >>"$here/containers"',
        'echo "http://127.0.0.1:9000/minio/health/live 200" >>"$here/answers"',
    ]
    base.puts("up", "\n".join(up) + "\n")
    again = start(base, "s3 proxy")
    assert again.returncode == 0, again.stderr
    assert base.started == ["start"]
    # With a proxy that doesn't answer either there is nothing to be spared.
    base.puts("answers", "http://127.0.0.1:9000/minio/health/live 200\n")
    start(base, "s3 proxy", limit_seconds=0)
    assert base.started == ["start", "start"]


def test_what_gives_no_answer_is_restarted_beside_a_proxy_that_answers(base: Machine) -> None:
    answers = "https://127.0.0.1:443/ 200\n"
    base.puts("answers", f"{answers}http://127.0.0.1:9000/minio/health/live 200\n")
    assert start(base, "s3 proxy").returncode == 0
    # It runs, as Docker says, and hangs.
    base.puts("answers", answers)
    base.puts("restart", 'echo "http://127.0.0.1:9000/minio/health/live 200" >>"$here/answers"\n')
    again = start(base, "s3 proxy")
    assert again.returncode == 0, again.stderr
    assert "base: runs as configured" in again.stdout
    base.puts("answers", answers)
    base.puts("restart", "")
    again = start(base, "s3 proxy")
    assert again.returncode == 1
    assert "base: S3 gives no answer, though it was started alone.\n" in again.stderr
    assert "Then: uv run openvidu-enterprise repair base\n" in again.stderr
    # Neither of them touched the load balancer, whose list of nodes has changed since.
    asked = (base.root / "asked").read_text()
    assert asked.count("compose restart minio-s3\n") == asked.count("compose restart ") == 2
    assert "compose up" not in asked
    assert base.started == ["start"]


@pytest.mark.parametrize("wait_for", ["s3", "elasticsearch"])
def test_a_service_that_cannot_start_is_named_at_once(base: Machine, wait_for: str) -> None:
    """Be it one that is waited for, or one that isn't."""
    taken = "Bind for 0.0.0.0:9001 failed: port is already allocated"
    base.starts(PROXY, f"m1|minio-s3|False|created|0|always|0|{taken}", MAKER)
    failed = start(base, wait_for)
    assert failed.returncode == 1
    assert f"\n  minio-s3: created, {taken}\n" in failed.stderr
    assert "doesn't answer after" not in failed.stderr
    assert not (base.folder / ".started-with").exists()


ANSWERS_LATE = """
# Not before the third time, and each look takes a while.
echo >>"$here/looks"
[[ $(wc -l <"$here/looks") -ge 3 ]] || { sleep 1 && exit 7; }
"""


def test_a_clock_that_is_set_ends_no_wait_and_what_is_waited_for_is_told_at_once(
    base: Machine,
) -> None:
    base.puts("bin/curl", CURL.replace("status=", f"{ANSWERS_LATE}status=", 1))
    done = start(base, steps=True)
    assert done.returncode == 0, done.stderr
    assert re.search("base: waiting for S3, [0-9]+ s of 900 s", done.stdout)


def test_what_comes_back_after_a_reboot_is_waited_for_and_not_started_anew(base: Machine) -> None:
    """A start of all would make the load balancer's container anew; a master's takes all down."""
    assert start(base).returncode == 0
    base.has(PROXY, "m1|minio-s3|False|exited|255|always|0|", MAKER)
    base.puts(
        "up", f"sed -i '/minio/d' \"$here/containers\"; echo '{MINIO}' >>\"$here/containers\"\n"
    )
    base.puts("bin/curl", CURL.replace("status=", f"{ANSWERS_LATE}status=", 1))
    done = start(base, patience_seconds="60")
    assert done.returncode == 0, done.stderr
    assert "base: runs as configured" in done.stdout
    assert (
        "compose up --detach --no-deps --no-recreate minio-s3" in (base.root / "asked").read_text()
    )
    assert base.started == ["start"]


def test_what_stays_down_is_not_waited_for(base: Machine) -> None:
    assert start(base).returncode == 0
    dead = "m1|minio-s3|False|exited|1|always|0|"
    base.has(PROXY, dead, MAKER)
    base.puts("answers", "")
    base.starts(PROXY, dead, MAKER)
    failed = start(base, patience_seconds="600")
    assert failed.returncode == 1
    assert "\n  minio-s3: ended with status 1\n" in failed.stderr
    assert base.started == ["start", "start"]


def test_what_does_not_come_back_is_started_anew(base: Machine) -> None:
    assert start(base).returncode == 0
    base.puts("answers", "")
    answers = (base.root / "answers").as_posix()
    base.starts(
        *(PROXY, MINIO, MAKER),
        script=f"echo 'http://127.0.0.1:9000/minio/health/live 200' >{answers}",
    )
    done = start(base)
    assert done.returncode == 0, done.stderr
    assert base.started == ["start", "start"]


def test_a_wait_ends_when_its_time_is_over(base: Machine) -> None:
    base.puts("answers", "")
    base.puts("uptime", "100.50 7.00\n")
    base.puts("bin/sleep", '#!/bin/bash\necho "$((RANDOM + 2000)).10 7.00" >"${0%/*}/../uptime"\n')
    failed = start(base, uptime=base.root / "uptime")
    assert failed.returncode == 1
    assert "S3 doesn't answer after 900 s." in failed.stderr


LEAVES_OUT = "\n".join(
    f"# docker-compose up -d $(if false; then echo '--scale {service}=0'; fi)"
    for service in ("elasticsearch", "kibana", "filebeat", "metricbeat", "coturn")
)


@pytest.mark.parametrize(
    ("service", "setting"),
    [
        ("coturn", "OPENVIDU_PRO_COTURN_IN_MEDIA_NODES=true"),
        ("elasticsearch", "OPENVIDU_PRO_ELASTICSEARCH_HOST=https://search.example:443"),
        ("kibana", "OPENVIDU_PRO_KIBANA_HOST=https://kibana.example"),
        ("kibana", "OPENVIDU_PRO_ELASTICSEARCH=false"),
        ("filebeat", "OPENVIDU_PRO_ELASTICSEARCH=false"),
    ],
)
def test_what_the_masters_program_leaves_out_is_not_missed(
    base: Machine, service: str, setting: str
) -> None:
    base.starts(PROXY, MINIO, MAKER, script=LEAVES_OUT)
    base.puts("services", f"loadbalancer\n{service}\n")
    base.puts("openvidu/.env", f"{ENV}# {setting}\n{setting}\n")
    done = start(base)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("service", "setting"),
    [
        ("coturn", "# OPENVIDU_PRO_COTURN_IN_MEDIA_NODES=true"),
        ("coturn", "OPENVIDU_PRO_COTURN_IN_MEDIA_NODES=false"),
        ("elasticsearch", "OPENVIDU_PRO_ELASTICSEARCH_HOST=http://127.0.0.1:9200"),
        ("kibana", "OPENVIDU_PRO_ELASTICSEARCH=true"),
        ("metricbeat", "OPENVIDU_PRO_ELASTICSEARCH_HOST=https://search.example:443"),
        ("openvidu-server", "OPENVIDU_PRO_ELASTICSEARCH=false"),
    ],
)
def test_what_the_masters_program_could_leave_out_is_missed(
    base: Machine, service: str, setting: str
) -> None:
    """It names the option in any case."""
    base.starts(PROXY, MINIO, MAKER, script=LEAVES_OUT)
    base.puts("services", f"loadbalancer\n{service}\n")
    base.puts("openvidu/.env", f"{ENV}{setting}\n")
    failed = start(base)
    assert failed.returncode == 1
    assert f"\n  {service}: there is no container\n" in failed.stderr


def test_a_command_that_fails_is_said_with_its_words(base: Machine) -> None:
    base.starts(script="echo 'ERROR: You must set OPENVIDU_SECRET'; exit 1")
    failed = start(base)
    assert failed.returncode == 1
    assert "ERROR: You must set OPENVIDU_SECRET" in failed.stderr
    assert "./base-services start' failed" in failed.stderr


@pytest.mark.parametrize("again", [False, True])
def test_a_bucket_that_is_missing_is_made(base: Machine, again: bool) -> None:
    """The service that makes it ends well before S3 answers; also on a base that runs."""
    if again:
        assert start(base).returncode == 0
    (base.root / BUCKET).rmdir()
    base.puts("up", f'[[ ${{@: -1}} == createbuckets ]] && mkdir "$here/{BUCKET}"\n')
    done = start(base)
    assert done.returncode == 0, done.stderr
    assert "base: making the bucket openvidu-enterprise" in done.stdout
    assert (base.root / BUCKET).is_dir()
    assert base.started == ["start"]


def test_a_bucket_that_cannot_be_made_is_said_with_the_reason(base: Machine) -> None:
    (base.root / BUCKET).rmdir()
    base.puts("logs/createbuckets", "mc: <ERROR> Unable to make bucket. Access Denied.\n")
    failed = start(base, bucket_seconds="-1")
    assert failed.returncode == 1
    assert "base: the bucket openvidu-enterprise isn't there" in failed.stderr
    assert "  mc: <ERROR> Unable to make bucket. Access Denied.\n" in failed.stderr
    assert "none starts" in failed.stderr


@pytest.mark.parametrize("prefix", ["", "\x1b[2K"])
def test_the_reason_of_lets_encrypt_is_shown(base: Machine, prefix: str) -> None:
    lines = [f"{prefix}{line}\n" for line in REFUSED.splitlines()]
    base.starts(PROXY, MINIO, MAKER, script="cp ../refused ../logs/loadbalancer")
    base.puts("refused", "".join(lines))
    failed = start(base, "s3 api")
    assert failed.returncode == 1
    said = failed.stderr
    assert "\n  Detail: DNS problem: NXDOMAIN looking up A for openvidu.example.io\n" in said
    assert "\n  Certbot failed to authenticate some domains (authenticator: webroot).\n" in said
    assert "\n  nginx: [emerg] cannot load certificate" in said
    assert "ALLOWED ACCESS" not in said
    assert "\x1b" not in said


def test_a_refusal_of_an_earlier_start_is_no_reason(base: Machine) -> None:
    """The container is the same one after a reboot, and so is its log."""
    base.puts("logs/loadbalancer", REFUSED + "  =          INPUT VARIABLES            =\n")
    base.puts(
        "answers", "http://127.0.0.1:9000/minio/health/live 200\nhttp://127.0.0.1:5443/ 400\n"
    )
    assert start(base, "s3 api").returncode == 0
    base.puts("answers", "http://127.0.0.1:9000/minio/health/live 200\n")
    failed = start(base, "s3 api", limit_seconds="-1")
    assert "the API port 5443 doesn't answer" in failed.stderr
    assert "compose up" not in (base.root / "asked").read_text()


@contextmanager
def proxy_without_nodes() -> Iterator[int]:
    """As nginx whose nodes can't be reached: only requests without a host have an answer."""
    over = Event()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            if b"\nhost:" in head.lower():
                over.wait()
            else:
                self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        over.set()
        server.shutdown()


def test_a_proxy_whose_nodes_cannot_be_reached_answers(base: Machine) -> None:
    (base.root / "bin" / "curl").unlink()
    with proxy_without_nodes() as port:
        done = start(base, "api", port, limit_seconds="-1")
    assert done.returncode == 0, done.stderr


def test_a_redis_that_hangs_up_is_asked_again() -> None:
    """As Docker does for a container that doesn't listen yet."""
    text = re.search(r"^redis_answers\(\).*?^[)}]$", text_of("start-services.sh"), re.M | re.S)
    assert text
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # Its password comes when the other side has hung up.
        hung_up = "value_of() { read -r -t 5 <&3 || true; echo secret; }"
        ask = f"{hung_up}\n{text[0].replace('/6379', f'/{port}')}\nredis_answers || echo again"
        asking = subprocess.Popen(["/bin/bash", "-c", ask], stdout=subprocess.PIPE, text=True)
        connection, _ = server.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        told, _ = asking.communicate(timeout=30)
    assert (asking.returncode, told) == (0, "again\n")
