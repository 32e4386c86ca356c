#!/usr/bin/env bash
# Starts base services or a single master, and waits until they answer.
# Source: on-premises page, "Installing Base Services", step 7; documentation, "Deploy OpenVidu Pro on
# premises", "Execution" and "Administration".
#
# Reads as lines NAME=value on stdin: NAME of the machine, FOLDER, COMMAND in it, PROXY, which is
# nginx's service, PUBLIC_IP, and WAIT_FOR: redis, s3, elasticsearch, api, server, proxy. Services that
# run with the configuration in .env are left alone: only what doesn't run beside them is started, and only
# what gives no answer for long is restarted, alone. A start of all would make the load balancer's container
# anew, because its list of nodes has changed since, and so cut connections: it comes once nginx answers
# nobody. A master's restart ends its calls: it comes once its own server says that it carries none.
# DURING_CALLS is true where a changed configuration doesn't wait for them.
# Where S3 is waited for, OpenVidu's bucket is made sure of: the service that makes it ends well whether
# it could or not. Source: repository, base services, `createbuckets`; before 2.32.1 it doesn't wait for S3.
#
# Without a certificate nginx serves port 80 only. Its container tries once, when it starts: one that
# was refused is made anew. Source: OpenVidu's image openvidu-proxy, entrypoint.
set -euo pipefail

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${NAME:?}" "${FOLDER:?}" "${COMMAND:?}" "${PROXY:?}" "${PUBLIC_IP:?}" "${WAIT_FOR:?}"
limit_seconds=900
# Longer than the 60 s for which resolvers keep what the domain's record said before.
domain_seconds=${DOMAIN_SECONDS:-120}
bucket_seconds=120
look_seconds=5
# Of a server that refuses connections: it may be started again just then.
closed_looks=3
# A session that is there for so long, and has nobody in it, is no call: OpenVidu keeps it for an hour.
joining_seconds=60
note=/var/lib/openvidu-host-as-found

# shellcheck source=machine/containers.sh
. machine/containers.sh
# shellcheck source=machine/sessions.sh
. machine/sessions.sh

cd "$FOLDER"

configuration() {
  grep -v '^OPENVIDU_ENTERPRISE_HA_NODE_IPS=' .env | sha256sum | cut -d ' ' -f 1
}

value_of() {
  sed -n "s/^$1=//p" .env
}

name_of() {
  case $1 in
  redis) echo Redis ;;
  s3) echo S3 ;;
  elasticsearch) echo Elasticsearch ;;
  api) echo "the API port 5443" ;;
  server) echo "OpenVidu Server" ;;
  proxy) echo nginx ;;
  esac
}

# Apart: Docker takes a connection before Redis listens, and closes it, which ends who writes there.
redis_answers() (
  local reply
  exec 3<>/dev/tcp/127.0.0.1/6379 || return 1
  printf 'AUTH %s\r\nPING\r\n' "$(value_of OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD)" >&3
  read -r -t 5 reply <&3 && [[ $reply == +OK* ]] && read -r -t 5 reply <&3
  exec 3>&-
  [[ $reply == +PONG* ]]
)

http_status() {
  curl --silent --noproxy '*' --output /dev/null --max-time 5 --write-out '%{http_code}' "$@"
}

# nginx answers a request without a host by itself (RFC 9112, 3.2): others wait for nodes, as long as these
# can't be reached.
nginx_answers() {
  [[ $(http_status --insecure --header Host: "$1") != 000 ]]
}

s3_answers() {
  [[ $(http_status http://127.0.0.1:9000/minio/health/live) == 200 ]]
}

# Without a login, Elasticsearch that is up answers 401.
elasticsearch_answers() {
  [[ $(http_status http://127.0.0.1:9200/) == [24]?? ]]
}

api_answers() {
  nginx_answers http://127.0.0.1:5443/
}

# UP, UNSTABLE or DOWN: a master without media nodes says DOWN.
# Source: REST API reference, "GET /openvidu/api/health".
server_answers() {
  local login status
  login="user = \"OPENVIDUAPP:$(value_of OPENVIDU_SECRET)\""
  status=$(http_status --config - http://127.0.0.1:5443/openvidu/api/health <<<"$login")
  [[ $status =~ ^(200|409|503)$ ]]
}

proxy_answers() {
  local port
  port=$(value_of HTTPS_PORT)
  nginx_answers "https://127.0.0.1:${port:-443}/"
}

proxy_log() {
  ask_docker compose logs --no-color --no-log-prefix "$PROXY" 2>/dev/null | readable || true
}

# All addresses of a name, as the world sees them: DNS is asked, not /etc/hosts, which leads a machine's
# own name to itself on Debian. systemd-resolved answers from that file too, unless it's told not to.
# Where no server of names is known, the machine's own files are all there is.
# Source: resolvectl(1), getent(1), resolved.conf(5) on ReadEtcHosts.
leads_to() {
  local record
  if [[ -e /run/systemd/resolve/resolv.conf ]] && command -v resolvectl >/dev/null; then
    for record in A AAAA; do
      resolvectl query --legend=no --cache=no --synthesize=no --type="$record" "$1" || true
    done 2>/dev/null | awk '$2 == "IN" && ($3 == "A" || $3 == "AAAA") { print $4 }'
  elif grep -qs '^nameserver' /etc/resolv.conf; then
    getent --no-addrconfig --service=dns ahosts "$1" || true
  else
    getent --no-addrconfig ahosts "$1" || true
  fi | awk '{ print $1 }' | sort -u | xargs
}

# Those of the addresses that aren't this machine's. Of several, the authority takes any, and IPv6 first.
elsewhere() {
  local own address
  own=" $PUBLIC_IP $(ip -6 -oneline address show scope global 2>/dev/null |
    awk '{ sub(/[/].*/, "", $4); print $4 }' | xargs) "
  for address in $1; do
    [[ $own == *" $address "* ]] || echo "$address"
  done | xargs
}

what_lets_encrypt_needs() {
  local domain found address record
  domain=$(value_of DOMAIN_OR_PUBLIC_IP)
  found=$(leads_to "$domain")
  echo "Let's Encrypt has to reach this machine under its name. Check:"
  echo "  $domain must lead to $PUBLIC_IP; here it leads to ${found:-no address}"
  for address in $(elsewhere "$found"); do
    [[ $address == *:* ]] && record=AAAA || record=A
    echo "  its $record record $address isn't this machine's: take it out of DNS"
  done
  echo "  port 80 of $PUBLIC_IP must be open to the whole internet"
  echo "  the e-mail: pulumi config set letsencryptEmail $(value_of LETSENCRYPT_EMAIL)"
  echo "Then: pulumi up (Let's Encrypt takes about five failures an hour)"
  echo "Or go on without it: pulumi config set certificateType selfsigned && pulumi up"
}

# tell TEXT: at once, and every ten seconds from then on, by the `next` of whoever waits.
tell() {
  (($(now) >= next)) || return 0
  next=$(($(now) + 10))
  echo "$NAME: waiting $1"
}

# A name that leads elsewhere costs one of the few failures that Let's Encrypt allows.
wait_for_domain() {
  local domain found started next=0
  started=$(now)
  domain=$(value_of DOMAIN_OR_PUBLIC_IP)
  [[ $(value_of CERTIFICATE_TYPE) == letsencrypt && ! -e certificates/live/$domain ]] || return 0
  while
    found=$(leads_to "$domain")
    [[ " $found " != *" $PUBLIC_IP "* || -n $(elsewhere "$found") ]]; do
    if (($(now) - started > domain_seconds)); then
      {
        echo "$NAME: $domain doesn't lead to this machine alone; nothing was started."
        what_lets_encrypt_needs
      } >&2
      exit 1
    fi
    tell "until $domain leads to $PUBLIC_IP; it leads to ${found:-no address}"
    sleep 1
  done
}

# Whether the last of its starts came that far: each begins with its input.
has_no_certificate() {
  proxy_log | awk '/INPUT VARIABLES/ { failed = 0 } /cannot load certificate/ { failed = 1 }
    END { exit !failed }'
}

# The last request for a certificate, up to where the proxy goes on without one, and what nginx says of it.
why_no_certificate() {
  proxy_log | awk '
    /Requesting LetsEncrypt/ { asking = 1; words = "" }
    /=====/ { asking = 0 }
    /cannot load certificate/ { asking = 0; refusal = $0 }
    asking && NF { words = words $0 "\n" }
    END { printf "%s%s\n", words, refusal }' | sed 's/^ */  /'
}

fail_without_certificate() {
  local domain type
  domain=$(value_of DOMAIN_OR_PUBLIC_IP)
  type=$(value_of CERTIFICATE_TYPE)
  {
    echo "$NAME: nginx has no certificate for $domain ($type). It says:"
    why_no_certificate
    echo "The other services run. What nginx serves can't be reached."
    if [[ $type == letsencrypt ]]; then
      what_lets_encrypt_needs
    else
      echo "Look at: sudo sh -c 'cd $FOLDER && docker compose logs $PROXY'. Then: pulumi up"
    fi
  } >&2
  exit 1
}

# OpenVidu's own service makes it, with MinIO's client. MinIO keeps a bucket as a folder of its data.
ensure_bucket() {
  local bucket started next
  started=$(now) next=$started
  bucket=$(value_of OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET)
  until [[ -d minio-s3/$bucket ]]; do
    if (($(now) - started > bucket_seconds)); then
      {
        echo "$NAME: the bucket $bucket isn't there and can't be made. createbuckets says:"
        ask_docker compose logs --no-color --no-log-prefix --tail 10 createbuckets | readable | sed 's/^ */  /'
        echo "Nodes share their configuration in it: without it none starts."
        echo "Look at: sudo sh -c 'cd $FOLDER && docker compose logs minio-s3'. Then: pulumi up"
      } >&2
      exit 1
    fi
    if (($(now) >= next)); then
      echo "$NAME: making the bucket $bucket"
      ask_docker compose up --detach createbuckets || true
      next=$(($(now) + 10))
    fi
    sleep 1
  done
}

wait_for() {
  local service started looked next=0
  started=$(now) looked=$started
  service=$(name_of "$1")
  until "$1_answers" 2>/dev/null; do
    if [[ $1 == api || $1 == proxy ]] && has_no_certificate; then
      fail_without_certificate
    fi
    if (($(now) - started > limit_seconds)); then
      echo "$service doesn't answer after $limit_seconds s." >&2
      ask_docker compose ps --all >&2 || true
      proxy_log | tail -n 20 >&2
      echo "Look at: sudo sh -c 'cd $FOLDER && docker compose logs'. Then: pulumi up" >&2
      exit 1
    fi
    tell "for $service, $(($(now) - started)) s of $limit_seconds s"
    if (($(now) - looked >= look_seconds)); then
      check
      looked=$(now)
    fi
    sleep 1
  done
  echo "$NAME: $service answers"
}

all_answer() {
  local service
  for service in $WAIT_FOR; do
    "${service}_answers" 2>/dev/null || return 1
  done
}

make_sure_of_bucket() {
  [[ " $WAIT_FOR " != *" s3 "* ]] || ensure_bucket
}

nginx_is_refused() {
  has_no_certificate && ! proxy_answers 2>/dev/null
}

# Whether all that is waited for answers, as it may a while after a reboot; what is down is started alone.
comes_back() {
  local started before='' next=0
  started=$(now)
  [[ -n $(ask_docker compose ps --all --quiet 2>/dev/null) ]] || return
  start_what_is_down
  until all_answer; do
    (($(now) - started <= patience_seconds)) || return
    ! nginx_is_refused || return
    look
    [[ -z ${down[*]} || ${down[*]} != "$before" ]] || return
    before=${down[*]}
    tell "for what was started with this configuration, $(($(now) - started)) s of $patience_seconds s"
    sleep 1
  done
}

runs_as_configured() {
  [[ -s .started-with && $(<.started-with) == "$(configuration)" ]]
}

# Those that give no answer. Sets `silent`.
look_for_silence() {
  local service
  silent=()
  for service in $WAIT_FOR; do
    "${service}_answers" 2>/dev/null || silent+=("$service")
  done
}

# names_of SERVICE...: as people read them.
names_of() {
  local service names=''
  for service; do
    names+="${names:+, }$(name_of "$service")"
  done
  echo "$names"
}

# Restarts what gives no answer though it runs: it alone, and nothing that users or calls go through.
restart_silent() {
  local service container hung=()
  look
  for service in "${silent[@]}"; do
    case $service in
    redis | elasticsearch) container=$service ;;
    s3) container=minio-s3 ;;
    *) continue ;;
    esac
    [[ " ${down[*]%%:*} " == *" $container "* ]] || hung+=("$container")
  done
  ((${#hung[@]})) || return 0
  echo "$NAME: restarting what gives no answer: ${hung[*]}"
  said=$(within "$start_seconds" docker compose restart "${hung[@]}" </dev/null 2>&1 | readable) || true
  comes_back || true
  look_for_silence
}

# Of a base whose load balancer answers: all else has been tried.
fail_silent() {
  look
  ! ((${#down[@]})) || fail_down
  {
    echo "$NAME: $(names_of "${silent[@]}") gives no answer, though it was started alone."
    echo "The load balancer answers: a start of all would cut users' connections, and wasn't made."
    echo "Look at: sudo sh -c 'cd $FOLDER && docker compose logs'. Then: uv run openvidu-enterprise repair $NAME"
  } >&2
  exit 1
}

# Where Docker doesn't say it, it may.
something_runs() {
  local found
  ! found=$(ask_docker compose ps --quiet 2>/dev/null) || [[ -n $found ]]
}

server_is_stopped() {
  local found
  found=$(ask_docker compose ps --status running --quiet openvidu-server 2>/dev/null) && [[ -z $found ]]
}

# Ends the script where calls go on at a master, or may.
require_no_call() {
  local closed=0 since began joining=''
  since=$(now) began=$since
  while true; do
    look_for_calls 127.0.0.1
    [[ -n $empty && $empty == "$joining" ]] || since=$(now)
    joining=$empty
    if [[ -n $empty ]] && (($(now) - since >= joining_seconds)); then
      return
    fi
    [[ $calls == closed ]] && closed=$((closed + 1)) || closed=0
    if [[ $calls == none ]] || ((closed >= closed_looks)) || { [[ $calls != some ]] && server_is_stopped; }; then
      return
    fi
    if ! runs_as_configured && [[ ${DURING_CALLS:-} == true ]]; then
      echo "configChangeDuringCalls is set: what OpenVidu on the $NAME carries is cut ($told)."
      return
    fi
    # Nobody is in it, as far as one look can say.
    if ((!closed)) && { [[ -z $empty ]] || (($(now) - began > 5 * joining_seconds)); }; then
      fail_busy
    fi
    sleep 1
  done
}

fail_busy() {
  local found="it carries $told"
  [[ $calls == some ]] || found="it doesn't say which calls it carries ($told)"
  {
    if runs_as_configured; then
      echo "$(names_of "${silent[@]}") on the $NAME gives no answer. Only a restart of all OpenVidu is left, and $found."
      ((!${#down[@]})) || printf '  %s\n' "${down[@]}"
      echo "It wasn't restarted: a restart would cut what it carries."
      echo "Look at: sudo sh -c 'cd $FOLDER && docker compose logs'. When its calls have ended: uv run openvidu-enterprise repair $NAME"
    else
      echo "OpenVidu on the $NAME has to restart for its configuration, and $found."
      echo "It wasn't restarted: it goes on with the configuration that it was started with."
      echo "Wait again: pulumi up; or cut them: pulumi config set configChangeDuringCalls true && pulumi up"
    fi
  } >&2
  exit 1
}

# Whether Compose would make none of the containers anew: then they run with .env as it is. But for the load
# balancer's list, which changes while it runs.
# Source: docker/compose, pkg/compose/hash.go, `ServiceHash`; cmd/compose/config.go, `runHash`.
runs_with_env() {
  local container service digest made proxy list='' wanted
  proxy=$(ask_docker compose ps --all --quiet "$PROXY" 2>/dev/null | head -n 1) || return
  [[ -z $proxy ]] || list=$(ask_docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$proxy" |
    sed -n 's/^OPENVIDU_ENTERPRISE_HA_NODE_IPS=//p') || return
  wanted=$(OPENVIDU_ENTERPRISE_HA_NODE_IPS=${list:-$(value_of OPENVIDU_ENTERPRISE_HA_NODE_IPS)} \
    ask_docker compose config --hash '*' 2>/dev/null) && [[ -n $wanted ]] || return
  while read -r service digest; do
    container=$(ask_docker compose ps --all --quiet "$service" 2>/dev/null | head -n 1) || return
    [[ -n $container ]] || return
    made=$(ask_docker inspect --format '{{index .Config.Labels "com.docker.compose.config-hash"}}' "$container") || return
    [[ $made == "$digest" ]] || return
  done <<<"$wanted"
}

# What somebody else has started, and that machine/prepare-host.sh has noted, is only taken over as it runs.
refuse_restart() {
  {
    echo "$NAME: services run in $FOLDER that this stack didn't start, and not with what .env says now, as far as"
    echo "Docker Compose can tell: it would make their containers anew, which cuts users' connections."
    echo "Nothing was started. At a moment when that may be: sudo sh -c 'cd $FOLDER && ./$COMMAND start' (there)."
    echo "Or, where you know that they run with it:"
    echo "sudo sh -c 'cd $FOLDER && grep -v ^OPENVIDU_ENTERPRISE_HA_NODE_IPS= .env | sha256sum | cut -d \" \" -f 1 >.started-with'"
    echo "Then: pulumi up"
  } >&2
  exit 1
}

if [[ ! -e .started-with ]] && something_runs; then
  if runs_with_env; then
    echo "$NAME: what runs here was started with this configuration."
    configuration >.started-with
  elif grep -qsxF "$FOLDER" "$note/adopted"; then
    refuse_restart
  fi
fi
silent=()
if runs_as_configured && ! comes_back && something_runs; then
  look_for_silence
  restart_silent
  if [[ $NAME != master ]] && ((${#silent[@]})) && proxy_answers 2>/dev/null; then
    fail_silent
  fi
fi
if runs_as_configured && all_answer; then
  make_sure_of_bucket
  start_what_is_down
  settle
  echo "$NAME: runs as configured"
  exit 0
fi
wait_for_domain
if nginx_is_refused && ! all_answer; then
  within "$start_seconds" docker compose up --detach --force-recreate "$PROXY" </dev/null
fi
if [[ $NAME == master ]] && something_runs; then
  require_no_call
  note_what_ended
  run_openvidu restart
else
  note_what_ended
  run_openvidu start
fi
for service in $WAIT_FOR; do
  wait_for "$service"
done
make_sure_of_bucket
settle
configuration >.started-with
