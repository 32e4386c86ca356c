# Carries out an action on the machines of the cluster, over SSH, for hours if need be.
#
# $1 is the action; $ACTIONS is the script that knows it. The private key comes on stdin and goes
# into an SSH agent that ends with this script: it's never on disk. The rest comes in the environment.
# Each step looks at the world and does what is missing, so after a lost connection it's run again.
set -euo pipefail
: "${SSH_USER:?}" "${ACTIONS:?}"
export ACTION=$1

# How long a machine that doesn't answer is waited for: longer than a reboot.
export RECONNECT_SECONDS=${RECONNECT_SECONDS:-900}

script=$(
  cat <<'SCRIPT'
set -uo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ssh-add -q - || exit 1
for machine in BASE NODE; do
  host=${machine}_HOST key=${machine}_HOST_KEY
  [[ -z ${!host:-} ]] || printf '%s %s\n' "${!host}" "${!key}" >>"$work/known_hosts"
done
ssh=(
  ssh -F none -T -l "$SSH_USER"
  -o BatchMode=yes -o StrictHostKeyChecking=yes
  -o "UserKnownHostsFile=$work/known_hosts" -o GlobalKnownHostsFile=/dev/null
  -o "ConnectTimeout=${CONNECT_SECONDS:-15}" -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -o LogLevel=ERROR
)
# Ends when this shell does, and with it what runs on machines: a shell that is killed, as Ctrl-C does
# in the end, can't stop them itself.
mkfifo "$work/alive"
exec 9<>"$work/alive"
name=${NODE_NAME:-}

# Runs a command on a machine until it has ended there, over lost connections and reboots:
# on WHO HOST COMMAND. In COMMAND, %WAITED% is for how many seconds it's been tried.
on() {
  local who=$1 host=$2 first=1 started=$SECONDS since lost_since='' reason status
  while :; do
    # Only who can't be reached is asked why: nearly always a login is saved.
    if [[ -n $first ]] || reason=$("${ssh[@]}" "$host" true 2>&1 </dev/null); then
      since=$SECONDS
      "${ssh[@]}" "$host" "${3//%WAITED%/$((SECONDS - started))}" <"$work/alive" 9>&-
      status=$?
      [[ $status -ne 255 ]] && return "$status"
      if [[ -n $first ]]; then
        first=''
        echo "$name: no connection to $who, $host; trying again" >&2
        continue
      fi
      reason="the connection was lost"
      # Only what has lasted shows that the machine is well again.
      ((SECONDS - since < 60)) || lost_since=
    fi
    case $reason in
    *"Host key verification failed"* | *"HOST IDENTIFICATION HAS CHANGED"*)
      echo "$name: $ACTION refused: $host shows another SSH host key than" >&2
      echo "  $(ssh-keygen -l -F "$host" -f "$work/known_hosts" 2>/dev/null | tail -n +2)" >&2
      echo "  Seen: $(ssh-keyscan -T 10 "$host" 2>/dev/null | ssh-keygen -l -f - 2>/dev/null)" >&2
      exit 1
      ;;
    *"Permission denied"*)
      echo "$name: $ACTION refused: $SSH_USER@$host doesn't take sshPrivateKey." >&2
      exit 1
      ;;
    esac
    : "${lost_since:=$SECONDS}"
    if ((SECONDS - lost_since >= RECONNECT_SECONDS)); then
      echo "$name: $who, $host, can't be reached for $RECONNECT_SECONDS s: $reason" >&2
      echo "  Nothing was removed. When it is back: pulumi up" >&2
      exit 1
    fi
    echo "$name: waiting for $who, $host: $reason" >&2
    sleep 5
  done
}

eval "$ACTIONS"
SCRIPT
)
exec ssh-agent bash -c "$script"
