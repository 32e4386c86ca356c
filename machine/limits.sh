#!/usr/bin/env bash
# Time: nothing runs for ever on a machine. It isn't run by itself: a script's line
# `. machine/limits.sh` is replaced by this text before it goes to a machine.

query_seconds=60

# within LIMIT COMMAND...: LIMIT in seconds. Exit status 124 is that of a command that didn't end; 137 that of
# one that others have killed, as where memory runs out, and that may be run again.
within() {
  local limit=$1 status=0 began
  shift
  began=$(now)
  timeout --kill-after=30 "$limit" "$@" || status=$?
  # Source: timeout(1): 137 is also that of a command that had to be killed.
  if ((status == 124 || (status == 137 && $(now) - began >= limit))); then
    echo "Stopped after $limit s, as it didn't end: $*" >&2
    status=124
  fi
  return "$status"
}

# Seconds of a clock that nobody sets: bash's own variable follows the wall's, which steps.
# Source: proc_uptime(5); bash, variables.c, `get_seconds`.
now() {
  local up
  read -r up _ </proc/uptime
  echo "${up%%.*}"
}

# A Docker that hangs would be waited for. A script comes on stdin: what it runs must not read that.
ask_docker() {
  within "$query_seconds" docker "$@" </dev/null
}
