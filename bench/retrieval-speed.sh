#!/bin/sh
# retrieval-speed.sh: table of retrieval speed, for pools of several sizes.
#
# usage: bench/retrieval-speed.sh PROGRAM SIZE...
#
# REAL names the labelled file whose span vectors are mixed (default: genia of the shared data sets,
# else the shipped pool). Needs python3 with NumPy (PYTHON names another).
set -eu
program=$1
shift
real=${REAL:-../shared/data/genia/train.jsonl}
[ -r "$real" ] || real=pools/default.jsonl
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

printf '%9s %8s %9s %8s %7s | %8s %8s %8s | %8s %8s %8s | %9s %12s | %7s %7s\n' \
    sentences build/s sent/s file/MB open/ms 'read32' 'p50' 'p99' 'read8' 'p50' 'p99' \
    'numpy p50' 'loop' 'build' 'search'
for n; do
    "$program" "$n" "$folder" "$real" >"$folder/out"
    get() { sed -n "s/^$1=//p" "$folder/out" | tail -n 1; }
    "${PYTHON:-/usr/bin/python3}" bench/retrieval_numpy.py "$folder/pool.el4" "$(get offset)" "$n" \
        "$folder/queries.f32" "$(get best)" 1000 >>"$folder/out"
    [ "$(get differ)" = 0 ] || echo "NumPy differs in $(get differ) queries"
    printf '%9s %8s %9.0f %8s %7s | %8s %8s %8s | %8s %8s %8s | %9s %12s | %4s MB %4s MB\n' "$n" \
        "$(get build_s)" "$(echo "$n $(get build_s)" | awk '{ print $1 / $2 }')" "$(get file_mb)" \
        "$(get open_ms)" "$(get read_float)" "$(get float_p50)" "$(get float_p99)" \
        "$(get read_small)" "$(get small_p50)" "$(get small_p99)" "$(get numpy_p50)" \
        "$(get loop)" "$(get build_peak_mb)" "$(get search_peak_mb)"
done
echo "times of queries in ms; 32-bit and 8-bit scans beside reading their bytes once"
