#!/bin/sh
# On the base: the load balancer's list, its first process, and the cluster's media nodes, with a
# line of = between them; on a bastion the last of these alone. $1: the containers' folder, $2: file
# with the API's secret, $3: URL of the media nodes, $4: user of the API. Prints what there is.
cat "$1"/*/fs/upstream.conf 2>/dev/null
echo '='
cat "$1"/*/fs/nginx.pid 2>/dev/null
echo '='
secret=$(grep '^OPENVIDU_SECRET=' "$2" 2>/dev/null | cut -d= -f2)
# The login goes by standard input: it is in no process list.
printf 'user = "%s:%s"\n' "$4" "$secret" | curl --silent --max-time 3 --config - "$3"
exit 0
