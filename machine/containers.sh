#!/usr/bin/env bash
# What scripts that run OpenVidu share: a start within a limit, and a look at its containers. It isn't run by
# itself: a script's line `. machine/containers.sh` is replaced by this text before it goes to a machine.
#
# `check` and `settle` act on the Compose project in the current folder; COMMAND is OpenVidu's program there.
set -euo pipefail
# shellcheck source=machine/limits.sh
. machine/limits.sh
# shellcheck source=machine/way-out.sh
. machine/way-out.sh
use_login

# With images that have to be pulled first.
start_seconds=1800
patience_seconds=120
steady_seconds=15

# Text for people: without the secrets of .env, and without what moves a cursor or colours.
readable() {
  sed -u $'s/\x1b\\[[0-9;?]*[A-Za-z]//g; s/\r//g' | sed -u -f <(
    sed -n -E '/^[A-Z0-9_]*(SECRET|PASSWORD|LICENSE|KEY|HEADERS|REGISTRIES)[A-Z0-9_]*=.{6}/ {
      s/^[^=]*=//; s/[][\\.*^$\/]/\\&/g; s/.*/s\/&\/****\/g/; p }' .env
  )
}

# require_compose VERSION BELOW FROM: refuses a Docker Compose that doesn't work with a version of OpenVidu.
require_compose() {
  local found number
  found=$(ask_docker compose version --short) || true
  number=${found#v}
  number=${number%%[!0-9.]*}
  # As the number BELOW a Compose is too late already, as the number FROM it isn't any more.
  if [[ -n $number ]] && { ! sort -V -C <<<"$2"$'\n'"$number" || sort -V -C <<<"$3"$'\n'"$number"; }; then
    return 0
  fi
  {
    echo "OpenVidu $1 takes a Docker Compose before $2, or $3 and later; here it's ${found:-one that gives no answer}."
    echo "With that one its start never ends. Nothing was changed on this machine."
    echo "Put another one there, or choose a later OpenVidu: openviduVersion. Then: pulumi up"
  } >&2
  exit 1
}

# containers ID...: a line each, with what is empty as the last.
containers() {
  ask_docker inspect --format '{{.Id}}|{{index .Config.Labels "com.docker.compose.service"}}|{{index .Config.Labels "com.docker.compose.oneoff"}}|{{.State.Status}}|{{.State.ExitCode}}|{{.HostConfig.RestartPolicy.Name}}|{{.RestartCount}}|{{.State.Error}}' "$@"
}

# Containers of `docker compose run` stay when they end, and anybody who may use Docker can read secrets in
# their environment: OpenVidu's start leaves one each time, from 2.32.1 on.
remove_left_over() {
  local ids id oneoff state
  ids=$(ask_docker compose ps --all --quiet) || return 0
  [[ -n $ids ]] || return 0
  # shellcheck disable=SC2086 # one word a container
  while IFS='|' read -r id _ oneoff state _; do
    if [[ ${oneoff,,} == true && $state == exited ]]; then
      ask_docker rm "$id" >/dev/null || true
    fi
  done < <(containers $ids)
}

# run_openvidu WHAT: OpenVidu's program, which would follow the logs for ever otherwise. Sets `said`.
run_openvidu() {
  export FOLLOW_OPENVIDU_LOGS=false
  said=$(within "$start_seconds" "./$COMMAND" "$1" </dev/null 2>&1 | readable | tee >(cat >&2)) && return
  echo "OpenVidu can't be started in $PWD: './$COMMAND $1' failed." >&2
  echo "What it said is above. Put that right, then: pulumi up" >&2
  exit 1
}

declare -A ends_at=()
down=() returning=() doubtful='' restless='' said='' began=$(now)

# setting NAME: what OpenVidu's program reads in .env.
setting() {
  grep -v '^#' .env | grep "$1" | cut -d = -f 2
}

is_elsewhere() {
  [[ -n $1 && $1 != *localhost* && $1 != *127.0.0.1* && $1 != *::1* ]]
}

# leaves_out SERVICE: whether the program, which is the master's, starts no container of it. Its text has an
# option for each that it may leave out; .env decides.
# Source: repository, OpenVidu Pro, program `openvidu`, start_openvidu.
leaves_out() {
  local enabled
  grep -qs -- "--scale $1=0" "$COMMAND" || return 1
  enabled=$(setting OPENVIDU_PRO_ELASTICSEARCH=) || true
  case $1 in
  coturn) [[ $(setting COTURN_IN_MEDIA_NODES) == true ]] ;;
  elasticsearch) [[ ${enabled:-true} != true ]] || is_elsewhere "$(setting OPENVIDU_PRO_ELASTICSEARCH_HOST)" ;;
  kibana) [[ ${enabled:-true} != true ]] || is_elsewhere "$(setting OPENVIDU_PRO_KIBANA_HOST)" ;;
  filebeat | metricbeat) [[ ${enabled:-true} != true ]] ;;
  *) return 1 ;;
  esac
}

# Looks at each service. Sets `down`, those that won't run by themselves and why, and `returning`, those
# whose container ended since the last look, or is about to be started again.
look() {
  local ids id service oneoff state code policy ends error
  local -A there=()
  down=() returning=()
  if ! ids=$(ask_docker compose ps --all --quiet); then
    down=("Docker: it doesn't answer")
    return
  fi
  # shellcheck disable=SC2086 # one word a container
  while IFS='|' read -r id service oneoff state code policy ends error; do
    [[ ${oneoff,,} != true ]] || continue
    there[$service]=yes
    if [[ $state == restarting ]] || ((ends > ${ends_at[$id]:-0})); then
      returning+=("$service") restless=yes
    fi
    ends_at[$id]=$ends
    case $state in
    running | restarting) ;;
    exited)
      # One that has done its work, such as createbuckets.
      [[ $code == 0 && $policy != always ]] || down+=("$service: ended with status $code")
      ;;
    *) down+=("$service: $state${error:+, $error}") ;;
    esac
  done < <([[ -z $ids ]] || containers $ids)
  for service in $(ask_docker compose config --services); do
    [[ -n ${there[$service]:-} ]] || leaves_out "$service" ||
      down+=("$service: there is no container")
  done
}

# Call it before a start: what ended earlier is no fault of it.
note_what_ended() {
  look
  restless='' doubtful='' began=$(now)
}

# Starts what won't run by itself, and nothing else: what runs beside may carry calls.
start_what_is_down() {
  local service services=()
  note_what_ended
  for service in "${down[@]%%:*}"; do
    [[ $service == Docker ]] || services+=("$service")
  done
  ((${#services[@]})) || return 0
  echo "Starting what doesn't run in $PWD: ${services[*]}"
  said=$(within "$start_seconds" docker compose up --detach --no-deps --no-recreate "${services[@]}" \
    </dev/null 2>&1 | readable) || true
}

fail_down() {
  local line service
  {
    echo "OpenVidu was started in $PWD, but not all of it runs:"
    for line in "${down[@]}"; do
      service=${line%%:*}
      echo "  $line"
      ask_docker compose logs --no-color --no-log-prefix --tail 10 "$service" 2>/dev/null |
        readable | sed '/^ *$/d; s/^ */    /' || true
    done
    grep -iE 'error|invalid' <<<"$said" | tail -n 5 | sed 's/^ */  /' || true
    echo "Calls need every service. Put right what is told above."
    echo "All that it says: sudo sh -c 'cd $PWD && docker compose logs'. Then: pulumi up"
  } >&2
  exit 1
}

# Fails where a service won't run by itself, seen twice, or ends again and again.
check() {
  local service
  look
  if ((${#returning[@]} && $(now) - began > patience_seconds)); then
    for service in "${returning[@]}"; do
      down+=("$service: it ends again and again")
    done
    fail_down
  fi
  [[ -z ${down[*]} || ${down[*]} != "$doubtful" ]] || fail_down
  doubtful=${down[*]}
}

# Waits until every service runs; longer where one has ended since the start.
settle() {
  local steady
  steady=$(now)
  while check; do
    if ((${#down[@]} + ${#returning[@]})); then
      steady=$(now)
    elif [[ -z $restless ]] || (($(now) - steady >= steady_seconds)); then
      return
    fi
    sleep 1
  done
}
