"""Writes the start corpus of fuzz_records into a folder. The first byte of a file chooses the format and the fields
(see fuzz_records.c); the rest is what the reader gets."""
import gzip
import os
import shutil
import subprocess
import sys

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
JSONL, CSV, TSV, TXT, FIELDS = 0, 1, 2, 3, 4

jsonl = [
    b'{"text":"a","label":1,"id":"x","cost":2}\n{"text":"b","label":null,"id":7,"cost":0}\n',
    b'\xef\xbb\xbf{"a":{"b":["x","\\u00e9\\n"]},"text":"\\ud83d\\ude00"}\r\n\r\n{"text":""}',
    b'{"text":"\\ud83d"}', b'{"text":01}', b'{"text":"a",}', b'[1]', b'{"text":"a"', b'{"te\\u0078t":"k","text":[]}\n',
    b'{"text":"a","label":-0.0e5,"id":12345678901234567890,"cost":1e999}', b'[' * 300, b'{"a":' * 300,
    b'{"text":"caf\xe9"}', b'{"text":"' + b'x' * 5000 + b'"}\n' * 2, b'{"body":"t","n":1}', b'\n \n', b'',
]
csv = [
    b'text,label,id,cost\n"a ""b""\r\nc",x,1,2\n,y,2,0\n', b'\xef\xbb\xbftext\r\n"x"\r\n\r\ny', b'text,b\n"x"y,1\n',
    b'text\n"never', b'a,b\n1,2\n', b'text,text\n1,2\n', b'text\nx"y\n', b'\n\ntext\n1\n', b'"te""xt",text\n1,\n',
    b'text\n\xff\n',
]
tsv = [b'text\tlabel\tid\tcost\na\tb\tc\t1\n\t\t\t\r\n', b'text\n\n"\n', b'text\tb\n1\n', b'\xef\xbb\xbftext\n\xc3']
txt = [b'a\r\n\n\xef\xbb\xbfb', b'\xff\xfea\x00', b'', b'\x1f', b'\x28\xb5', b'\x1f\x8b', b'\x28\xb5\x2f\xfd']

inputs = []
for kind, group in ((JSONL, jsonl), (CSV, csv), (TSV, tsv), (TXT, txt)):
    for data in group:
        inputs.append(bytes([kind]) + data)
        inputs.append(bytes([kind | FIELDS]) + data)
text = b''.join(b'{"text":"line %d"}\n' % i for i in range(50))
packed = [gzip.compress(text, mtime=0) + gzip.compress(text, mtime=0) + bytes(20)]
if shutil.which('zstd'):
    frame = subprocess.run(['zstd', '-qc'], input=text, stdout=subprocess.PIPE, check=True).stdout
    packed.append(frame + b'\x50\x2a\x4d\x18\x02\x00\x00\x00ab' + frame)
for whole in packed:
    inputs.append(bytes([JSONL]) + whole)
    inputs += [bytes([JSONL]) + whole[:k] for k in range(0, len(whole), 9)]
    inputs += [bytes([TXT]) + whole[:k] + bytes([whole[k] ^ 16]) + whole[k + 1:] for k in range(0, len(whole), 11)]
for i, data in enumerate(inputs):
    with open(os.path.join(out, f'{i:04d}'), 'wb') as f:
        f.write(data)
