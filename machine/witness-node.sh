#!/usr/bin/env bash
# Says whether OpenVidu runs on this node: `runs …`, `stopped …` or `unknown …`, in one line. It's
# stopped when its port is closed and nothing that may carry calls runs, at two looks; a server that says itself
# that it has none carries none.
#
# Reads ADDRESS, its private address, as a line NAME=value on stdin.
set -euo pipefail
export LC_ALL=C
# shellcheck source=machine/sessions.sh
. machine/sessions.sh
# shellcheck source=machine/running.sh
. machine/running.sh
# Who asks waits for all of it.
query_seconds=8
folder=/opt/openvidu
note=/var/lib/openvidu-host-as-found/containers

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${ADDRESS:?}"

# A copy of the machine has its SSH host key, too: its word is none of the one that was meant.
if command -v ip >/dev/null && ! ip -oneline -4 address show | grep -F " $ADDRESS/" >/dev/null; then
  echo "unknown the machine that answers hasn't the address $ADDRESS"
  exit 0
fi

# A command that waits may hold what it waits for: it's ended.
port_is_closed() {
  local said
  ! said=$(timeout 2 bash -c ": </dev/tcp/$ADDRESS/4443" 2>&1) && [[ $said == *"Connection refused"* ]]
}

# OpenVidu comes after Docker, and stays when only that is taken away.
docker_was_never_there() {
  ! command -v docker >/dev/null && [[ ! -e $folder ]]
}

# Whether nothing goes on there, and nobody is led there. Sets `count`, of containers that may carry calls,
# `doubtful`, those of which nobody knows whose they are, and `calls`.
is_out() {
  local found='' kind name image
  count=0 doubtful='' calls=''
  if ! docker_was_never_there && ! found=$(running "$folder" "$note" 2>/dev/null); then
    echo "unknown Docker on it gives no answer"
    exit 0
  fi
  while IFS='|' read -r kind _ name image; do
    case $kind in
    calls) count=$((count + 1)) ;;
    unknown) doubtful+="${doubtful:+, }$name ($image)" ;;
    esac
  done <<<"$found"
  if ((count)) || [[ -n $doubtful ]]; then
    cd "$folder" 2>/dev/null || true
    look_for_calls "$ADDRESS"
  fi
  port_is_closed && { { ! ((count)) && [[ -z $doubtful ]]; } || [[ $calls == none ]]; }
}

is_out && first=out || first=in
if [[ $first == in ]]; then
  if ! ((count)) && port_is_closed; then
    echo "unknown no container of OpenVidu is known to run, but $doubtful may carry its calls: stop what is yours there, or run it by Docker Compose"
    exit 0
  fi
  case $calls in
  none | some) carried=", ${told/no call/0 calls}" ;;
  *) carried='' ;;
  esac
  echo "runs $count containers of OpenVidu, port 4443 $(port_is_closed && echo closed || echo open)$carried"
  exit 0
fi
sleep 1
if is_out; then
  what="its server has no calls"
  ((count)) || [[ -n $doubtful ]] || what="no container of OpenVidu runs"
  echo "stopped $what, and port 4443 is closed"
else
  echo "unknown its containers come and go"
fi
