#!/usr/bin/env bash
# Stops OpenVidu on a node that carries no calls, as its own server says a moment before. Exit status 3:
# it carries one by now, or doesn't say so, and nothing was stopped.
# Source: page, "Node management".
#
# A stop goes on where the connection is lost, and one that was begun is gone on with.
#
# Reads ADDRESS, its private address, as a line NAME=value on stdin. On another machine nothing is stopped.
set -euo pipefail
# shellcheck source=machine/owners.sh
. machine/owners.sh
# shellcheck source=machine/running.sh
. machine/running.sh
# shellcheck source=machine/sessions.sh
. machine/sessions.sh
folder=/opt/openvidu
note=/var/lib/openvidu-host-as-found/containers
# There from a first stop until OpenVidu starts again.
begun=$folder/.stop-begun
stop_seconds=300

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${ADDRESS:?}"

cd "$folder"
own=$(sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=//p' .env)
if [[ $own != "$ADDRESS" ]]; then
  echo "OpenVidu on $ADDRESS was to be stopped, and this machine is ${own:-no node}; nothing was stopped." >&2
  echo "A node is stopped on its own machine, at the address that its .env has." >&2
  echo "Look which machine has it: uv run openvidu-enterprise status. Then: pulumi up" >&2
  exit 1
fi
refuse_owners "$folder" node "$note"
exec 9>"$folder/.stop.lock"
flock --timeout "$stop_seconds" 9 || {
  echo "OpenVidu on $ADDRESS is being stopped already, for more than $stop_seconds s; it wasn't stopped again." >&2
  echo "Look at: sudo sh -c 'cd $folder && docker compose ps --all' (there). Then: pulumi up" >&2
  exit 1
}
look_for_calls "$ADDRESS"
[[ $calls != closed || ! -e $begun ]] || calls=none
case $calls in
none) ;;
some)
  echo "A call has begun on $ADDRESS; it isn't stopped."
  exit 3
  ;;
unclear)
  echo "OpenVidu on $ADDRESS doesn't say which calls it carries, but $told; it isn't stopped."
  exit 3
  ;;
*)
  echo "OpenVidu on $ADDRESS doesn't say which calls it carries ($told); it wasn't stopped." >&2
  exit 1
  ;;
esac
echo "No call on $ADDRESS; stopping OpenVidu there."
touch "$begun"
said=$(mktemp)
trap 'rm -f "$said"' EXIT
# A connection that's lost ends whoever prints to it.
{ within "$stop_seconds" ./openvidu stop </dev/null && remove_left_media "$folder" "$note"; } >"$said" 2>&1 &
stop=$! status=0
# What begins in this moment is lost: it's seen as long as the server answers.
lost=''
while kill -0 "$stop" 2>/dev/null && sessions=$(ask_sessions "$ADDRESS" "$secret" 2>/dev/null); do
  [[ $sessions != *'"sessionId":'* ]] || lost=$sessions
  sleep 0.1
done
wait "$stop" || status=$?
cat "$said"
if [[ -n $lost ]]; then
  lost=$(grep -oE '"sessionId":"[^"]*"' <<<"$lost" | cut -d '"' -f 4 | sort -u)
  echo "A session began on $ADDRESS as OpenVidu was stopped, and was lost with it: ${lost//$'\n'/, }"
fi
exit "$status"
