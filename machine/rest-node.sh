#!/usr/bin/env bash
# Prepares a machine to be stopped as a standby: none of OpenVidu runs, and nothing secret is left in .env. It
# stays installed. Where OpenVidu's server runs, it carries calls or may: nothing is changed then.
#
# .env itself stays, as an install without it isn't a whole one.
#
# Reads FOLDER as a line NAME=value on stdin.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"

# shellcheck source=machine/limits.sh
. machine/limits.sh
stop_seconds=300
shopt -s nullglob

ids=$(ask_docker ps --all --quiet)
if [[ -n $ids ]]; then
  # shellcheck disable=SC2086 # one word a container
  found=$(ask_docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}|{{.State.Status}}' $ids)
  if grep -qx 'openvidu-server|running' <<<"$found"; then
    {
      echo "OpenVidu runs in $FOLDER: this machine may carry calls. It isn't stopped, and nothing was changed on it."
      echo "Look at it: uv run openvidu-enterprise status. Then: pulumi up"
    } >&2
    exit 1
  fi
  (cd "$FOLDER" && within "$stop_seconds" docker compose down --volumes </dev/null)
fi
rm -f "$FOLDER/.started-with"
# Also what an install that was cut, or a .env that was being written, has left beside.
for file in "$FOLDER"/.env* "$FOLDER".incomplete-*/.env*; do
  [[ $file != *.lock ]] || continue
  sed -i -E 's/^([A-Za-z0-9_]*(SECRET|PASSWORD|LICENSE|KEY|HEADERS|REGISTRIES)[A-Za-z0-9_]*)=.*/\1=/' "$file"
done
sync
echo "Nothing of OpenVidu runs here, and nothing secret is left in $FOLDER."
