#!/usr/bin/env bash
# Starts the base services and waits until Redis, S3, Elasticsearch and the API port answer.
# Source: on-premises page, "Installing Base Services", step 7.
#
# Reads FOLDER as a line NAME=value on stdin. Services that run with the configuration in .env are
# left alone: a start would make the load balancer's container anew, because its list of nodes has
# changed since, and so cut connections.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"
limit_seconds=900

cd "$FOLDER"

configuration() {
  grep -v '^OPENVIDU_ENTERPRISE_HA_NODE_IPS=' .env | sha256sum | cut -d ' ' -f 1
}

value_of() {
  sed -n "s/^$1=//p" .env
}

redis_answers() {
  local reply
  exec 3<>/dev/tcp/127.0.0.1/6379 || return 1
  printf 'AUTH %s\r\nPING\r\n' "$(value_of OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD)" >&3
  read -r -t 5 reply <&3 && [[ $reply == +OK* ]] && read -r -t 5 reply <&3
  exec 3>&-
  [[ $reply == +PONG* ]]
}

http_status() {
  curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' "$1"
}

s3_answers() {
  [[ $(http_status http://127.0.0.1:9000/minio/health/live) == 200 ]]
}

# Without a login, Elasticsearch that is up answers 401.
elasticsearch_answers() {
  [[ $(http_status http://127.0.0.1:9200/) == [24]?? ]]
}

# Without a ready node, nginx that is up answers 502.
api_answers() {
  [[ $(http_status http://127.0.0.1:5443/openvidu/api/health) != 000 ]]
}

wait_for() {
  local service=$1 started=$SECONDS
  until "$2" 2>/dev/null; do
    if ((SECONDS - started > limit_seconds)); then
      echo "$service doesn't answer after $limit_seconds s." >&2
      docker compose ps >&2 || true
      docker compose logs --no-color --tail 20 loadbalancer >&2 || true
      echo "Look at: sudo sh -c 'cd $FOLDER && docker compose logs'. Then: pulumi up" >&2
      exit 1
    fi
    if (((SECONDS - started) % 10 == 0)); then
      echo "base: waiting for $service, $((SECONDS - started)) s of $limit_seconds s"
    fi
    sleep 1
  done
  echo "base: $service answers"
}

if [[ -s .started-with && $(<.started-with) == "$(configuration)" ]] &&
  redis_answers && s3_answers && elasticsearch_answers && api_answers; then
  echo "base: runs as configured"
  exit 0
fi
# Without this, start follows the logs for ever.
FOLLOW_OPENVIDU_LOGS=false ./base-services start </dev/null
wait_for Redis redis_answers
wait_for S3 s3_answers
wait_for Elasticsearch elasticsearch_answers
wait_for "the API port 5443" api_answers
configuration >.started-with
