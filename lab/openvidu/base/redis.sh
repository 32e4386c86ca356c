#!/bin/sh
# The container `redis`: a real Redis that keeps nothing on disk: it has no volume, so that a
# restart loses what the cluster knows (repository of OpenVidu 2.30.0, service `redis`).
#
# Environment: REDIS_PORT, REDIS_PASSWORD. The password goes in by standard input, to keep it out
# of the process list.
set -eu

cd "$CONTAINER_FILES"
exec redis-server - <<EOF
bind 0.0.0.0
port $REDIS_PORT
requirepass $REDIS_PASSWORD
save ""
appendonly no
protected-mode no
hz 2
dynamic-hz yes
EOF
