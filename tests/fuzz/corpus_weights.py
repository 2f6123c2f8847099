"""Writes the start corpus of fuzz_weights into a folder: small checkpoints of every container, whole and cut."""
import io
import json
import os
import struct
import sys
import zipfile

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
PLAIN, PICKLE = b'\0', b'\1'


def text(s):
    return b'X' + struct.pack('<I', len(s)) + s.encode()


def number(v):
    return b'J' + struct.pack('<i', v)


def numbers(v):
    return b'(' + b''.join(map(number, v)) + b't'


def tensor(key, kind, elements, first, shape, stride, legacy):
    storage = (b'(' + text('storage') + b'ctorch\n' + kind + b'\n' + text(key) + text('cpu') + number(elements)
               + (b'N' if legacy else b'') + b'tQ')
    return (b'ctorch._utils\n_rebuild_tensor_v2\n(' + storage + number(first) + numbers(shape) + numbers(stride)
            + b'\x89ccollections\nOrderedDict\n)RtR')


def state(legacy):
    return (b'\x80\x02ccollections\nOrderedDict\n)Rq\0(' + text('a')
            + tensor('0', b'FloatStorage', 16, 0, [4, 4], [4, 1], legacy) + b'q\1'
            + text('b') + tensor('0', b'FloatStorage', 16, 1, [3, 2], [1, 3], legacy) + text('c')
            + tensor('1', b'HalfStorage', 4, 0, [], [], legacy)
            + b'u.')


def safetensors(tensors, data, metadata=None):
    header = json.dumps({**({'__metadata__': metadata} if metadata else {}), **tensors}).encode()
    return struct.pack('<Q', len(header)) + header + data


one = {'dtype': 'F32', 'shape': [1, 2], 'data_offsets': [0, 8]}
two = {'dtype': 'BF16', 'shape': [3], 'data_offsets': [8, 14]}
stream = (b'\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.' + b'\x80\x02M\xe9\x03.' + b'\x80\x02}('
          + text('little_endian') + b'\x88u.'
          + state(True) + b'\x80\x02](' + text('0') + text('1') + b'e.' + struct.pack('<Q', 16) + bytes(64)
          + struct.pack('<Q', 4) + bytes(8))
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w') as z:
    for name, data in (('m/data.pkl', state(False)), ('m/byteorder', b'little'), ('m/data/0', bytes(64)),
                       ('m/data/1', bytes(8))):
        z.writestr(zipfile.ZipInfo(name), data)
packed = packed.getvalue()

inputs = [PLAIN + safetensors({'a': one, 'b': two}, bytes(14), {'format': 'pt'}),
          PLAIN + safetensors({'a': one}, bytes(8)),
          PLAIN + safetensors({'x': {'dtype': 'F64', 'shape': [], 'data_offsets': [0, 8]}}, bytes(8)),
          PLAIN + safetensors({}, b''),
          PLAIN + stream, PLAIN + packed, PICKLE + state(False), PICKLE + state(True),
          PICKLE + b'\x80\x04\x95' + bytes(8) + b'}\x94.',
          PICKLE + b'cos\nsystem\n' + text('true') + b'\x85R.', PICKLE + b'(((((((((t.', PICKLE + b'}q\xff.']
whole = list(inputs)
for data in whole:
    step = max(1, len(data) // 12)
    inputs += [data[:k] for k in range(1, len(data), step)]
for i, data in enumerate(inputs):
    with open(os.path.join(out, f'{i:04d}'), 'wb') as f:
        f.write(data)
