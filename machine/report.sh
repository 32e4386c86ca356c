#!/usr/bin/env bash
# Prints what helps to find out what is wrong on a machine: what OpenVidu's own report has, and the
# system's side. Secrets are in it: whoever keeps it masks them first.
# Source: repository, `openvidu`, generate_report.
#
# $1 is OpenVidu's folder; empty where there is none.
set -uo pipefail
# shellcheck source=machine/limits.sh
. machine/limits.sh
folder=${1:-}
lines=1000

show() {
  echo
  echo "== $* =="
  within "$query_seconds" "$@" </dev/null 2>&1 || echo "(exit status $?)"
}

show date --utc
show uname --all
show cat /etc/os-release
show nproc
show free --mebi
show df --human-readable
show ip -brief address
show uptime
[[ -n $folder && -d $folder ]] || exit 0
cd "$folder" || exit 1
show docker --version
show docker compose version
show docker compose ps --all
show cat .env
for file in docker-compose.yml docker-compose.override.yml; do
  [[ ! -e $file ]] || show cat "$file"
done
for service in $(ask_docker compose config --services 2>/dev/null); do
  show docker compose logs --no-color --tail "$lines" "$service"
done
