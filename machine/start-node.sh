#!/usr/bin/env bash
# Starts OpenVidu on a node, and says which of its services doesn't run. Whether it's ready, and known to
# the cluster, is asked when it joins.
# Source: on-premises page, "Installing OpenVidu Enterprise Nodes", step 7.
#
# Reads FOLDER, and LOGINS where it's known, as lines NAME=value on stdin. OpenVidu's start takes
# everything down first, so of a node that answers only what doesn't run is started; one whose containers
# run gets a minute to answer. With other LOGINS than it was started with, a node can't reach the base
# any more: it restarts.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"
COMMAND=openvidu
# The first Docker Compose with which a start never ends, and the first with which it does again:
# openvidu/compose.py has the source.
compose_below=2.39
compose_from=5.6

# shellcheck source=machine/containers.sh
. machine/containers.sh

cd "$FOLDER"
address=$(sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=//p' .env)
is_running() {
  [[ -n $(ask_docker compose ps --status running --quiet openvidu-server 2>/dev/null) ]]
}
status_of() {
  curl --silent --noproxy '*' --max-time 5 --output /dev/null --write-out '%{http_code}' \
    "http://$address:4443$1" || true
}
# Versions from 2.32.1 on have no health endpoint: their / wants a login when they are well.
answers() {
  case $(status_of /openvidu/health) in
  200) return 0 ;;
  401 | 403 | 404) [[ $(status_of /) == 40[123] ]] ;;
  *) return 1 ;;
  esac
}

started=$(now)
until answers; do
  if ! is_running || (($(now) - started > 60)); then
    break
  fi
  sleep 1
done
remove_left_over
if [[ -n ${LOGINS:-} && ! -e .started-with ]] && answers; then
  echo "$LOGINS" >.started-with
fi
if answers && [[ -z ${LOGINS:-} || $(<.started-with) == "$LOGINS" ]]; then
  start_what_is_down
  settle
  echo "OpenVidu runs on $address."
  exit 0
fi
# Its program waits with this for its first container, which Compose then starts again and again.
if grep -q -- --exit-code-from "$COMMAND"; then
  require_compose "$(sed -n 's/.*Openvidu Version: *\([0-9.]*\).*/\1/p' docker-compose.yml | head -n 1)" \
    "$compose_below" "$compose_from"
fi
note_what_ended
run_openvidu start
remove_left_over
[[ -z ${LOGINS:-} ]] || echo "$LOGINS" >.started-with
# One that takes longer is waited for when it joins.
until check && answers || (($(now) - began > patience_seconds)); do
  sleep 1
done
settle
