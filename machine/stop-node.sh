#!/usr/bin/env bash
# Stops OpenVidu on a node that carries no calls, as its own server says a moment before. Exit status 3:
# it carries one by now, or doesn't say so, and nothing was stopped.
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
ask() {
  curl --silent --show-error --noproxy '*' --max-time 5 --config - \
    "http://$ADDRESS:5443/openvidu/api/sessions" <<<"user = \"OPENVIDUAPP:$secret\"" |
    tr -d '[:space:]'
}
theirs=$(owners "$folder" node /var/lib/openvidu-host-as-found/containers) || theirs=''
if [[ -n $theirs ]]; then
  echo "OpenVidu's stop would remove containers on $ADDRESS that aren't its own: ${theirs//$'\n'/, }" >&2
  echo "It wasn't stopped. Run them on another machine, or with another name of their image." >&2
  echo "Look at: sudo docker ps --all (there). Then: pulumi up" >&2
  exit 1
fi
sessions=$(ask) || {
  echo "OpenVidu on $ADDRESS doesn't say which calls it carries; it wasn't stopped." >&2
  exit 1
}
# A session that nobody is in has an empty list, too: that of connections.
case $sessions in
'{"numberOfElements":0,"content":[]}' | '{"content":[],"numberOfElements":0}') ;;
*'"content":[{'*)
  echo "A call has begun on $ADDRESS; it isn't stopped."
  exit 3
  ;;
*)
  echo "OpenVidu on $ADDRESS doesn't say which calls it carries, but ${sessions:0:200}; it isn't stopped."
  exit 3
  ;;
esac
echo "No call on $ADDRESS; stopping OpenVidu there."
within "$stop_seconds" ./openvidu stop </dev/null &
stop=$!
# What begins in this moment is lost: it's seen as long as the server answers.
lost=''
while kill -0 "$stop" 2>/dev/null && sessions=$(ask 2>/dev/null); do
  [[ $sessions != *'"sessionId":'* ]] || lost=$sessions
  sleep 0.1
done
wait "$stop"
if [[ -n $lost ]]; then
  lost=$(grep -oE '"sessionId":"[^"]*"' <<<"$lost" | cut -d '"' -f 4 | sort -u)
  echo "A session began on $ADDRESS as OpenVidu was stopped, and was lost with it: ${lost//$'\n'/, }"
fi
