#!/usr/bin/env bash
# Puts your own certificate where the load balancer takes it from, with mode 0600.
# Source: OpenVidu's base services: owncert/certificate.cert and owncert/certificate.key in the
# install folder.
# The load balancer copies the pair once, while it has none for its domain. So one that is renewed is
# also put in place of the copy, and taken by a reload, which closes no connection.
# Source: OpenVidu's image openvidu-proxy, entrypoint.
#
# nginx tries the new pair before it takes the old one's place. What it doesn't take with all of its
# configuration is taken back.
#
# Reads FOLDER, and PROXY, its service, as lines NAME=value on stdin, an empty line, then certificate chain and key (PEM).
set -euo pipefail
# shellcheck source=machine/limits.sh
. machine/limits.sh
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}" "${PROXY:?}"

own=$FOLDER/owncert
install -d -m 700 "$own"
# A run that was killed leaves a key there.
rm -rf "$own"/.new.*
work=$(mktemp -d "$own/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
certificate=$work/certificate.cert
key=$work/certificate.key
into=$certificate
: >"$key"
while IFS= read -r line; do
  [[ $line == -----BEGIN*PRIVATE\ KEY----- ]] && into=$key
  printf '%s\n' "$line" >>"$into"
done
[[ -s $certificate && -s $key ]] || {
  echo "Expected a certificate and a private key on stdin." >&2
  exit 1
}

if cmp --silent "$certificate" "$own/certificate.cert" && cmp --silent "$key" "$own/certificate.key"; then
  chmod 600 "$own/certificate.cert" "$own/certificate.key"
  echo "The certificate is in $own already."
  exit 0
fi
cd "$FOLDER"
in_proxy() {
  within "$query_seconds" docker compose exec -T "$PROXY" "$@"
}

# In the container, as its nginx decides; the pair goes there on stdin, whatever is mounted.
# shellcheck disable=SC2016 # it expands there
try='set -e; umask 077; work=$(mktemp -d); trap "rm -rf $work" EXIT
cat >"$work/pair"
cat >"$work/nginx.conf" <<CONF
pid $work/nginx.pid;
error_log stderr;
events {}
http {
  server {
    listen unix:$work/socket ssl;
    ssl_certificate $work/pair;
    ssl_certificate_key $work/pair;
  }
}
CONF
nginx -t -c "$work/nginx.conf" 2>&1'

refuse() {
  {
    echo "nginx doesn't take ownCertificate with ownPrivateKey. It says:"
    grep -F '[emerg]' <<<"$1" || printf '%s\n' "$1"
    echo "What was in use before still is, as it was."
    echo "Next: pulumi config set ownCertificate < chain.pem; ownPrivateKey likewise, with --secret; pulumi up"
  } >&2
  exit 1
}

status=0
runs=$(ask_docker compose ps --quiet --status running "$PROXY" 2>/dev/null) || status=$?
if ((status == 124 || status == 137)); then
  echo "Docker doesn't answer on this machine within $query_seconds s: nginx can't be given a certificate." >&2
  echo "Nothing was changed. Look at: sudo systemctl status docker (there). Then: pulumi up" >&2
  exit 1
fi
if [[ -n $runs ]]; then
  said=$(cat "$certificate" "$key" | in_proxy sh -c "$try") || refuse "$said"
fi

in_use=$FOLDER/certificates/live
domain='' type=''
[[ ! -s $in_use/certificates.conf ]] || IFS=$'\t' read -r domain type <"$in_use/certificates.conf"
copy=$in_use/$domain
places=("$own/certificate.key" "$own/certificate.cert")
if [[ $type == owncert && -s $copy/fullchain.pem ]]; then
  places+=("$copy/privkey.pem" "$copy/fullchain.pem")
fi

# Writes a file beside its place, and moves it there.
put() {
  cp -p "$1" "$2.new"
  sync "$2.new"
  mv -f "$2.new" "$2"
}

take_back() {
  local place
  for place in "${places[@]}"; do
    [[ ! -e $work/before$place ]] || put "$work/before$place" "$place"
  done
}

for place in "${places[@]}"; do
  mkdir -p "$work/before${place%/*}"
  [[ ! -e $place ]] || cp -p "$place" "$work/before$place"
done
for place in "${places[@]}"; do
  case $place in
  *key | *privkey.pem) put "$key" "$place" ;;
  *) put "$certificate" "$place" ;;
  esac
done
echo "Certificate written to $own."
((${#places[@]} > 2)) && [[ -n $runs ]] || exit 0
if ! said=$(in_proxy nginx -t 2>&1 && in_proxy nginx -s reload 2>&1); then
  take_back
  refuse "$said"
fi
echo "nginx has it."
