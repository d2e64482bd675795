#!/bin/sh
# A host program whose locale writes numbers another way: the library reads and writes its files and
# requests as ever.
. "$(dirname "$0")/lib.sh"
# What the C library keeps of LOCPATH is no leak of ours.
echo "leak:__argz_add_sep" >lsan.txt
export LSAN_OPTIONS="suppressions=$work/lsan.txt:print_suppressions=0"
host=$build/tests/host

# have_locale NAME: it is installed, or can be built here
have_locale() {
    "$host" "$1.UTF-8" none none >out 2>err
    [ $? != 2 ] && return 0
    command -v localedef >/dev/null || return 1
    mkdir -p locales
    localedef --no-archive -i "$1" -f UTF-8 "locales/$1.UTF-8" >/dev/null 2>&1
    [ -d "locales/$1.UTF-8" ] && LOCPATH=$work/locales "$host" "$1.UTF-8" none none >out 2>err
    [ $? != 2 ]
}

sentence="Anna Berg met Carlo Dias in Eden."
serve --record requests
cat >numbers.yaml <<END
profile: votes
types: [person, location, organization]
members:
  - {name: a, url: "http://127.0.0.1:$port", prompts: compact, temperature: 0.7,
     extra_body: {top_p: 0.5, min_p: 1e-2}, timeouts: {first_byte: 2.5}, price: {in: 0.15, out: 0.6}}
  - {name: b, url: "http://127.0.0.1:$port", prompts: compact, temperature: 0.25}
classify:
  weights: {a: 1.5, b: 0.5}
END
try 0 "numbers in the C locale" "$host" C numbers.yaml "$sentence"
that "numbers in the C locale" grep -q "Eden person" out
tail -n +2 out >reference
sort requests >reference-requests
asked=$(grep -c . requests)
that "requests hold the numbers" grep -q '"temperature":0.7.*"top_p":0.5' requests

for locale in de_DE ps_AF tr_TR; do
    if ! have_locale $locale; then
        skip "numbers in $locale: no such locale, and localedef cannot build it"
        continue
    fi
    [ -d "locales/$locale.UTF-8" ] && export LOCPATH="$work/locales"
    try 0 "numbers in $locale" "$host" $locale.UTF-8 numbers.yaml "$sentence" "$locale.db"
    that "$locale writes no point" sh -c '! head -n 1 out | grep -qF ": 0.5"'
    tail -n +2 out >result
    that "$locale: the same entities and scores" cmp reference result
    tail -n "$asked" requests | sort >got
    that "$locale: the same requests" cmp reference-requests got
    unset LOCPATH
done

# The same by reading: what follows the locale has no place in the library.
# shellcheck disable=SC2046 # names of source files hold no blanks
follow=$(grep -nE '\b(strtod|strtof|atof|strcoll|strn?casecmp|strcasestr|is(alpha|alnum|upper|lower)|to(upper|lower)|json_(loads|loadb|dumps))\(' \
    $(find "$root/src" -name '*.[ch]' ! -path '*/cli/*' ! -path '*/base/locale.*' ! -path '*/base/ascii.h' \
        ! -path '*/base/json.*'))
[ -z "$follow" ] || echo "$follow"
that "no function of the library follows the locale" test -z "$follow"
