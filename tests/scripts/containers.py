"""A machine whose Docker says what a test wants: states of containers, and what they print."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from components.remote import fields, text_of

DOCKER = """\
#!/bin/bash
# A line a container in `containers`: id|service|one-off|state|exit status|restart policy|ends|error
here=$(dirname "$0")/..
echo "$*" >>"$here/asked"
case "$*" in
"compose ps --status running --quiet "*)
  grep "|${@: -1}|False|running|" "$here/containers" | cut -d '|' -f 1
  ;;
"compose ps --quiet "*) grep "|${@: -1}|" "$here/containers" | cut -d '|' -f 1 ;;
"inspect --format {{range .Config.Env}}"*) cat "$here/environment" ;;
"compose ps --all --quiet" | "compose ps --quiet") cut -d '|' -f 1 "$here/containers" ;;
"compose ps --all --quiet "*) grep "|${@: -1}|" "$here/containers" | cut -d '|' -f 1 ;;
"compose config --hash "*) cat "$here/hashes" 2>/dev/null ;;
"inspect --format {{index "*'config-hash"}} '*) sed -n "s/^${@: -1} //p" "$here/made-as" ;;
"compose config --services") cat "$here/services" ;;
"compose version --short") cat "$here/compose" ;;
"compose logs "*) cat "$here/logs/${@: -1}" 2>/dev/null ;;
"compose up "*) source "$here/up" ;;
"compose restart "*) source "$here/restart" ;;
"inspect "*) for id in "${@:4}"; do grep "^$id|" "$here/containers"; done ;;
"rm "*) sed -i "/^$2|/d" "$here/containers" ;;
esac
"""
ENV = """\
OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=127.0.0.1
OPENVIDU_SECRET=top.se*cret/1
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET=openvidu-enterprise
DOMAIN_OR_PUBLIC_IP=openvidu.example.io
CERTIFICATE_TYPE=letsencrypt
LETSENCRYPT_EMAIL=ops@example.io
"""


@dataclass(frozen=True)
class Machine:
    """A machine with OpenVidu in one folder, and Docker from `DOCKER`."""

    root: Path
    command: str

    @property
    def folder(self) -> Path:
        return self.root / "openvidu"

    def prepare(self) -> Machine:
        """Make what is there before anything runs."""
        for folder in (self.folder, self.root / "bin", self.root / "logs"):
            folder.mkdir()
        self.puts("bin/docker", DOCKER)
        self.puts("openvidu/.env", ENV)
        self.puts("openvidu/docker-compose.yml", "# Openvidu Version: 2.30.0\nservices:\n")
        for name in ("services", "containers", "up", "restart", "asked", "environment"):
            self.puts(name, "")
        self.puts("compose", "2.29.7\n")
        return self

    def puts(self, name: str, text: str) -> None:
        """Write a file; programs can be run."""
        path = self.root / name
        path.write_text(text)
        path.chmod(0o755)

    def has(self, *containers: str) -> None:
        """What Docker has from now on: `id|service|one-off|state|exit|policy|ends|error`."""
        self.puts("containers", "".join(f"{line}\n" for line in containers))

    def starts(self, *containers: str, script: str = "") -> None:
        """OpenVidu's program makes these containers; `script` is what it does besides."""
        services = {line.split("|")[1] for line in containers}
        self.puts("services", "".join(f"{service}\n" for service in sorted(services)))
        lines = "\n".join(containers)
        self.puts(
            f"openvidu/{self.command}",
            f"#!/bin/bash\ncat >>../started <<<$1\ncat >../containers <<'END'\n{lines}\nEND\n"
            f"{script}\nexit 0\n",
        )

    @property
    def started(self) -> list[str]:
        """What OpenVidu's program was called with."""
        path = self.root / "started"
        return path.read_text().split() if path.exists() else []

    def run(
        self,
        script: str,
        values: dict[str, str],
        port: int = 5443,
        *,
        steps: bool = False,
        uptime: Path | None = None,
        **other: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of `machine/` with another port and limits, as `patience_seconds="0"`.

        Args:
            script: file in `machine/`.
            values: that it reads.
            port: of the API, and of health.
            steps: whether the wall's clock is set forward by an hour at each wait.
            uptime: a file to read the time since the boot from.
            other: limits.
        """
        # An operator, or NTP, sets the clock at each wait.
        stepped = "SECONDS=$((SECONDS + 3600)); sleep "
        text = re.sub(r":(4443|5443)\b", f":{port}", text_of(script))
        text = text.replace("sleep ", stepped) if steps else text
        text = text.replace("/proc/uptime", str(uptime)) if uptime else text
        for name, value in other.items():
            assert f"\n{name}=" in text
            text = text.replace(f"\n{name}=", f"\n{name}={value} #")
        return subprocess.run(
            ["/bin/bash", "-s"],
            input="{\n" + text + "\nexit\n}\n" + fields({**values, "FOLDER": str(self.folder)}),
            env={"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
