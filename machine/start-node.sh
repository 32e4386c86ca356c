#!/usr/bin/env bash
# Starts OpenVidu on a node. Whether it's ready, and known to the cluster, is asked when it joins.
# Source: on-premises page, "Installing OpenVidu Enterprise Nodes", step 7.
#
# Reads FOLDER, and LOGINS where it's known, as lines NAME=value on stdin. OpenVidu's start takes
# everything down first, so a node that runs is left alone; one whose containers run gets a minute to
# answer. With other LOGINS than it was started with, a node can't reach the base any more: it restarts.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"

cd "$FOLDER"
address=$(sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=//p' .env)
is_running() {
  [[ -n $(docker compose ps --status running --quiet openvidu-server 2>/dev/null) ]]
}
status_of() {
  curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' \
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

started=$SECONDS
until answers; do
  if ! is_running || ((SECONDS - started > 60)); then
    break
  fi
  sleep 1
done
if [[ -n ${LOGINS:-} && ! -e .started-with ]] && answers; then
  echo "$LOGINS" >.started-with
fi
if answers && [[ -z ${LOGINS:-} || $(<.started-with) == "$LOGINS" ]]; then
  echo "OpenVidu runs on $address."
  exit 0
fi
# Without this, start follows the logs for ever.
if ! FOLLOW_OPENVIDU_LOGS=false ./openvidu start </dev/null; then
  echo "OpenVidu did not start on $address; the reason is above. Then: pulumi up" >&2
  exit 1
fi
[[ -z ${LOGINS:-} ]] || echo "$LOGINS" >.started-with
