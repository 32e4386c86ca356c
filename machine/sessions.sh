#!/usr/bin/env bash
# Which calls a node carries, as its own server says. It isn't run by itself: a script's line
# `. machine/sessions.sh` is replaced by this text before it goes to a machine.
#
# The server is that in the current folder. A session that nobody is in counts, too, and a recording ends
# with its session. Source: REST API reference, "GET /openvidu/api/sessions".
# shellcheck source=machine/limits.sh
. machine/limits.sh

# ask_sessions ADDRESS SECRET: what the server answers, without blanks.
ask_sessions() {
  curl --silent --show-error --noproxy '*' --max-time 5 --config - \
    "http://$1:5443/openvidu/api/sessions" <<<"user = \"OPENVIDUAPP:$2\"" |
    tr -d '[:space:]'
}

# A server takes the secret that it was started with: .env may have another one by now.
secret_at_its_start() {
  local id
  id=$(ask_docker compose ps --quiet openvidu-server 2>/dev/null) || return 0
  [[ -n $id ]] || return 0
  ask_docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$id" 2>/dev/null |
    sed -n 's/^OPENVIDU_SECRET=//p' || true
}

# look_for_calls ADDRESS: sets `calls`, to one of these, `told` to what was found, in words, and `empty` to
# the sessions where nobody is in any of them.
#   none     there is no session
#   some     there are sessions
#   closed   nothing listens, so nobody can be connected
#   silent   no answer: that isn't known
#   unclear  another answer: likewise
look_for_calls() {
  secret=$(sed -n 's/^OPENVIDU_SECRET=//p' .env 2>/dev/null) || true
  look_with "$1"
  if [[ $calls == unclear ]]; then
    secret=$(secret_at_its_start)
    [[ -z $secret ]] || look_with "$1"
  fi
}

# look_with ADDRESS: likewise, with the login `secret`.
# shellcheck disable=SC2034 # scripts read `told` and `empty`
look_with() {
  local answer status=0 count occupied
  empty=''
  answer=$(ask_sessions "$1" "$secret" 2>&1) || status=$?
  if ((status)); then
    # Source: curl(1), exit status 7: the connection was refused, or there is no way to the machine.
    calls=silent told=${answer:-no answer}
    ((status != 7)) || is_open "$1" || calls=closed
    return
  fi
  case $answer in
  # A session that nobody is in has an empty list, too: that of connections.
  '{"numberOfElements":0,"content":[]}' | '{"content":[],"numberOfElements":0}')
    calls=none told='no call'
    ;;
  *'"content":[{'*)
    count=$(sed -n 's/^{"numberOfElements":\([0-9]*\),.*/\1/p' <<<"$answer")
    calls=some told="${count:-some} calls"
    [[ $count != 1 ]] || told='1 call'
    occupied=${answer//'"connections":{"numberOfElements":0,"content":[]}'/}
    occupied=${occupied//'"connections":{"content":[],"numberOfElements":0}'/}
    [[ $occupied == "$answer" || $occupied == *'"connections":'* ]] ||
      empty=$(grep -oE '"sessionId":"[^"]*"' <<<"$answer" | sort -u || true)
    ;;
  *)
    calls=unclear told=${answer:0:200}
    told=${told:-an answer without a text}
    ;;
  esac
}

# is_open ADDRESS: whether its server may listen. A command that waits may hold what it waits for.
is_open() {
  local said
  ! said=$(timeout 2 bash -c ": </dev/tcp/$1/5443" 2>&1) || return 0
  [[ $said != *"Connection refused"* ]]
}
