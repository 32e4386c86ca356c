# Brings a node into the cluster or out of it, or changes what all nodes share. An action of
# scripts/over_ssh.sh: join, drain, leave, overview, and what comes before changes
# of base or master, each of them once for what it's carried out for; note says that it needn't be.
# shellcheck disable=SC2154 # name comes from there
: "${BASE_HOST:?}"
# What BASE_HOST is: with AWS's load balancer there is a bastion in place of the base.
BASE_NAME=${BASE_NAME:-base}
RECORDINGS=${RECORDINGS:-/opt/openvidu/recordings}
# How long recordings on a node's disk may stay as they are before somebody has to look.
RECORDING_SECONDS=${RECORDING_SECONDS:-600}
# For what the action on the base is carried out: the values of these variables.
NOTES=${NOTES:-/var/lib/openvidu-membership/carried-out}
wanted=''
for variable in ${CARRIED_OUT_FOR:-}; do wanted+="$variable=${!variable} "; done
run="$ACTION by $(id -un) on $(hostname) since $(date -u +%FT%TZ), process $$"

# Runs the membership program there.
on_base() {
  on "the $BASE_NAME" "$BASE_HOST" "sudo -n python3 /opt/openvidu-membership/membership.pyz $1 \
    --name '$name' --ip '${NODE_IP:-}' --identity '${NODE_IDENTITY:-}' \
    --generation '${NODE_GENERATION:-1}' --run '$run' --waited %WAITED% --connected"
}

# Notes on the base for what the action was carried out last.
note() {
  on "the $BASE_NAME" "$BASE_HOST" \
    "sudo -n install -d -m 700 $NOTES && echo '$wanted' | sudo -n tee $NOTES/$name >/dev/null"
}

# Carries the action out, unless that was done for the same before. Another SSH key, or another text of
# these scripts, has Pulumi run it again, and is no reason to drain nodes or to wait for calls.
once() {
  local noted
  noted=$(on "the $BASE_NAME" "$BASE_HOST" "sudo -n cat $NOTES/$name 2>/dev/null || true") || exit 1
  [[ $noted != "$wanted" ]] || return 0
  on_base "$ACTION" && note
}

# Files of recordings that have not gone to the bucket yet. OpenVidu's own notes begin with a dot.
# Source: OpenVidu removes a recording from this folder once it's uploaded.
recordings() {
  on "$name" "$NODE_HOST" \
    "[ ! -d $RECORDINGS ] || sudo -n find $RECORDINGS -type f ! -name '.*' -printf '%p %s\n'"
}

wait_for_recordings() {
  local left count files before='' since=$SECONDS
  while :; do
    left=$(recordings) || exit 1
    [[ -n $left ]] || return 0
    if [[ $left != "$before" ]]; then
      before=$left since=$SECONDS
      count=$(wc -l <<<"$left")
      [[ $count == 1 ]] && files="1 file" || files="$count files"
      echo "$name: waiting for recordings to reach the bucket: $files"
    elif ((SECONDS - since > RECORDING_SECONDS)); then
      echo "$name: recordings on its disk are not in the bucket, and nothing has changed for" \
        "$RECORDING_SECONDS s:" >&2
      echo "  ${left//$'\n'/$'\n'  }" >&2
      echo "  The machine stays. Copy them from $SSH_USER@$NODE_HOST and delete them there." >&2
      echo "  Next: pulumi up" >&2
      exit 1
    fi
    sleep 2
  done
}

case $ACTION in
join)
  on_base prepare
  case $? in
  0) ;;
  10) on "$name" "$NODE_HOST" "printf 'FOLDER=/opt/openvidu\n\n' | $START_NODE" || exit ;;
  *) exit 1 ;;
  esac
  on_base join
  ;;
drain)
  on_base drain
  case $? in
  0) wait_for_recordings ;;
  10) ;;
  *) exit 1 ;;
  esac
  on_base remove
  ;;
note)
  note
  ;;
*)
  if [[ -n $wanted ]]; then once; else on_base "$ACTION"; fi
  ;;
esac
