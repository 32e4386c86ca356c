#!/usr/bin/env bash
# Puts your own certificate where the load balancer takes it from, with mode 0600.
# Source: OpenVidu's base services: owncert/certificate.cert and owncert/certificate.key in the
# install folder.
#
# Reads FOLDER as a line NAME=value on stdin, an empty line, then certificate chain and key (PEM).
set -euo pipefail
umask 077

while IFS='=' read -r name value && [[ -n $name ]]; do
  declare "$name=$value"
done
: "${FOLDER:?}"

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
