"""What is left of a container that was stopped."""

from __future__ import annotations

import subprocess

from lab.openvidu.docker.processes import kill_session


def test_nothing_of_a_killed_session_is_left_though_its_leader_has_ended() -> None:
    begins = ["sh", "-c", "sleep 60 & sleep 60 & echo begun; wait"]
    with subprocess.Popen(begins, start_new_session=True, stdout=subprocess.PIPE) as leader:
        assert leader.stdout
        leader.stdout.readline()
        leader.kill()
        leader.wait()
        # One that has ended is there until somebody takes note of it.
        members = ["pgrep", "--runstates", "D,R,S", "--session", str(leader.pid)]
        assert subprocess.run(members, check=False).returncode == 0
        kill_session(leader.pid)
        assert subprocess.run(members, check=False).returncode == 1
