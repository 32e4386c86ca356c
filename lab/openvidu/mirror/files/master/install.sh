#!/usr/bin/env bash
# Installs the master of OpenVidu Pro, as the lab simulates it, in the current folder. `upgrade` moves
# an older install to this version. Follows the behaviour of the script of the same name of OpenVidu
# 2.30.0, weak points included: it stops where its folder is there already, and downloads without
# looking at the HTTP status.

FOLDER=openvidu
VERSION=@VERSION@
UPGRADABLE_FROM=@PREVIOUS@
FILES=https://s3-eu-west-1.amazonaws.com/aws.openvidu.io/@VERSION@/master

fail() {
    printf '\n     =======¡ERROR!=======\n     %s\n' "$1"
    exit 1
}

download_all() {
    local file
    printf '\n     => Downloading OpenVidu Pro files:'
    for file in .env docker-compose.override.yml docker-compose.yml openvidu; do
        curl --silent "$FILES/$file" --output "$1/$file" ||
            fail "Error when downloading the file '$file'"
        printf '\n          - %s' "$file"
    done
}

install_new() {
    local folder
    printf '\n     ======================================='
    printf '\n          Install OpenVidu Pro v%s' "$VERSION"
    printf '\n     =======================================\n'
    printf '\n     => Creating folder %s...' "$FOLDER"
    mkdir "$FOLDER" || fail "Error while creating the folder '$FOLDER'"
    mkdir -p "$FOLDER/elasticsearch" || fail "Error while creating the folder 'elasticsearch'"
    chown 1000:1000 "$FOLDER/elasticsearch" ||
        fail "Error while changing permission to 'elasticsearch' folder"
    download_all "$FOLDER"
    chmod +x "$FOLDER/openvidu" || fail "Error while adding permission to 'openvidu' program"
    mkdir -p "$FOLDER/recordings"
    for folder in owncert custom-nginx-vhosts custom-nginx-locations; do
        mkdir "$FOLDER/$folder" || fail "Error while creating the folder '$folder'"
    done
    cat <<EOT

     =======================================
       OpenVidu Pro successfully installed.
     =======================================

     1. Go to openvidu folder:
     $ cd openvidu

     2. Configure OPENVIDU_DOMAIN_OR_PUBLIC_IP, OPENVIDU_PRO_LICENSE,
     OPENVIDU_SECRET, and ELASTICSEARCH_PASSWORD in .env file:
     $ nano .env

     3. Start OpenVidu
     $ ./openvidu start

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
    grep -q 'image:.*/replication-manager.*:' "$installed/docker-compose.yml" &&
        fail "You can't upgrade. Installed version is OpenVidu ENTERPRISE"

    printf '\n     Upgrade OpenVidu Pro %s to %s\n' "$old" "$VERSION"
    rollback="$installed/.old-$old"
    mkdir "$rollback" || fail "Error while creating the folder '.old-$old'"
    mkdir "$installed/tmp" || fail "Error while creating the folder 'temporal'"
    download_all "$installed/tmp"
    printf '\n     => Stopping Openvidu...\n'
    (cd "$installed/tmp" && docker compose pull) || true
    (cd "$installed" && docker compose down) || true
    mv "$installed"/{docker-compose.yml,docker-compose.override.yml,openvidu} "$rollback" ||
        fail "Error while moving previous files"
    cp "$installed/.env" "$rollback" || fail "Error while moving previous '.env'"
    mv "$installed/tmp"/{docker-compose.yml,docker-compose.override.yml,openvidu} "$installed" ||
        fail "Error while updating files"
    mv "$installed/tmp/.env" "$installed/.env-v$VERSION" || fail "Error while moving previous '.env'"
    rm -rf "$installed/tmp"
    chmod +x "$installed/openvidu"
    printf '\n     Openvidu successfully upgraded to version v%s' "$VERSION"
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
