#!/usr/bin/env bash
# Puts your own certificate where the load balancer takes it from, with mode 0600.
# Source: OpenVidu's base services: owncert/certificate.cert and owncert/certificate.key in the
# install folder.
# The load balancer copies the pair once, while it has none for its domain. So one that is renewed is
# also put in place of the copy, and taken by a reload, which closes no connection.
# Source: OpenVidu's image openvidu-proxy, entrypoint.
#
# Reads FOLDER, and PROXY, its service, as lines NAME=value on stdin, an empty line, then certificate chain and key (PEM).
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}" "${PROXY:?}"

install -d -m 700 "$FOLDER/owncert"
work=$(mktemp -d "$FOLDER/owncert/.new.XXXXXX")
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
sync "$certificate" "$key"
mv -f "$key" "$FOLDER/owncert/certificate.key"
mv -f "$certificate" "$FOLDER/owncert/certificate.cert"
echo "Certificate written to $FOLDER/owncert."

in_use=$FOLDER/certificates/live
domain='' type=''
[[ -s $in_use/certificates.conf ]] && IFS=$'\t' read -r domain type <"$in_use/certificates.conf"
copy=$in_use/$domain
[[ $type == owncert && -s $copy/fullchain.pem ]] || exit 0
cp "$FOLDER/owncert/certificate.key" "$copy/.privkey.pem.new"
cp "$FOLDER/owncert/certificate.cert" "$copy/.fullchain.pem.new"
sync "$copy/.privkey.pem.new" "$copy/.fullchain.pem.new"
mv -f "$copy/.privkey.pem.new" "$copy/privkey.pem"
mv -f "$copy/.fullchain.pem.new" "$copy/fullchain.pem"
cd "$FOLDER"
if [[ -n $(docker compose ps --quiet --status running "$PROXY") ]]; then
  docker compose exec -T "$PROXY" nginx -s reload
  echo "nginx has it."
fi
