#!/usr/bin/env bash
# Tells what there is on a host before anything is changed there, as lines NAME=value.
#
# Reads ROLE, STACK, ADDRESS, FOLDER, PORTS, PEERS, SSH_PORTS and DOWNLOADS as lines NAME=value on stdin.
# PORTS are those that OpenVidu will listen on, as tcp:443; PEERS what this host has to reach, as
# 10.5.0.5:6379; SSH_PORTS where SSH may answer; DOWNLOADS URLs that an installation gets things from. By
# PROXY, STRAIGHT and MIRROR it's going to get out. With ADOPTED=true an OpenVidu that is there is to be taken over.
set -euo pipefail
# shellcheck source=machine/https.sh
. machine/https.sh
# shellcheck source=machine/owners.sh
. machine/owners.sh
# shellcheck source=machine/put-way-out.sh
. machine/put-way-out.sh
# shellcheck source=machine/running.sh
. machine/running.sh
# All of the look has a minute.
query_seconds=8
found=/var/lib/openvidu-host-as-found

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${ADDRESS:?}" "${FOLDER:?}" "${SSH_PORTS:=22}"

say() { printf '%s=%s\n' "$1" "$2"; }
has() { "$@" >/dev/null 2>&1 && echo yes || echo no; }

say os "$(sed -n 's/^PRETTY_NAME="\(.*\)"$/\1/p' /etc/os-release 2>/dev/null || true)"
say processor "$(uname -m)"
say cpus "$(nproc)"
say memoryMib "$(free --mebi | awk '/^Mem:/ { print $2 }')"
# What is free where a folder is, or would be made; nothing where a file system doesn't count that.
free_of() {
  local place=$2
  until [[ -e $place ]]; do place=$(dirname "$place"); done
  df --output="$1" --block-size=1M "$place" 2>/dev/null | tail -n 1 | tr -cd '0-9'
}
images=$(ask_docker info --format '{{.DockerRootDir}}' 2>/dev/null || true)
[[ $images == /* ]] || images=/var/lib/docker
say freeDiskMib "$(free_of avail /opt)"
say images "$images"
say freeImagesMib "$(free_of avail "$images")"
say freeImagesInodes "$(free_of iavail "$images")"
say freeTmpMib "$(free_of avail "${TMPDIR:-/tmp}")"
say docker "$(has ask_docker info)"
say compose "$(ask_docker compose version --short 2>/dev/null || true)"
# Docker from snap sees nothing of /opt: what Compose is to read there is tried.
look=$(mktemp -d /opt/.openvidu-look.XXXXXX)
trap 'rm -rf "$look"' EXIT
printf 'services:\n  look:\n    image: look\n' >"$look/docker-compose.yml"
say reads "$(cd "$look" && has ask_docker compose config)"
say packages "$(has command -v apt-get)"
say python "$(has python3 -I -c 'import boto3, httpx, redis')"
say clock "$(date +%s)"
say addresses "$(hostname --all-ip-addresses 2>/dev/null | xargs)"
say installed "$(has test -e "$FOLDER")"
say hindrance "$(hindrance)"
# What no note of machine/prepare-host.sh says is the stack's; earlier ones don't name folders.
foreign=
for folder in "$FOLDER" /opt/openvidu-membership /var/lib/openvidu-membership; do
  if [[ -e $folder ]] && ! grep -qsxF "$folder" "$found/folders" &&
    [[ ! -d $found || -e $found/folders ]] && [[ $folder != "$FOLDER" || ${ADOPTED:-} != true ]]; then
    foreign+=" $folder"
  fi
done
say foreign "${foreign# }"
# Notes of earlier versions don't say whose the host is.
owner=$(cat "$found/stack" 2>/dev/null || true)
[[ $owner != "${STACK:-}" ]] || owner=''
say owner "$owner"
# Of a host that has a note some may be the stack's.
if [[ -d $found ]]; then
  theirs=$(owners "$FOLDER" "${ROLE:-}" "$found/containers" 2>/dev/null | cut -d ' ' -f 1 || true)
else
  theirs=$(taken "$FOLDER" "${ROLE:-}" 2>/dev/null || true)
  [[ ${ADOPTED:-} != true ]] || theirs=$(without "$(of_openvidu "$FOLDER" 2>/dev/null || true)" "$theirs")
  theirs=$(cut -d '|' -f 2 <<<"$theirs")
fi
say taken "${theirs//$'\n'/ }"

# Where logins are limited, as by `ufw limit`, who logs in here may be. Source: ufw, ufwcommon.py and
# backend_iptables.py, `limit` (xt_recent with --hitcount).
rules=$({ iptables -S && ip6tables -S; nft list ruleset; } 2>/dev/null || true)
limited=$(grep -E "dport (${SSH_PORTS// /|}|ssh)( |$)" <<<"$rules" |
  grep -E -- '--hitcount|hashlimit|limit rate over|xt match "?(recent|hashlimit)' || true)
operator=$(tr '\0' '\n' </proc/$PPID/environ 2>/dev/null | sed -n 's/^SSH_CONNECTION=\([^ ]*\) .*/\1/p' || true)
say limited "${limited:+${operator:-ADDRESS}}"

busy=
listening=$(ss --no-header --listening --numeric --tcp --udp 2>/dev/null || true)
for entry in ${PORTS:-}; do
  protocol=${entry%%:*} port=${entry##*:}
  if grep -qE "^$protocol .*[:.]$port +[^ ]+ *$" <<<"$listening"; then
    busy+=" $entry"
  fi
done
say busy "${busy# }"

# A refused connection has reached the machine: nothing listens there yet.
reach() {
  local said
  said=$(timeout 4 bash -c ": </dev/tcp/${1%:*}/${1#*:}" 2>&1) && return
  [[ $said == *"Connection refused"* ]]
}
work=$(mktemp -d)
trap 'rm -rf "$look" "$work"' EXIT
number=0
for peer in ${PEERS:-}; do
  # In a file each, in order: several at a time.
  { reach "$peer" || echo "$peer" >"$work/$((1000 + number))"; } &
  number=$((number + 1))
done
wait
say blocked "$(cat "$work"/* 2>/dev/null | xargs)"
# shellcheck disable=SC2086 # one word a URL
tell_of ${DOWNLOADS:-}
