#!/usr/bin/env bash
# Starts OpenVidu on a node, and says which of its services doesn't run. Whether it's ready, and known to
# the cluster, is asked when it joins.
# Source: on-premises page, "Installing OpenVidu Enterprise Nodes", step 7.
#
# OpenVidu's start takes everything down first. So where OpenVidu runs, only what doesn't run is started,
# and it gets a minute to answer. A restart, where it's needed all the same, comes once its own server says
# that it carries no call: what gives no answer may carry some. With other LOGINS than it was started with,
# a node can't reach the base any more: it restarts, too.
#
# Reads FOLDER, and LOGINS and NAME, the node's, where they are known, as lines NAME=value on stdin.
# CHANGE_SECONDS is how long other LOGINS wait for calls to end; DURING_CALLS is true where they don't wait.
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
# shellcheck source=machine/sessions.sh
. machine/sessions.sh
answer_seconds=60
progress_seconds=60
# Of a server that refuses connections: it may be started again just then.
closed_looks=3

# From now on it carries calls, whatever became of it before.
rm -f /var/lib/openvidu-host-as-found/drained "$FOLDER/.stop-begun"
cd "$FOLDER"
address=$(sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=//p' .env)
server() { ask_docker compose ps --status running --quiet openvidu-server 2>/dev/null; }
is_running() { [[ -n $(server) ]]; }
is_stopped() {
  local found
  found=$(server) && [[ -z $found ]]
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

has_other_logins() {
  [[ -n ${LOGINS:-} && -e .started-with && $(<.started-with) != "$LOGINS" ]]
}

# Ends the script where calls go on, or may: see above.
wait_until_it_carries_no_call() {
  local since limit=0 passed said_at=0 closed=0
  since=$(now)
  ! has_other_logins || limit=${CHANGE_SECONDS:-0}
  while true; do
    look_for_calls "$address"
    [[ $calls == closed ]] && closed=$((closed + 1)) || closed=0
    if [[ $calls == none ]] || ((closed >= closed_looks)) || { [[ $calls != some ]] && is_stopped; }; then
      return
    fi
    if has_other_logins && [[ ${DURING_CALLS:-} == true ]]; then
      echo "configChangeDuringCalls is set: what OpenVidu on $address carries is cut ($told)."
      return
    fi
    passed=$(($(now) - since))
    ((closed || passed < limit)) || fail_busy
    if ((! closed && passed >= said_at)); then
      said_at=$((passed + progress_seconds))
      echo "OpenVidu on $address restarts once it carries no call: $told, $passed of $limit s"
    fi
    sleep 1
  done
}

fail_busy() {
  local found="it carries $told"
  [[ $calls == some ]] || found="it doesn't say which calls it carries ($told)"
  {
    if has_other_logins; then
      echo "OpenVidu on $address has to restart for other logins, and $found. It was waited for ${CHANGE_SECONDS:-0} s."
      echo "It wasn't restarted: it goes on with those that it has."
      echo "Wait again: pulumi up; or cut them: pulumi config set configChangeDuringCalls true && pulumi up"
    else
      echo "OpenVidu on $address isn't well (port 4443 answers $(status_of /openvidu/health)), and $found."
      echo "It wasn't restarted: a restart would cut what it carries."
      echo "Look at it: uv run openvidu-enterprise repair ${NAME:-NODE}. Then: pulumi up"
    fi
  } >&2
  exit 1
}

started=$(now)
! is_running || start_what_is_down
until answers; do
  if ! is_running || (($(now) - started > answer_seconds)); then
    break
  fi
  sleep 1
done
remove_left_over
if [[ -n ${LOGINS:-} && ! -e .started-with ]] && answers; then
  echo "$LOGINS" >.started-with
fi
if ! has_other_logins && answers; then
  start_what_is_down
  settle
  echo "OpenVidu runs on $address."
  exit 0
fi
wait_until_it_carries_no_call
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
