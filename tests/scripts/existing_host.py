"""A host that exists, for scripts of `machine/`: with folders of its own and stand-ins for apt."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from components.remote import text_of

FOUND = "var/lib/openvidu-host-as-found"
_OWN = ("opt", "var/lib", "etc/systemd/system", "usr/local/lib")
"""Folders that a host doesn't share with the computer that runs the test."""
_TOOLS = """\
awk base64 basename bash cat chmod cmp comm cp cut date df dirname echo env find flock free getent
grep head hostname id install ln ls mkdir mktemp mv nproc ps readlink realpath rm rmdir sed sh
sha256sum sort ss stat sync tail tee timeout touch tr true uname uniq wc xargs
"""
"""What a host has from the start. There is no Docker among it, whatever this computer has."""

_APT_GET = """\
[[ ! -s $W/locked ]] || { sed -i 1d $W/locked; echo "E: Could not get lock $LOCK" >&2; exit 100; }
echo "apt-get $*${https_proxy:+ by $https_proxy}" >>$W/did
words=() simulated='' remove=''
for word; do
  case $word in
  -s | --simulate) simulated=yes ;;
  --no-remove) remove=never ;;
  -*) ;;
  *) words+=("$word") ;;
  esac
done
action=${words[0]} words=("${words[@]:1}")
case $action in
install)
  for word in "${words[@]}"; do
    name=${word%%=*}
    version=$(awk -v n="$name" '$1 == n { print $2; exit }' $W/sources)
    [[ -n $version ]] || { echo "E: Unable to locate package $name" >&2; exit 100; }
    [[ $word != *=* ]] || version=${word#*=}
    if [[ $name == docker.io ]] && grep -q '^docker-ce ' $W/installed; then
      [[ $remove != never ]] || { echo "E: Packages need to be removed" >&2; exit 100; }
      sed -i '/^docker-ce /d' $W/installed
    fi
    sed -i "/^$name /d" $W/installed
    echo "$name $version" >>$W/installed
  done
  ;;
remove)
  for name in "${words[@]}" $(cat $W/needs-them 2>/dev/null); do
    grep -q "^$name " $W/installed || continue
    echo "Remv $name [1]"
    [[ -n $simulated ]] || sed -i "/^$name /d" $W/installed
  done
  ;;
esac
rm -f $B/docker
! grep -qE '^docker(.io|-ce) ' $W/installed || ln -s docker-stand-in $B/docker
"""
_APT_CACHE = """\
case $1 in
policy)
  for name in "${@:2}"; do
    version=$(awk -v n="$name" '$1 == n { print $2 }' $W/installed)
    grep -q "^$name " $W/installed $W/sources || continue
    printf '%s:\\n  Installed: %s\\n' "$name" "${version:-(none)}"
  done
  ;;
madison) awk -v n="$2" '$1 == n { print $1 " | " $2 " | http://archive" }' $W/sources ;;
esac
"""
_APT_MARK = """\
case $1 in
showhold) cat $W/held ;;
hold) printf '%s\\n' "${@:2}" >>$W/held ;;
unhold) for name in "${@:2}"; do sed -i "/^$name\\$/d" $W/held; done ;;
esac
"""
_DOCKER = """\
[[ ! -e $W/silent ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
compose=$(awk '/^docker-compose(-v2|-plugin)? / { print $2 }' $W/installed)
[[ ! -x /usr/local/lib/docker/cli-plugins/docker-compose ]] ||
  compose=$(/usr/local/lib/docker/cli-plugins/docker-compose)
case "$1 $2" in
info*)
  [[ $* != *DockerRootDir* ]] || cat $W/docker-root
  [[ $* != *HTTPSProxy* ]] || cat $W/docker-proxy
  ;;
"ps --quiet") cat $W/running ;;
"compose version") [[ -n $compose ]] && echo "$compose" ;;
"compose config") [[ ! -e $W/snap ]] && cat docker-compose.yml ;;
images*)
  if [[ $* == *--quiet* ]]; then cut -d ' ' -f 1 $W/images; else cat $W/images; fi
  ;;
rmi*)
  for name in "${@:2}"; do
    ! grep -qxF "$name" $W/used || { echo "image is being used" >&2; exit 1; }
    sed -i "\\\\| $name\\$|d" $W/images
  done
  ;;
"ps --all")
  if [[ $* == *--quiet* ]]; then cut -d '|' -f 1 $W/containers; else tr '|' ' ' <$W/containers; fi
  ;;
inspect*)
  # What Docker says of a label that isn't there.
  none='<no value>'
  [[ $3 != *'{{with index '* ]] || none=''
  for id in "${@:4}"; do
    awk -F '|' -v id="$id" -v none="$none" '$1 == id {
      print $1 "ffff|/" $3 "|" $2 "|" ($4 ? $4 : none) "|" ($5 ? $5 : none) }' $W/containers
  done
  ;;
esac
"""
_CURL = """\
if [[ $* == */openvidu/api/sessions ]]; then
  cat >$W/login
  echo "${@: -1}" >$W/asked
  [[ -e $W/sessions ]] || exit 7
  cat $W/sessions
  exit
fi
echo "curl by ${https_proxy:-no proxy}, but ${no_proxy:-nobody}" >>$W/did
while [[ $1 != --output ]]; do shift; done
cat $W/download >"$2"
"""


@dataclass(frozen=True)
class ExistingHost:
    """A host in a mount namespace of each script's own."""

    root: Path

    @property
    def world(self) -> Path:
        """What its stand-ins know: packages, images and so on."""
        return self.root / "world"

    def path(self, place: str) -> Path:
        """Where the host has a place, such as `/opt/openvidu`."""
        return self.root / place.removeprefix("/")

    def has(self, place: str, text: str = "") -> None:
        """Put a file there."""
        self.path(place).parent.mkdir(parents=True, exist_ok=True)
        self.path(place).write_text(text)

    def knows(self, name: str, *lines: str) -> None:
        """Have the stand-ins know lines, in place of those that they knew."""
        (self.world / name).write_text("".join(f"{line}\n" for line in lines))

    def runs(self, *containers: str) -> None:
        """Have Docker know containers: lines `id|image|name|project|folder`, an id of 12 signs."""
        self.knows("containers", *containers)

    def known(self, name: str) -> list[str]:
        """What the stand-ins know."""
        return (self.world / name).read_text().splitlines()

    def program(self, name: str, text: str) -> None:
        """Give the host a program."""
        file = self.root / "bin" / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/bash\nW={self.world} B={self.root}/bin\n{text}")
        file.chmod(0o755)

    def run(self, script: str, **fields: str) -> subprocess.CompletedProcess[str]:
        """Run a script of `machine/` with the values that it reads, as a machine does."""
        lines = "".join(f"{name}={text}\n" for name, text in fields.items())
        return self.shell(text_of(script), f"{lines}\n")

    def shell(
        self, text: str, given: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a text of the shell with a text to read."""
        mounts = "".join(f"mount --bind {self.root / own} /{own}\n" for own in _OWN)
        inside = f'set -e\n{mounts}export PATH={self.root / "bin"}\nexec /bin/bash -c "$0"'
        become_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        return subprocess.run(
            ["unshare", "--mount", *become_root, "/bin/bash", "-c", inside, text],
            input=given,
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            check=False,
        )


def existing_host(root: Path) -> ExistingHost:
    """A host as its owner has it: nothing of OpenVidu's, and no Docker."""
    host = ExistingHost(root)
    for folder in (*_OWN, "bin", "world"):
        (root / folder).mkdir(parents=True)
    for tool in _TOOLS.split():
        if found := shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            (root / "bin" / tool).symlink_to(found)
    for known in ("sources", "installed", "held", "images", "used", "containers", "locked"):
        host.knows(known)
    host.knows("did")
    host.knows("docker-root", "/var/lib/docker")
    host.knows("docker-proxy", "")
    host.knows("running")
    host.program("apt-get", _APT_GET)
    host.program("apt-cache", _APT_CACHE)
    host.program("apt-mark", _APT_MARK)
    host.program("docker-stand-in", _DOCKER)
    host.program("curl", _CURL)
    host.program("systemctl", 'echo "systemctl $*" >>$W/did')
    for nothing in ("sleep", "dpkg"):
        host.program(nothing, "exit 0")
    return host
