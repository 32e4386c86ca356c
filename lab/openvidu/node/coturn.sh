#!/bin/sh
# The container `coturn`: a real coturn, which relays in the documented range.
#
# Environment: COTURN_PORT. The secret that it shares with OpenVidu Server is made once, in the
# install folder, and in no process list. Source: repository of OpenVidu 2.30.0, service `coturn`
# (volume /run/secrets/coturn), COTURN_MIN_PORT and COTURN_MAX_PORT.
set -eu

secret=coturn/shared-secret-key
if [ ! -s "$secret" ]; then
    umask 077
    od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n' >"$secret.new"
    mv "$secret.new" "$secret"
fi
cd "$CONTAINER_FILES"
cat >turnserver.conf <<EOF
listening-port=${COTURN_PORT:-443}
min-port=40000
max-port=65535
relay-threads=1
use-auth-secret
static-auth-secret=$(cat "$OLDPWD/$secret")
realm=openvidu
fingerprint
no-tls
no-dtls
no-cli
no-rfc5780
no-multicast-peers
log-file=stdout
pidfile=$CONTAINER_FILES/turnserver.pid
userdb=$CONTAINER_FILES/turndb
EOF
chmod 600 turnserver.conf
exec turnserver -c "$CONTAINER_FILES/turnserver.conf"
