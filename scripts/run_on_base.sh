# Runs the membership program on the base over SSH and follows it, for hours if need be.
#
# $1 is the action, join or drain. The private key comes on stdin and goes into an SSH agent that
# ends with this script: it's never on disk. The rest comes in the environment. Each action looks
# at the world and does what is missing, so after a lost connection it's simply run again.
set -euo pipefail
: "${NODE_NAME:?}" "${NODE_IP:?}" "${NODE_IDENTITY:?}" "${BASE_HOST:?}" "${BASE_HOST_KEY:?}"
: "${SSH_USER:?}" "${DRAIN_TIMEOUT_SECONDS:?}" "${FORCE_AFTER_DRAIN_TIMEOUT:?}"
export ACTION=$1

# How long a base that doesn't answer is waited for: longer than a reboot.
export RECONNECT_SECONDS=900

follow=$(
  cat <<'FOLLOW'
set -uo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ssh-add -q - || exit 1
printf '%s %s\n' "$BASE_HOST" "$BASE_HOST_KEY" >"$work/known_hosts"
connect=(
  ssh -F none -T
  -o BatchMode=yes -o StrictHostKeyChecking=yes
  -o "UserKnownHostsFile=$work/known_hosts" -o GlobalKnownHostsFile=/dev/null
  -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -o LogLevel=ERROR
  "$SSH_USER@$BASE_HOST"
)
started=$SECONDS
lost_since=
while :; do
  if reason=$("${connect[@]}" true 2>&1 </dev/null); then
    lost_since=
    "${connect[@]}" sudo -n python3 /opt/openvidu-membership/membership.pyz "$ACTION" \
      --name "$NODE_NAME" --ip "$NODE_IP" --identity "$NODE_IDENTITY" \
      --limit "$DRAIN_TIMEOUT_SECONDS" --waited "$((SECONDS - started))" \
      --force "$FORCE_AFTER_DRAIN_TIMEOUT" </dev/null
    status=$?
    [[ $status -ne 255 ]] && exit "$status"
    reason="the connection was lost"
  fi
  case $reason in
  *"Host key verification failed"* | *"HOST IDENTIFICATION HAS CHANGED"*)
    echo "$NODE_NAME: $ACTION refused: $BASE_HOST shows another SSH host key than" >&2
    echo "  $(ssh-keygen -l -f "$work/known_hosts" 2>/dev/null)" >&2
    echo "  Seen: $(ssh-keyscan -T 10 "$BASE_HOST" 2>/dev/null | ssh-keygen -l -f - 2>/dev/null)" >&2
    exit 1
    ;;
  *"Permission denied"*)
    echo "$NODE_NAME: $ACTION refused: $SSH_USER@$BASE_HOST doesn't take sshPrivateKey." >&2
    exit 1
    ;;
  esac
  : "${lost_since:=$SECONDS}"
  if ((SECONDS - lost_since > RECONNECT_SECONDS)); then
    echo "$NODE_NAME: the base $BASE_HOST can't be reached for $RECONNECT_SECONDS s: $reason" >&2
    echo "  Nothing was removed. When the base is back: pulumi up" >&2
    exit 1
  fi
  echo "$NODE_NAME: waiting for the base $BASE_HOST: $reason"
  sleep 5
done
FOLLOW
)
exec ssh-agent bash -c "$follow"
