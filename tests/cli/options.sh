#!/bin/sh
# The command line: values, defaults, configuration files, help, completion, man pages.
. "$(dirname "$0")/tap.sh"

dump() { "$W" "$@" --dump-config 2>"$err"; }
value() { dump "$@" | sed -n "s/^$key = //p"; }

commands=$("$W" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p')
wanted="run embed dedup tokenize graph select stream merge status train score distill compare explain report info check"
is "$(echo $commands)" "$wanted" \
    "--help lists the commands"

# ---- values ----
key=k
is "$(value run a -k 10% -o x)" "10%" "-k takes a percentage"
is "$(value run a -k 0.5% -o x)" "0.5%" "-k takes a part of a percent"
is "$(value run a -k 100% -o x)" "100%" "-k takes all"
is "$(value run a -k 1000 -o x)" "1000" "-k takes a count"
for k in 0 -5 150% 0% -1% abc '' 1e3 10%% % 12x ' 5' nan% 99999999999999999999; do
    refused "-k \"$k\" is refused" 2 "run: -k: \"$k\" will not do: want a count of 1 or more, or a percentage" \
        run a -k "$k" -o x
done
for x in abc -1 nan inf 1x '' 0x10; do
    refused "--lambda \"$x\" is refused" 2 "run: --lambda: \"$x\" will not do: want a number from 0 to 1e+12, or auto" \
        run a -k 5 -o x --lambda "$x"
    refused "--gamma \"$x\" is refused" 2 \
        "run: --gamma: \"$x\" will not do: want a number above 0 and at most 1e+06, or auto" \
        run a -k 5 -o x --gamma "$x"
done
refused "--value-weight 1e308 is refused, and the limits are said" 2 \
    'run: --value-weight: "1e308" will not do: want a number from -1e+06 to 1e+06' run a -k 5 -o x --value-weight 1e308
refused "--budget 0% is refused" 2 'run: --budget: "0%" will not do: want a number above 0, or a percentage above 0%' \
    run a -o x --budget 0%
refused "--gamma 0 is refused" 2 'run: --gamma: "0" will not do: want a number above 0' run a -k 5 -o x --gamma 0
key=lambda
is "$(value run a -k 5 --lambda 0)" 0 "--lambda 0 is a value"
is "$(value run a -k 5 --lambda 1e3)" 1000 "--lambda takes an exponent"
is "$(value run a -k 5)" auto "--lambda is auto by default"
key=memory
is "$(value run a -M 64K)" 65536 "--memory in K"
is "$(value run a -M 1.5M)" 1572864 "--memory in M, with a fraction"
is "$(value run a -M 2GiB)" 2147483648 "--memory in GiB"
is "$(value run a -M 1T)" 1099511627776 "--memory in T"
is "$(value run a -M 12345)" 12345 "--memory in bytes"
for m in 0 abc 5Q -1M M 1.2.3G 99999999T ''; do
    refused "--memory \"$m\" is refused" 2 "run: --memory: \"$m\" will not do: want a size like 800M" \
        run a -k 5 -o x -M "$m"
done
key=dedup
is "$(value run a --dedup 0.95)" 0.95 "--dedup takes a threshold"
is "$(value run a --dedup off)" off "--dedup takes off"
for d in 0 1.01 near -0.5 ''; do
    refused "--dedup \"$d\" is refused" 2 "run: --dedup: \"$d\" will not do: want off, exact, or a cosine" \
        run a -k 5 -o x --dedup "$d"
done
refused "a word that is no choice is refused" 2 \
    'run: --objective: "best" will not do: want graph-cut, facility-location' \
    run a -k 5 -o x --objective best
refused "--seed must be a number" 2 'run: --seed: "x" will not do' run a -k 5 -o x --seed x
refused "--threads 0 is refused" 2 'run: --threads: "0" will not do: want a whole number from 1 to 256' \
    run a -k 5 -o x -j 0
refused "--on-error must be known" 2 'run: --on-error: "skip" will not do: want fail, or skip:FILE' \
    run a -k 5 -o x --on-error skip

# ---- names ----
refused "an unknown option: the nearest is named" 2 "run: unknown option --lamda (did you mean --lambda?)" \
    run a --lamda 3
refused "swapped letters too" 2 "embed: unknown option --fromat (did you mean --format?)" embed a --fromat csv
refused "an unknown option with a value" 2 "run: unknown option --thread-count" run a --thread-count=3
refused "an unknown letter" 2 "run: unknown option -z" run a -z
refused "an option of another command" 2 "embed: --lambda does not apply here (it belongs to: run, select)" \
    embed a --lambda 3
refused "an unknown command: the nearest is named" 2 ': unknown command "rnu" (did you mean run?)' rnu
refused "a command like no other" 2 ': unknown command "photosynthesis" (winnow --help lists them)' photosynthesis
try
is "$code$(cat "$out")" 2 "no command is wrong use"
is "$(head -1 "$err")$(tail -1 "$err")" "Usage: winnow COMMAND ...winnow: no command was named" \
    "and what there is stands on standard error"
refused "an option without its value" 2 "run: --output needs a value: --output PATH" run a -k 5 -o
refused "a value too many" 2 "run: --quiet takes no value" run a --quiet=yes
refused "a short form of two options" 2 "run: --min could mean --min-df or --min-count" run a --min 3
refused "no input" 2 "run: no input was named: winnow run FILE..." run -k 5 -o x
refused "no output" 2 "run: -o is missing" run a -k 5
refused "no k" 2 "run: -k is missing" run a -o x
refused "an argument too many" 2 'report: one argument too many: "c"' report a b c
refused "explain without an id" 2 "explain: an argument is missing: winnow explain OUT ID" explain out
refused "standard input named twice" 2 "run: - is named twice" run - - -k 5 -o x
refused "an encoder both loaded and saved" 2 "embed: --save-encoder and --load-encoder together" \
    embed a -o x --save-encoder y --load-encoder z

# ---- configuration files ----
cat >conf <<'EOF'
# a comment
seed = 7
text-field = title
text-field = body

  lambda=3
quiet = yes
EOF
key=seed
is "$(value run a --config conf)" 7 "--config sets an option"
is "$(value run a --config conf --seed 9)" 9 "the command line wins over --config"
is "$(value run a --seed 9 --config conf)" 9 "wherever it stands"
key=text-field
is "$(echo $(value run a --config conf))" "title body" "--config repeats an option"
is "$(echo $(value run a --config conf --text-field x))" "x" "the command line replaces a repeated option"
key=quiet
is "$(value run a --config conf)" true "--config sets a flag"
echo 'lamda = 3' >bad
refused "--config with an unknown name" 2 "run: bad:1: unknown option lamda (did you mean lambda?)" \
    run a -k 5 -o x --config bad
printf '\n\nlambda = -3\n' >bad
refused "--config with a bad value" 2 'run: bad:3: --lambda: "-3" will not do' run a -k 5 -o x --config bad
echo 'lambda' >bad
refused "--config without =" 2 'run: bad:1: want a line "lambda = value"' run a -k 5 -o x --config bad
refused "--config that is not there" 1 "run: cannot open none: No such file or directory" run a -k 5 -o x --config none
dump run a -k 5% -o x --text-field 'a b' --text-field c --lambda 0.1 --dedup 0.9 >dumped
is "$(dump run a --config dumped | cmp - dumped && echo same)" same "--dump-config reads back as it is"
is "$(dump run a -o x --preset paper | grep -E '^(objective|similarity|lambda|dedup) ' | tr '\n' ';')" \
    "dedup = off;objective = graph-cut;similarity = cosine;lambda = 10;" "--preset paper"
is "$(dump run a -o x --lambda 5 --preset paper | grep -E '^(similarity|lambda) ' | tr '\n' ';')" \
    "similarity = cosine;lambda = 5;" "an option wins over the preset, wherever it stands"

# ---- help, man pages, completion: every option of every command ----
options() { dump "$1" a b | sed -n 's/^\(# \)\{0,1\}\([a-z0-9-]*\) =.*/\2/p'; }
for c in $commands; do
    "$W" "$c" --help >help 2>"$err"
    is "$?$(cat "$err")" 0 "$c --help ends well and says nothing on standard error"
    missing=
    for o in help config dump-config $(options "$c" | sed '/^k$/d'); do
        grep -q -e "--$o\b" help || missing="$missing $o"
    done
    is "$missing" "" "$c --help shows every option"
    is "$(awk 'length > 110' help)" "" "$c --help has no overlong line"
    has help "Examples:" "$c --help has examples"
    is "$(grep -x '[A-Z][a-z]*:' help | sort | uniq -d)" "" "$c --help has every heading once"
    "$W" --man "$c" >"winnow-$c.1"
    missing=
    for o in $(options "$c" | sed '/^k$/d'); do
        grep -q -e "\\\\-\\\\-$(echo "$o" | sed 's/-/\\\\-/g')" "winnow-$c.1" || missing="$missing $o"
    done
    is "$missing" "" "winnow-$c(1) shows every option"
done
is "$("$W" help run)" "$("$W" run --help)" "winnow help run is winnow run --help"
is "$("$W" run --nonsense --help >/dev/null 2>&1; echo $?)" 2 "--help does not hide an unknown option"
"$W" --man >winnow.1
if command -v man >/dev/null && command -v groff >/dev/null; then
    for p in winnow*.1; do
        is "$(LC_ALL=C MANROFFSEQ= MANWIDTH=80 man --warnings -E ASCII -l -Tascii "$p" 2>&1 >/dev/null)" "" \
            "$p formats without a warning"
    done
else
    skip "man pages format" "man is not installed"
fi
is "$("$W" -V)" "$("$W" --version)" "-V is --version"
for shell in zsh fish; do
    "$W" --completion $shell >"completion.$shell"
    missing=
    for option in $("$W" run --help | sed -n 's/^  \(-[A-Za-z], \| *\)--\([a-z0-9-]*\).*/\2/p'); do
        case $shell in zsh) wanted="--$option" ;; fish) wanted="-l $option " ;; esac
        grep -qF -e "$wanted" "completion.$shell" || missing="$missing $option"
    done
    is "$missing" "" "completion for $shell knows every option of run"
    if command -v $shell >/dev/null; then
        is "$($shell -n "completion.$shell" 2>&1)" "" "completion for $shell is a script of it"
    else
        skip "completion for $shell is a script of it" "$shell is not installed"
    fi
done
refused "completion for another shell" 2 ": --completion knows three shells: bash, zsh and fish" --completion tcsh
"$W" --completion bash >completion
is "$(bash -n completion 2>&1)" "" "the completion is a bash script"
complete_for() {
    bash -c '. ./completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _winnow; printf "%s " "${COMPREPLY[@]}"' _ "$@"
}
is "$(complete_for winnow ex)" "explain " "completion of a command"
is "$(complete_for winnow run --lam)" "--lambda " "completion of an option"
is "$(complete_for winnow embed --lam)" " " "only of that command"
is "$(complete_for winnow run --objective fa)" "facility-location " "completion of a value"
is "$(complete_for winnow run con)" "conf " "completion of a file"

# ---- version and standard output ----
"$W" --version >version
for word in winnow processor kernels OpenBLAS HDF5 zlib zstd cJSON utf8proc; do
    has version "$word" "--version names $word"
done
if [ -c /dev/full ]; then
    "$W" --help >/dev/full 2>"$err"
    is "$?" 1 "a full disk on standard output is an error"
    has "$err" "standard output: cannot write: No space left on device" "and says so"
else
    skip "a full disk on standard output" "no /dev/full"
fi
is "$( { "$W" run --help; echo $? >status; } 2>"$err" | :; cat status "$err")" 141 "a closed pipe ends it quietly"
"$W" --help >&- 2>"$err"
is "$?" 1 "a closed standard output is an error"
# ---- options without effect ----
printf '{"text":"a b"}\n' >a.jsonl
idle() {
    option=$1 why=$2
    shift 2
    refused "$option where it has no effect: $*" 2 "$1: $option has no effect: $why" "$@"
}
idle --gamma "it belongs to --similarity rbf" run a.jsonl -k 1 -o x --similarity cosine --gamma 3
idle --gamma "it belongs to --similarity rbf" run a.jsonl -k 1 -o x --preset paper --gamma 3
idle --components "it belongs to --similarity rbf" run a.jsonl -k 1 -o x --preset paper --components 3
idle --lambda "it belongs to --objective graph-cut" run a.jsonl -k 1 -o x --objective facility-location --lambda 2
idle --saturation "it belongs to --objective saturated-coverage" run a.jsonl -k 1 -o x --saturation .5
refused "a saturation above 1" 2 'run: --saturation: "2" will not do' run a -k 5 -o x --saturation 2
idle --epsilon "it belongs to --maximizer stochastic" run a.jsonl -k 1 -o x --maximizer lazy --epsilon .2
refused "lazy where gains may rise" 2 "run: --objective graph-cut under cosine cannot be searched so: leave \
--maximizer lazy out" run a.jsonl -k 1 -o x --similarity cosine --maximizer lazy
refused "a search that class-herding does not have" 2 "run: --objective class-herding under cosine cannot be searched \
so: leave --maximizer naive out" run a.jsonl -k 1 -o x --objective class-herding --label-field c --maximizer naive
sums="it belongs to --objective graph-cut over rbf without values and weights"
idle --sums "$sums" run a.jsonl -k 1 -o x --similarity cosine --sums exact
idle --sums "$sums" run a.jsonl -k 1 -o x --sums sampled --value-field n
idle --sums "$sums" run a.jsonl -k 1 -o x --sums sampled --weight-field n
idle --sum-rows "$sums" run a.jsonl -k 1 -o x --objective mixture --mix graph-cut=1 --sum-rows 9
idle --sum-rows "--sums exact estimates nothing" run a.jsonl -k 1 -o x --sums exact --sum-rows 9
idle --neighbours "it belongs to --objective facility-location and saturated-coverage" run a.jsonl -k 1 -o x -K 20
idle --similarity "--objective random compares nothing" run a.jsonl -k 1 -o x --objective random --similarity dot
idle --epochs "it belongs to --encoder doc2vec" run a.jsonl -k 1 -o x --epochs 3
idle --min-df "it belongs to --encoder lsa" embed a.jsonl -o x --encoder doc2vec --min-df 3
idle --dbow-words "it belongs to --doc2vec-mode dbow" embed a.jsonl -o x --encoder doc2vec --dbow-words
idle --window "--doc2vec-mode dbow looks at no words around" embed a.jsonl -o x --encoder doc2vec --doc2vec-mode dbow \
    --window 3
idle --min-df "the encoder is loaded as it was saved" embed a.jsonl -o x --load-encoder e --min-df 3
idle --dims "the encoder is loaded as it was saved" embed a.jsonl -o x --load-encoder e --dims 3
idle --dims "no vectors are made of texts here" dedup a.jsonl -o x --dims 3
idle --text-field "the input is a matrix" dedup a.h5ad --dedup 0.9 -o x --text-field body
idle --dataset "the input is records" dedup a.jsonl -o x --dataset X
idle --dataset "the input is records" info a.jsonl --dataset X
printf 'gamma = 3\n' >gamma.conf
idle --gamma "it belongs to --similarity rbf" run a.jsonl -k 1 -o x --config gamma.conf --similarity cosine
"$W" run --dump-config -k 1 -o x >defaults.conf
try run a.jsonl --config defaults.conf -n
is "$code$(cat "$err")" 0 "defaults that a configuration file spells out are not in the way"
"$W" run --help >help
has help "--dedup off|exact|COS" "the help names --dedup off"
has help "case folding" "and what makes texts equal"
has help "--on-error fail|skip:FILE" "and --on-error skip:FILE"
finish
