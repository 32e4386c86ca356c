#!/usr/bin/env bash
# Which containers OpenVidu takes for its own, whoever made them. It isn't run by itself: a script's line
# `. machine/owners.sh` is replaced by this text before it goes to a machine.
#
# A node's `openvidu stop` removes each container that one of these names is said of, and Docker Compose
# takes what has the name of OpenVidu's folder as its project for a part of OpenVidu.
# Source: repository, enterprise-ha, node, program `openvidu`; Compose specification, "name".
# shellcheck source=machine/limits.sh
. machine/limits.sh
removed_by_stop='kurento-media-server|docker\.elastic\.co/beats/(filebeat|metricbeat)|openvidu/(media-node-controller|speech-to-text-service|mediasoup-controller|openvidu-coturn)'

# taken FOLDER ROLE: those containers, as lines ID|NAME|IMAGE|FOLDER; the last is that of its Compose project.
taken() {
  local all found id name image project place
  all=$(ask_docker ps --all) && found=$(ask_docker ps --all --quiet) || return
  [[ -n $found ]] || return 0
  # With `index` alone Docker says "<no value>" of a label that isn't there: OpenVidu's media have none.
  # shellcheck disable=SC2086 # one word a container
  found=$(ask_docker inspect --format '{{.Id}}|{{.Name}}|{{.Config.Image}}|{{with index .Config.Labels "com.docker.compose.project"}}{{.}}{{end}}|{{with index .Config.Labels "com.docker.compose.project.working_dir"}}{{.}}{{end}}' $found) || return
  while IFS='|' read -r id name image project place; do
    id=${id:0:12}
    if [[ $project == "${1##*/}" ]] || { [[ $2 == node ]] && grep -qE "^$id .*($removed_by_stop)" <<<"$all"; }; then
      echo "$id|${name#/}|$image|$place"
    fi
  done <<<"$found"
}

# owners FOLDER ROLE NOTE: those of them that are an owner's, as lines NAME (IMAGE): they are in a file with
# those that were there before, or of a Compose project in another folder.
owners() {
  local found id name image place
  found=$(taken "$1" "$2") || return
  [[ -n $found ]] || return 0
  while IFS='|' read -r id name image place; do
    if grep -qsxF "$id" "$3" || [[ -n $place && ! $place -ef $1 ]]; then
      echo "$name ($image)"
    fi
  done <<<"$found"
}

# refuse_owners FOLDER ROLE NOTE: ends the script where OpenVidu's stop would remove an owner's containers.
refuse_owners() {
  local theirs
  theirs=$(owners "$@") || return 0
  [[ -n $theirs ]] || return 0
  {
    echo "OpenVidu's stop would remove containers that aren't its own: ${theirs//$'\n'/, }"
    echo "Nothing was stopped or removed. Run them on another machine, or with another name of their image."
    echo "Look at: sudo docker ps --all (there). Then: pulumi up"
  } >&2
  exit 1
}
