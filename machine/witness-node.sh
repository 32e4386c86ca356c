#!/usr/bin/env bash
# Says whether OpenVidu runs on this node: `runs …`, `stopped …` or `unknown …`, in one line. It's
# stopped when its port is closed and nothing that carries calls runs, at two looks; a server that says itself that
# it has none carries none.
#
# Reads ADDRESS, its private address, as a line NAME=value on stdin.
set -euo pipefail
export LC_ALL=C

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${ADDRESS:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# OpenVidu's own, by their images: not those that send figures elsewhere, nor an owner's. The TURN
# server carries only what the others do; what speaks for the node, and what starts its media, carry nothing.
containers() {
  # Where Docker was never installed nothing runs.
  command -v docker >/dev/null || return 0
  timeout 8 docker ps --format '{{.Image}} {{.Names}}' >"$work/running" || return 1
  grep -E '^([^ ]*/)?(openvidu|kurento)/' "$work/running" | grep -v -E 'coturn|replication-manager|media-node-controller' || true
}

# A command that waits may hold what it waits for: it's ended.
port_is_closed() {
  local said
  ! said=$(timeout 2 bash -c ": </dev/tcp/$ADDRESS/4443" 2>&1) && [[ $said == *"Connection refused"* ]]
}

# As its own server tells; nothing where that doesn't.
# Source: REST API reference, "GET /openvidu/api/sessions": the count comes first.
calls() {
  local secret
  secret=$(sed -n 's/^OPENVIDU_SECRET=//p' /opt/openvidu/.env 2>/dev/null)
  curl --silent --noproxy '*' --max-time 2 --config - "http://$ADDRESS:5443/openvidu/api/sessions" \
    <<<"user = \"OPENVIDUAPP:$secret\"" 2>/dev/null |
    tr -d '[:space:]' | sed -n 's/^{"numberOfElements":1,.*/, 1 call/p; s/^{"numberOfElements":\([0-9]*\),.*/, \1 calls/p' || true
}

# Whether nothing goes on there, and nobody is led there. Sets `running`.
is_out() {
  running=$(containers) || {
    echo "unknown Docker on it gives no answer"
    exit 0
  }
  port_is_closed && [[ -z $running || $(calls) == ', 0 calls' ]]
}

if ! is_out; then
  echo "runs $(grep -c . <<<"$running" || true) containers of OpenVidu, port 4443 $(port_is_closed && echo closed || echo open)$(calls)"
  exit 0
fi
sleep 1
if is_out; then
  [[ -z $running ]] && what="no container of OpenVidu runs" || what="its server has no calls"
  echo "stopped $what, and port 4443 is closed"
else
  echo "unknown its containers come and go"
fi
