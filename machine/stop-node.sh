#!/usr/bin/env bash
# Stops OpenVidu on a node that carries no calls, as its own server says a moment before. Exit status 3:
# it carries one by now, and nothing was stopped.
# Source: page, "Node management"; REST API reference, "GET /openvidu/api/sessions".
#
# Reads ADDRESS, its private address, as a line NAME=value on stdin.
set -euo pipefail
# shellcheck source=machine/owners.sh
. machine/owners.sh
folder=/opt/openvidu
stop_seconds=300

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${ADDRESS:?}"

cd "$folder"
secret=$(sed -n 's/^OPENVIDU_SECRET=//p' .env)
sessions=$(curl --silent --show-error --noproxy '*' --max-time 5 --config - \
  "http://$ADDRESS:5443/openvidu/api/sessions" <<<"user = \"OPENVIDUAPP:$secret\"") || {
  echo "OpenVidu on $ADDRESS doesn't say which calls it carries; it wasn't stopped." >&2
  exit 1
}
sessions=${sessions//[[:space:]]/}
if [[ $sessions != *'"content":[]'* ]]; then
  echo "A call has begun on $ADDRESS; it isn't stopped."
  exit 3
fi
theirs=$(owners "$folder" node /var/lib/openvidu-host-as-found/containers) || theirs=''
if [[ -n $theirs ]]; then
  echo "OpenVidu's stop would remove containers on $ADDRESS that aren't its own: ${theirs//$'\n'/, }" >&2
  echo "It wasn't stopped. Run them on another machine, or with another name of their image." >&2
  echo "Look at: sudo docker ps --all (there). Then: pulumi up" >&2
  exit 1
fi
echo "No call on $ADDRESS; stopping OpenVidu there."
within "$stop_seconds" ./openvidu stop </dev/null
