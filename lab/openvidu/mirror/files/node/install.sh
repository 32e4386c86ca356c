#!/usr/bin/env bash
# Installs a node of OpenVidu Enterprise HA, as the lab simulates it, in the current folder.
# `upgrade` moves an older install to this version. Follows the behaviour of the script of the
# same name of OpenVidu 2.30.0, weak points included: it stops where its folder is there already,
# downloads without looking at the HTTP status, and gives up at the first failed pull.

FOLDER=openvidu
VERSION=@VERSION@
UPGRADABLE_FROM=@PREVIOUS@
FILES=https://s3-eu-west-1.amazonaws.com/aws.openvidu.io/@VERSION@/node
MEDIA_IMAGES=(
    kurento-media-server
    docker.elastic.co/beats/filebeat
    docker.elastic.co/beats/metricbeat
    openvidu/mediasoup-controller
    openvidu/openvidu-recording
    openvidu/speech-to-text-service
)

fail() {
    printf '\n     =======¡ERROR!=======\n     %s\n' "$1"
    exit 1
}

download() {
    curl --silent "$FILES/$1" --output "$2/$1" || fail "Error when downloading the file '$1'"
    printf '\n          - %s' "$1"
}

download_all() {
    local file
    printf '\n     => Downloading OpenVidu Enterprise HA files:'
    for file in beats/filebeat.yml beats/metricbeat-elasticsearch.yml .env docker-compose.yml openvidu; do
        download "$file" "$1"
    done
}

pull_images() {
    local image
    cd "$1" || fail "Error: can not access to '$1'"
    echo "Pulling images..."
    for image in "${MEDIA_IMAGES[@]}"; do
        image=$(grep "$image" docker-compose.yml | cut -d '=' -f2)
        docker pull "$image" </dev/null || fail "Error: can not pull '$image'"
    done
    while read -r image; do
        docker pull "$image" </dev/null || fail "Error while pulling image '$image'"
    done < <(grep 'image:' docker-compose.yml | awk '{ print $2 }')
    cd - >/dev/null || fail "Error: can not access to previous directory"
}

install_new() {
    printf '\n     ======================================='
    printf '\n       Install OpenVidu Enterprise HA v%s' "$VERSION"
    printf '\n     =======================================\n'
    printf '\n     => Creating folder %s...' "$FOLDER"
    mkdir "$FOLDER" || fail "Error while creating the folder '$FOLDER'"
    mkdir -p "$FOLDER/beats" || fail "Error while creating the folder 'beats'"
    download_all "$FOLDER"
    chmod +x "$FOLDER/openvidu" || fail "Error while adding permission to 'openvidu' program"
    mkdir -p "$FOLDER/recordings" "$FOLDER/mncontroller/recordings"
    chmod 777 "$FOLDER/mncontroller/recordings"
    printf '\n'
    pull_images "$FOLDER"
    cat <<EOT

     =======================================
       OpenVidu Enterprise HA successfully installed.
     =======================================

     1. Go to openvidu folder:
     ------------------------------------------------
     $ cd $FOLDER
     ------------------------------------------------


     2. Configure the .env file with your own values:
        Check the documentation for more information:
        https://docs.openvidu.io/en/$VERSION/deployment/enterprise/on-premises/#high-availability-deployment
     ------------------------------------------------
     $ nano .env
     ------------------------------------------------


     3. Start OpenVidu
     ------------------------------------------------
     $ ./openvidu start
     ------------------------------------------------

EOT
}

upgrade() {
    local candidate installed='' old rollback
    for candidate in "$PWD" "/opt/$FOLDER"; do
        [[ -f $candidate/docker-compose.yml ]] && installed=$candidate && break
    done
    [[ -n $installed ]] || fail "No previous Openvidu installation found"
    old=$(grep 'Openvidu Version:' "$installed/docker-compose.yml" | awk '{ print $4 }')
    [[ -n $old ]] || fail "Can't find previous OpenVidu version"
    [[ $old == "$UPGRADABLE_FROM".* || $old == "$VERSION"* ]] ||
        fail "You can't update from version $old to $VERSION. Never upgrade across multiple major versions."
    grep -q 'image:.*/replication-manager-on-prem:' "$installed/docker-compose.yml" ||
        fail "You can't upgrade. Installed version is OpenVidu PRO"

    printf '\n     Upgrade OpenVidu Enterprise HA %s to %s\n' "$old" "$VERSION"
    rollback="$installed/.old-$old"
    mkdir "$rollback" || fail "Error while creating the folder '.old-$old'"
    mkdir -p "$installed/tmp/beats" || fail "Error while creating the folder 'temporal'"
    download_all "$installed/tmp"
    printf '\n     => Stopping Openvidu...\n'
    (cd "$installed/tmp" && docker compose pull) || true
    (cd "$installed" && docker compose down) || true
    mv "$installed"/{docker-compose.yml,openvidu,beats} "$rollback" ||
        fail "Error while moving previous files"
    cp "$installed/.env" "$rollback" || fail "Error while moving previous '.env'"
    mv "$installed/tmp"/{docker-compose.yml,openvidu,beats} "$installed" ||
        fail "Error while updating files"
    mv "$installed/tmp/.env" "$installed/.env-v$VERSION" || fail "Error while moving previous '.env'"
    rm -rf "$installed/tmp"
    chmod +x "$installed/openvidu"
    mkdir -p "$installed/recordings"
    pull_images "$installed"
    printf '\n     Openvidu Enterprise HA successfully upgraded to version v%s' "$VERSION"
    printf "\n     The previous file '.env' remains intact, but a new file '.env-v%s' has been created.\n" "$VERSION"
}

command -v docker >/dev/null ||
    { echo "You don't have docker installed, please install it and re-run the command" && exit 1; }
docker compose version &>/dev/null ||
    { echo "You don't have docker-compose installed, please install it and re-run the command" && exit 1; }

if [[ ${1-} == upgrade ]]; then
    upgrade
else
    install_new
fi
