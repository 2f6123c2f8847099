#!/bin/sh
# What people's files hold: chats, fields left out, tables of other programs, marks that cannot be seen, pipes, devices.
. "$(dirname "$0")/tap.sh"
mark=$(printf '\357\273\277')

# subset NAME WANT ARGS: run with a small choice; the chosen records are WANT
subset() {
    name=$1 want=$2
    shift 2
    rm -rf x
    try run "$@" -o x -q
    is "$code $(cat x/subset.* 2>"$err")" "0 $want" "$name"
}

# ---- chats: run, embed, dedup, tokenize and explain take the same text ----
i=0
while [ $i -lt 6 ]; do
    printf '{"id":"c%d","messages":[{"role":"user","content":"how do I mend boat %d"},' $i $i
    printf '{"role":"assistant","content":"with glue and care %d"}]}\n' $i
    echo "{\"id\":\"t$i\",\"text\":\"how do I mend boat $i\"}" >>plain.jsonl
    i=$((i + 1))
done >chat.jsonl
chat="--text-field messages[].content --role user --id-field id"
try embed chat.jsonl $chat --min-df 1 --dims 4 -q -o chat.h5ad
is $code 0 "embed takes the turns of a role"
try embed plain.jsonl --min-df 1 --dims 4 -q -o plain.h5ad
py=$(python_with h5py)
if [ -n "$py" ]; then
    is "$("$py" -c 'import h5py
a, b = (h5py.File(f)["X"][:] for f in ("chat.h5ad", "plain.h5ad"))
print((a == b).all())')" True \
        "as if they were the texts"
else
    skip "as if they were the texts" "no h5py in WINNOW_PYTHON"
fi
try run chat.jsonl $chat -k 2 -q -o chosen
"$W" explain chosen c0 >"$out" 2>"$err"
has "$out" "how do I mend boat 0" "explain shows them"
if grep -q glue "$out"; then ok 1 "and no other turn"; else ok 0 "and no other turn"; fi
try report chosen -q --html page.html
is $code 0 "report reads them again"
sed 's/boat [0-9]/boat/' chat.jsonl >same.jsonl
try dedup same.jsonl $chat -q -o single
is "$code $(wc -l <single/subset.jsonl)" "0 1" "dedup compares them"
mkdir tok
printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhow\ndo\ni\nmend\nboat\nwith\nglue\n' >tok/vocab.txt
try tokenize chat.jsonl --limit 1 --model tok --pieces --text-field 'messages[].content' --role user
is "$(cat "$out")" "[CLS] how do i mend boat [UNK] [SEP]" "tokenize takes them"
try tokenize chat.jsonl --limit 1 --model tok --pieces --text-field 'messages[0].content' \
    --text-field 'messages[-1].content'
is "$(cat "$out")" "[CLS] how do i mend boat [UNK] [SEP] with glue [UNK] [UNK] [UNK] [SEP]" \
    "a pair of turns"
refused "a role that nobody has" 3 'run: chat.jsonl: no object of an array in a text field has the role "human"' \
    run chat.jsonl --text-field 'messages[].content' --role human -k 2 -o x
for f in messages messages.content messages.0.content; do
    try run chat.jsonl --text-field "$f" -k 2 -o x
    has "$err" 'Try --text-field "messages[].content"' "--text-field $f is told what does"
done

echo '{"conversations":[{"from":"human","value":"how"}],"turns":[{"content":[{"type":"text","text":"how"}]}]}' \
    >two.jsonl
subset "the other usual form of a chat" "$(cat two.jsonl)" two.jsonl -k 1 --text-field 'conversations[].value' \
    --role human
try run two.jsonl -k 1 -o y
has "$err" 'Try --text-field "conversations[].value"' "is named"
rm -rf x
try run two.jsonl --text-field 'turns[].content' -k 1 -o y
has "$err" 'Try --text-field "turns[].content[].text"' "parts of a turn, too"

# ---- ids ----
printf '{"id":"a","text":"x"}\n{"id":"a","text":"y"}\n' >same.jsonl
refused "tokenize: records of one id" 3 'tokenize: same.jsonl:2: id "a"' tokenize same.jsonl --model tok --id-field id

# ---- fields left out ----
printf '{"title":null,"text":"a red boat"}\n{"text":"a blue kite","label":"y"}\n{"title":"kites"}\n' >o.jsonl
try run o.jsonl --text-field title --text-field text --label-field label -k 1 -q -o x
is $code 0 "null and left-out texts are empty, left-out labels are none"
try tokenize o.jsonl --model tok --pieces --text-field title --text-field text
is "$(sed -n 3p "$out")" "[CLS] [UNK] [SEP] [SEP]" "tokenize takes a left-out second text for empty"
refused "a label that no record has" 3 'run: o.jsonl:1: missing field "lable" (fields: title, text)' \
    run o.jsonl --text-field title --text-field text --label-field lable -k 1 -o y
refused "one of several texts that no record has" 3 \
    'run: o.jsonl:1: missing field "titel" (fields: title, text). Try --text-field title' \
    run o.jsonl --text-field titel --text-field text -k 1 -o y
refused "texts that no record has" 3 'run: o.jsonl:1: missing field "a" (fields: title, text)' \
    run o.jsonl --text-field a --text-field b -k 1 -o y
refused "a list in place of a repeated option" 3 \
    'run: o.jsonl:1: missing field "title,text" (fields: title, text). Give --text-field once for each field' \
    run o.jsonl --text-field title,text -k 1 -o y

# ---- other programs' files ----
printf '[{"text":"a"},\n{"text":"b"}]\n' >a.json
refused ".json" 2 'run: a.json: .json does not tell the format; use --format jsonl where' run a.json -k 1 -o y
refused "an array" 3 'run: a.json:1: a JSON object is wanted, this is an array (jq' \
    run a.json --format jsonl -k 1 -o y
printf '{\n  "text": "a"\n}\n' >p.jsonl
refused "a pretty-printed file" 3 'run: p.jsonl:1: not valid JSON at byte 2: it ends too early (a record is one line' \
    run p.jsonl -k 1 -o y
printf '{"text":"a","s":0.5}\n{"text":"b","s":-Infinity}\n' >n.jsonl
refused "Infinity" 3 'run: n.jsonl:2: not valid JSON at byte 17: Infinity is not JSON; write null or a number' \
    run n.jsonl -k 1 -o y
printf 'id,text\n1,a 12" ruler\n2,a 12" ruler\n' >q.csv
subset "a quote in a cell that does not begin with one" 'id,text
1,a 12" ruler' q.csv -k 1
printf 'id,text\r1,a\r2,b\r' >c.csv
refused "line ends of CR alone" 3 "run: c.csv:1: its lines seem to end in CR alone" run c.csv -k 1 -o y

printf 'id\ttext\n1\ta red boat\n' >t.csv
refused "tabs in a file called csv" 3 "run: t.csv:1: missing field \"text\": the only field is \"id?text\", as if its" \
    run t.csv -k 1 -o y
has "$err" "use --format tsv" "which is told what does"
printf '{"text":"a"},\n{"text":"b"}\n' >k.jsonl
refused "commas between objects" 3 "run: k.jsonl:1: not valid JSON at byte 13: a comma follows the object" \
    run k.jsonl -k 1 -o y
printf '{"text":"a","n":1}\n' >j.csv
refused "JSON called csv" 3 'run: j.csv:1: names of columns are wanted, this looks like JSON; use --format jsonl' \
    run j.csv -k 1 -o y
refused "csv called JSON" 3 "run: q.csv:1: not valid JSON at byte 1: a value is wanted here (--format csv, tsv or txt" \
    run q.csv --format jsonl -k 1 -o y
printf 'caf\351\n' >w.txt
refused "Windows-1252" 3 "run: w.txt:1: not valid UTF-8: byte 0xE9 at byte 4 of the line (is it another encoding?" \
    run w.txt -k 1 -o y
printf 'BZh91AY&SY' >n.bz2 && cp n.bz2 bz.jsonl && printf 'PAR1\025' >n.parquet && cp n.parquet pq.jsonl
printf 'PK\003\004' >n.zip && cp n.zip zip.csv && : >n.xlsx
for f in "n.bz2 bz.jsonl packed with bzip2, which is not read" "n.parquet pq.jsonl a Parquet file, which is not read" \
    "n.zip zip.csv a zip archive, which is not read" "n.xlsx - a spreadsheet, which is not read; save"; do
    what=${f#* } && what=${what#* } content=${f#* } && content=${content%% *}
    refused "by its name: $what" 2 "run: ${f%% *}: by its name $what" run ${f%% *} -k 1 -o y
    [ $content = - ] || refused "by its first bytes: $what" 3 "run: $content: $what" run $content -k 1 -o y
done
printf 'PK and so\nBZh9\nPAR1\n' >plain.txt && printf 'ARROW1 is a format\nb\n' >arrow.txt
subset "texts that begin like others" 'PK and so' plain.txt -k 1
subset "and like Arrow" 'ARROW1 is a format' arrow.txt -k 1
printf '{id},text,{x}\n1,a b,2\n' >brace.csv
subset "braces around the names of columns" '{id},text,{x}
1,a b,2' brace.csv -k 1

# ---- byte order marks ----
printf '%s{"id":"a","text":"red boat"}\n{"id":"b","text":"blue kite"}\n' "$mark" >b.jsonl
printf '%sb\r\n' "$mark" >ids
subset "a mark before a list of ids" "$mark"'{"id":"b","text":"blue kite"}' b.jsonl --id-field id -k 1 --keep ids
is "$(cat x/subset.jsonl x/rest.jsonl | wc -c)" $(($(wc -c <b.jsonl) + 3)) "subset and rest have a mark each"
printf '%sb.jsonl\n' "$mark" >list
printf '%sk = 1\n' "$mark" >conf
try run --filelist list --config conf -q -o y
is $code 0 "a mark before a list of files and a configuration"
rm -rf y
cat b.jsonl b.jsonl >bb.jsonl
refused "a mark in the middle" 3 "run: bb.jsonl:3: an invisible byte order mark" run bb.jsonl -k 1 -o y
printf '\377\376b\0\n\0' >wide
refused "a list in UTF-16" 2 "run: wide: it looks like UTF-16" run b.jsonl --id-field id -k 1 --keep wide -o y
printf 'a\rb\r' >cr
refused "a list with CR alone" 2 "run: cr: its lines end in CR alone" run b.jsonl --id-field id -k 2 --keep cr -o y

# ---- pipes and devices ----
mkfifo pipe
(cat b.jsonl >pipe) &
subset "records from a named pipe" "$mark"'{"id":"a","text":"red boat"}' --format jsonl pipe -k 1
wait
(echo b >pipe) &
subset "ids from a named pipe" "$mark"'{"id":"b","text":"blue kite"}' b.jsonl --id-field id -k 1 --keep pipe
wait
refused "a device as records" 1 "run: /dev/zero is a device" run /dev/zero --format txt -k 1 -o y
refused "a device as a list" 2 "run: /dev/zero:1: a zero byte" run b.jsonl --keep /dev/zero -k 1 -o y
# nobody ever writes to the pipe: an interruption is heard all the same
for args in "run pipe --format jsonl" "run b.jsonl --id-field id --keep pipe"; do
    env --default-signal=INT "$W" $args -k 1 -q -o y >"$out" 2>"$err" </dev/null &
    pid=$!
    sleep 0.5
    kill -s INT $pid
    wait $pid
    is $? 130 "SIGINT while nobody writes to the pipe: $args"
done
rm pipe

# ---- zstd of a long window ----
if zstd --version >"$out" 2>&1; then
    head -c 300000 /dev/zero | tr '\0' 'a' | zstd -q --ultra --long=31 --no-content-size >l.txt.zst 2>"$err" ||
        head -c 300000 /dev/zero | tr '\0' 'a' | zstd -q --long=31 >l.txt.zst
    refused "a window that is not held" 3 "run: l.txt.zst: packed with a window over 128 MiB (zstd --long)" \
        run l.txt.zst -k 1 -o y
else
    skip "a window that is not held" "no zstd"
fi

# ---- scripts without spaces ----
for t in 厨师修理了红色风筝 老师卖了蓝灯 船长洗了大门 邻居丢了椅子; do echo "{\"text\":\"$t\"}"; done >zh.jsonl
rm -rf x
try run zh.jsonl --lsa-features words-only -k 1 -o x
has "$err" "warning: 4 of 4 rows (100%) have no word that occurs in another text" "a choice by nothing is no silent one"
has x/manifest.json "4 of 4 rows (100%)" "the manifest says so, too"
try run zh.jsonl -k 1 -f -o x
has "$err" "warning: 2 of 4 rows (50%)" "where letters count, two of them share some"
finish
