#!/usr/bin/env bash
# What runs on a node, and whose it is. It isn't run by itself: a script's line `. machine/running.sh` is
# replaced by this text before it goes to a machine.
#
# Images can be named freely, and `docker ps` shows an id in place of a name that leads elsewhere by now. So
# containers are told apart by Docker Compose's labels, and by the image that each was made from. Those that
# media-node-controller starts have no labels of Compose.
# Source: repository, enterprise-ha, node, docker-compose.yml, service `media-node-controller`.
# shellcheck source=machine/limits.sh
. machine/limits.sh
of_media=(KMS_IMAGE MEDIASOUP_IMAGE SPEECH_TO_TEXT_IMAGE OPENVIDU_PRO_SPEECH_TO_TEXT_IMAGE OPENVIDU_RECORDING_IMAGE)
of_helpers=(METRICBEAT_IMAGE FILEBEAT_IMAGE COTURN_IMAGE)

# images_of FOLDER NAME...: the images that variables of OpenVidu's files name, one a line.
images_of() {
  local folder=$1 name
  shift
  for name; do
    sed -nE "s/^[[:space:]]*(-[[:space:]]*)?\"?${name}[=:][[:space:]]*\"?([^\"[:space:]]+).*/\\2/p" \
      "$folder/.env" "$folder/docker-compose.yml" 2>/dev/null || true
  done
}

is_one_of() { [[ -n $1 ]] && grep -qxF -- "$1" <<<"$2"; }

# running FOLDER NOTE: all that runs, as lines KIND|ID|NAME|IMAGE. NOTE has the ids of those that were there
# before. KIND is one of these:
#   calls    OpenVidu's, and may carry calls
#   helper   carries none by itself: the TURN server carries only what others do; what speaks for the node,
#            what starts its media, and what sends figures elsewhere carry nothing
#   other    somebody else's: it was there before, or is of a Compose project elsewhere
#   unknown  may be either
running() {
  local found id name image place service media helpers kind
  found=$(ask_docker ps --quiet --no-trunc) || return
  [[ -n $found ]] || return 0
  media=$(images_of "$1" "${of_media[@]}")
  helpers=$(images_of "$1" "${of_helpers[@]}")
  # shellcheck disable=SC2086 # one word a container
  found=$(ask_docker inspect --format '{{.Id}}|{{.Name}}|{{.Config.Image}}|{{with index .Config.Labels "com.docker.compose.project.working_dir"}}{{.}}{{end}}|{{with index .Config.Labels "com.docker.compose.service"}}{{.}}{{end}}' $found) || return
  while IFS='|' read -r id name image place service; do
    if grep -qsxF "${id:0:12}" "$2"; then
      kind=other
    elif [[ $place == "$1" || $place == "$1"/* || (-n $place && $place -ef $1) ]]; then
      kind=calls
      [[ ! $service =~ ^(coturn|replication-manager|media-node-controller)$ ]] || kind=helper
    elif [[ -n $place ]]; then
      kind=other
    elif is_one_of "$image" "$media"; then
      kind=calls
    elif is_one_of "$image" "$helpers" ||
      [[ $image =~ (^|/)(openvidu-coturn|media-node-controller|replication-manager[a-z-]*|beats/(filebeat|metricbeat)[a-z-]*)([:@]|$) ]]; then
      kind=helper
    elif [[ $image =~ (^|/)(openvidu|kurento)/ ]]; then
      kind=calls
    else
      kind=unknown
    fi
    echo "$kind|$id|${name#/}|$image"
  done <<<"$found"
}

# of_openvidu FOLDER: the ids of OpenVidu's own containers, whatever state they are in: those of the Compose
# project in its folder, and the media that are no project's.
of_openvidu() {
  local found media id name image place project
  found=$(ask_docker ps --all --quiet) || return
  [[ -n $found ]] || return 0
  media=$(images_of "$1" "${of_media[@]}")
  # shellcheck disable=SC2086 # one word a container
  found=$(ask_docker inspect --format '{{.Id}}|{{.Name}}|{{.Config.Image}}|{{with index .Config.Labels "com.docker.compose.project"}}{{.}}{{end}}|{{with index .Config.Labels "com.docker.compose.project.working_dir"}}{{.}}{{end}}' $found) || return
  while IFS='|' read -r id name image project place; do
    if [[ -n $place && $place -ef $1 ]] || { [[ -z $project ]] && is_one_of "$image" "$media"; }; then
      echo "${id:0:12}"
    fi
  done <<<"$found"
}

# without IDS LINES: those of the lines that don't begin with one of the ids.
without() {
  awk -F '|' -v ids="$1" 'BEGIN { split(ids, all, "\n"); for (i in all) own[all[i]] } $1 != "" && !($1 in own)' <<<"$2"
}

# remove_left_media FOLDER NOTE: what OpenVidu's stop leaves behind, as it goes by the names of images that
# `docker ps` shows: media containers of another image, or of one whose name leads elsewhere by now. The
# server that they worked for has stopped.
remove_left_media() {
  local found kind id name image media
  found=$(running "$1" "$2") || return 0
  media=$(images_of "$1" "${of_media[@]}")
  while IFS='|' read -r kind id name image; do
    if [[ $kind == calls ]] && is_one_of "$image" "$media"; then
      echo "Removing $name ($image), which OpenVidu's stop has left behind"
      ask_docker rm --force "$id" >/dev/null || true
    fi
  done <<<"$found"
}
