# shellcheck shell=sh disable=SC2034,SC2154 # sourced after lib.sh
# service.sh: what the tests of the service share.

# service ARGUMENT...: start it; its address in $address, its process in $service
service() {
    rm -f address-fifo
    mkfifo address-fifo
    attended "$el4ner" serve --no-cache --listen 127.0.0.1:0 "$@" >address-fifo 2>service-err &
    service=$!
    servers="$servers $service"
    read -r address <address-fifo
    until grep -q '^el4ner: ready' service-err || ! kill -0 $service 2>/dev/null; do sleep 0.1; done
}
# ends STATUS NAME: the service ends by itself with this status
ends() {
    wait "$service"
    got=$?
    cp service-err err
    that "$2" test $got = "$1"
}
