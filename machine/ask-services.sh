#!/usr/bin/env bash
# Asks the services that nodes will use, with the logins that they will have, before a node starts.
#
# Reads LIMIT as a line NAME=value on stdin, for how many seconds to ask again, an empty line, then a
# node's .env.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${LIMIT:?}"

if ! python3 -I /opt/openvidu-membership/membership.pyz services --limit "$LIMIT"; then
  echo "Nodes can't use all of these services, so none was started or changed." >&2
  echo "  Look at redisHost, s3Endpoint, elasticsearchUrl, kibanaUrl and their logins: pulumi config" >&2
  echo "  Then: pulumi up" >&2
  exit 1
fi
