#!/bin/sh
# el4ner eval: every figure, beside what tag says with the same members.
. "$(dirname "$0")/lib.sh"
for member in a b c; do
    serve_by python3 "$root/tests/e2e/voting_server.py" $member counts
    eval "port_$member=$port"
done
# shellcheck disable=SC2154 # the ports are set by eval
python3 "$root/tests/e2e/evaluating.py" "$el4ner" "$port_a" "$port_b" "$port_c"
