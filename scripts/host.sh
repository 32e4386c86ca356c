# What is done to a host that exists already. An action of scripts/over_ssh.sh: inspect, prepare or
# release. What runs on the host comes as a variable: files of machine/.
# shellcheck disable=SC2154 # name comes from there
: "${NODE_HOST:?}"

case $ACTION in
inspect)
  on "$name" "$NODE_HOST" "printf '%s\n' '$FIELDS' '' | $INSPECT_HOST"
  ;;
prepare)
  on "$name" "$NODE_HOST" "$PREPARE_HOST"
  ;;
release)
  # A machine that's gone must not keep the update from going on: nothing needs it any more.
  RECONNECT_SECONDS=${RELEASE_SECONDS:-60}
  if said=$(on "$name" "$NODE_HOST" true 2>&1); then
    on "$name" "$NODE_HOST" "printf '%s\n' '$FIELDS' '' | $RELEASE_HOST"
  elif [[ $said != *"can't be reached for"* ]]; then
    echo "$said" >&2
    exit 1
  else
    echo "$name: $NODE_HOST can't be reached for $RECONNECT_SECONDS s; what is in its /opt stays there." >&2
  fi
  ;;
esac
