#!/usr/bin/env bash
# Tells what of others a machine can reach, as lines PLACE=ok, or PLACE= and why not.
#
# Reads PLACES as a line NAME=value on stdin: what has to accept connections, as 10.5.0.5:6379.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done

reach() {
  local host=${1%:*} port=${1##*:} said
  getent ahosts "$host" >/dev/null || {
    echo "its name can't be resolved there"
    return
  }
  if said=$(timeout 4 bash -c ": </dev/tcp/$host/$port" 2>&1); then
    echo ok
  elif [[ -n $said ]]; then
    said=${said##*: }
    echo "${said,}"
  else
    echo "no answer within 4 s"
  fi
}
for place in ${PLACES:-}; do
  # Several at a time; a line is written at once.
  echo "$place=$(reach "$place")" &
done
wait
