#!/bin/sh
# Digest as its service runs it: with the service's settings and secrets, and as its user. For people
# and for cron. Install with:
#   install -m 755 digest.sh /usr/local/bin/digest
set -a
HOME=/var/lib/digest
DIGEST_CONFIG=${DIGEST_CONFIG:-/etc/digest/digest.toml}
DIGEST_DATA_DIR=${DIGEST_DATA_DIR:-/var/lib/digest}
[ ! -r /etc/digest/environment ] || . /etc/digest/environment
set +a
if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=digest --regid=digest --init-groups /opt/digest/bin/digest "$@"
fi
exec /opt/digest/bin/digest "$@"
