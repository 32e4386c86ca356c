# Asks one machine of the deployment. An action of scripts/over_ssh.sh: usage, logs, report,
# env, reach, services, overview, authorize.
# shellcheck disable=SC2154 # name comes from there
: "${NODE_HOST:?}"

case $ACTION in
usage)
  on "$name" "$NODE_HOST" 'nproc; cat /proc/loadavg; grep -E "^Mem(Total|Available):" /proc/meminfo'
  ;;
logs)
  on "$name" "$NODE_HOST" "cd $FOLDER && exec sudo -n docker compose logs --no-color $OPTIONS"
  ;;
report)
  on "$name" "$NODE_HOST" "exec sudo -n bash -c $(printf %q "$REPORT") report $FOLDER"
  ;;
env)
  on "$name" "$NODE_HOST" "sudo -n cat $FOLDER/.env"
  ;;
authorize)
  on "$name" "$NODE_HOST" "printf '%s\n' $(printf %q "$FIELDS") | bash -c $(printf %q "$AUTHORIZE") authorize"
  ;;
overview)
  [[ $NODE_NAME == master ]] && kind=-master || kind=
  on "$name" "$NODE_HOST" "sudo -n python3 /opt/openvidu-membership/membership.pyz overview$kind"
  ;;
reach)
  on "$name" "$NODE_HOST" "printf '%s\n' 'PLACES=$PLACES' '' | bash -c $(printf %q "$REACH") reach"
  ;;
services)
  # What `on` runs can't be given anything to read.
  on "$name" "$NODE_HOST" true &&
    printf '%s\n' "$VALUES" | "${ssh[@]}" "$NODE_HOST" \
      "sudo -n python3 /opt/openvidu-membership/membership.pyz services --json"
  ;;
*)
  echo "$name: there is no action $ACTION" >&2
  exit 1
  ;;
esac
