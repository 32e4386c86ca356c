"""What a look at a machine runs there: shell, with a `docker` and a `sudo` of the test's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from openvidu.roles import BASE
from remote.machines import COMMANDS
from scripts.cluster_status import Restarted, parse_usage

ON_PATH = {
    "sudo": '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n',
    "docker": """#!/bin/bash
case $1 in
ps) echo 1; echo 2 ;;
inspect)
  [[ $2 == --format && $3 == *com.docker.compose.service* ]] || exit 1
  [[ $3 == *State.ExitCode*RestartPolicy.Name*com.docker.compose.oneoff* ]] || exit 1
  echo "redis|exited|0|2024-01-01T10:00:00Z|137|always|False"
  echo "kibana|restarting|5|2024-01-01T10:00:00Z|1|always|False"
  ;;
esac
""",
}


def looked(tmp_path: Path, **programs: str) -> str:
    for name, text in {**ON_PATH, **programs}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-c", COMMANDS["usage"]({"FOLDER": BASE.product.folder, "NODE_NAME": "base"})],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_containers_are_asked_for_with_the_rest(tmp_path: Path) -> None:
    usage = parse_usage(looked(tmp_path))
    assert usage
    (one,) = usage.containers or ()
    assert isinstance(one, Restarted)
    assert (one.service, one.count, one.is_down) == ("kibana", 5, True)
    assert usage.ended == ("redis",)


@pytest.mark.parametrize("docker", ["exit 1", "[ $1 = ps ] && echo 1 || exit 1"])
def test_a_docker_that_does_not_answer_leaves_the_rest_known(tmp_path: Path, docker: str) -> None:
    usage = parse_usage(looked(tmp_path, docker=f"#!/bin/bash\n{docker}\n"))
    assert usage
    assert usage.containers is None


def test_a_bastion_has_no_docker_to_be_asked() -> None:
    assert "docker" not in COMMANDS["usage"]({"FOLDER": "", "NODE_NAME": "bastion"})
