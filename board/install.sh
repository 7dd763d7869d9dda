#!/bin/sh
# Sets a board up: edgeio and the agent in /opt/edgeio, a profile and the link's key in /etc/edgeio, and a service that
# keeps the agent running, for systemd or BusyBox init, whichever the board has.
#
#   board/install.sh --profile raspberry-pi --key FILE pi@raspberry.local      over ssh (its user may use sudo)
#   board/install.sh --profile generic-armhf --key FILE --root /media/card     on the card, in a reader here (as root)
#   board/install.sh --profile emulated --key FILE --root /                    on the board itself (as root)
#
# A profile is the name of a file in board/profiles, or the path of one. tools/deploy.py keygen makes the key.
# The board needs Python 3.11 with cbor2 (Debian: python3-cbor2).
set -eu
umask 022 # whoever runs this may have a stricter one, and the agent must be able to read what is installed

here=$(cd "$(dirname "$0")/.." && pwd)
user=edgeio
user_id=990

fail() {
    echo "install: $1" >&2
    exit 1
}

read_arguments() {
    profile= key= root= host=
    while [ $# -gt 0 ]; do
        case $1 in
            --profile) profile=${2:?} && shift 2 ;;
            --key) key=${2:?} && shift 2 ;;
            --root) root=${2:?} && shift 2 ;;
            -*) fail "unknown argument $1; expected: --profile NAME --key FILE, and --root FOLDER or HOST" ;;
            *) host=$1 && shift ;;
        esac
    done
    [ -n "$profile" ] || fail "which board is it? expected: --profile NAME, one of: $(cd "$here/board/profiles" && echo *)"
    [ -f "$profile" ] || profile=$here/board/profiles/${profile%.json}.json
    [ -f "$profile" ] || fail "no profile $profile; expected one of: $(cd "$here/board/profiles" && echo *)"
    [ -n "$key" ] || fail 'no key; expected: --key FILE (tools/deploy.py keygen makes one)'
    [ -r "$key" ] || fail "the key $key cannot be read (tools/deploy.py keygen makes one)"
    [ -n "$root" ] || [ -n "$host" ] || fail 'where to? expected: --root FOLDER, or a host for ssh'
}

# Sends itself, what it installs and the key over ssh, and runs there. The key goes through the encrypted connection.
install_over_ssh() {
    bundle=$(mktemp -d)
    trap 'rm -rf "$bundle"' EXIT
    mkdir "$bundle/edgeio-setup"
    cp -R "$here/edgeio" "$here/board" "$bundle/edgeio-setup/"
    cp "$profile" "$bundle/edgeio-setup/profile.json"
    (umask 077 && cp "$key" "$bundle/edgeio-setup/key")
    # Unpacked below the login's own folder: nobody else there reads the key.
    tar -C "$bundle" -cf - edgeio-setup | ssh "$host" '
        umask 077 && cd && rm -rf edgeio-setup && tar -xf - || exit 1
        [ "$(id -u)" = 0 ] && sudo= || sudo=sudo
        $sudo sh edgeio-setup/board/install.sh --profile edgeio-setup/profile.json --key edgeio-setup/key --root /
        code=$?; rm -rf edgeio-setup; exit $code'
}

install_here() {
    root=${root%/}
    [ -d "$root/etc" ] || fail "$root/ is no system: it has no etc"
    [ -w "$root/etc" ] || fail "$root/etc cannot be written: run this as root"
    add_user
    copy_library
    mkdir -p "$root/etc/edgeio"
    cp "$profile" "$root/etc/edgeio/profile.json"
    chmod 755 "$root/opt" "$root/opt/edgeio" "$root/etc/edgeio"
    chmod 644 "$root/etc/edgeio/profile.json"
    if [ -d "$root/run/systemd/system" ] || [ -x "$root/lib/systemd/systemd" ]; then
        install_systemd
    else
        install_busybox
    fi
}

# Entries in the files themselves: a card has no adduser that could be run here.
add_user() {
    for group in $user gpio dialout; do
        grep -q "^$group:" "$root/etc/group" || echo "$group:x:$(free_id "$group"):" >> "$root/etc/group"
    done
    id=$(sed -n "s/^$user:[^:]*:\([0-9]*\):.*/\1/p" "$root/etc/group")
    grep -q "^$user:" "$root/etc/passwd" || echo "$user:x:$id:$id::/var/lib/edgeio:/bin/false" >> "$root/etc/passwd"
    for group in gpio dialout; do
        # appended to a list that is empty, or is not, or has it already
        sed -i -e "/^$group:.*[:,]$user\(,\|\$\)/!{/^$group:/{s/\([^:]\)\$/\1,$user/;s/:\$/:$user/}}" "$root/etc/group"
    done
}

free_id() {
    case $1 in dialout) echo 20 ;; gpio) echo $((user_id + 1)) ;; *) echo $user_id ;; esac
}

copy_library() {
    target=$root/opt/edgeio
    if [ "$here" != "$target" ]; then
        mkdir -p "$target"
        rm -rf "$target/edgeio.new" "$target/board.new"
        cp -R "$here/edgeio" "$target/edgeio.new"
        cp -R "$here/board" "$target/board.new"
        for name in edgeio board; do
            rm -rf "$target/$name.old"
            [ ! -d "$target/$name" ] || mv "$target/$name" "$target/$name.old"
            mv "$target/$name.new" "$target/$name"
            rm -rf "$target/$name.old"
        done
    fi
    find "$target/edgeio" "$target/board" -type d -exec chmod 755 {} + -o -exec chmod a+r {} +
}

# The key belongs to whoever the agent runs as: $1.
install_key() {
    (umask 077 && cat "$key" > "$root/etc/edgeio/key.new")
    chown "$1" "$root/etc/edgeio/key.new"
    mv "$root/etc/edgeio/key.new" "$root/etc/edgeio/key"
}

install_systemd() {
    install_key "$id:$id"
    cp "$here"/board/systemd/*.service "$root/etc/systemd/system/"
    mkdir -p "$root/etc/udev/rules.d" "$root/etc/systemd/system.conf.d"
    cp "$here/board/systemd/edgeio-watchdog.conf" "$root/etc/systemd/system.conf.d/"
    cp "$here/board/systemd/60-edgeio.rules" "$root/etc/udev/rules.d/"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf ../edgeio-agent.service "$root/etc/systemd/system/multi-user.target.wants/edgeio-agent.service"
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        # The board's own watchdog is fed from the next start on: systemd reads system.conf.d as it begins.
        systemctl daemon-reload
        udevadm control --reload
        udevadm trigger --settle --action=add --subsystem-match=gpio --subsystem-match=leds
        systemctl restart edgeio-agent
    fi
    echo "install: done; the agent is the service edgeio-agent"
}

install_busybox() {
    install_key 0:0
    mkdir -p "$root/etc/init.d"
    cp "$here/board/busybox/edgeio-agent" "$root/etc/init.d/edgeio-agent"
    chmod 755 "$root/etc/init.d/edgeio-agent"
    touch "$root/etc/inittab"
    grep -q edgeio-agent "$root/etc/inittab" || cat "$here/board/busybox/inittab" >> "$root/etc/inittab"
    if [ -z "$root" ]; then
        sync
        kill -HUP 1 # init reads its table again
    fi
    echo "install: done; init keeps /etc/init.d/edgeio-agent running"
}

read_arguments "$@"
if [ -n "$host" ]; then install_over_ssh; else install_here; fi
