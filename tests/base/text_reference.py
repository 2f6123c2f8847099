"""Texts with their folded form, their words and their runs between white space, by Python's own Unicode tables: text
TAB folded TAB words in brackets TAB runs in brackets.

Every code point that Python knows, in a small context, and seeded random mixtures. test_text.c compares."""
import random
import re
import sys
import unicodedata as u

SPACE = ''.join(map(chr, [9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
                          0x205F, 0x3000]))


def fold(s):
    return ' '.join(w for w in re.split('[' + SPACE + ']+', u.normalize('NFC', s.casefold())) if w)


def is_word(c):
    return c == '_' or u.category(c)[0] in 'LMN'


def words(s):
    runs = ''.join(c if is_word(c) else ' ' for c in s).split(' ')
    return ''.join('[' + u.normalize('NFC', w.lower()) + ']' for w in runs if w)


def between_spaces(s):
    return ''.join('[' + u.normalize('NFC', w.lower()) + ']' for w in re.split('[' + SPACE + ']+', s) if w)


def texts():
    known = [c for c in range(0x20, 0x110000) if not 0xD800 <= c < 0xE000 and u.category(chr(c)) != 'Cn']
    for c in known:
        yield 'A' + chr(c) + 'b x' + chr(c)
    r = random.Random(1)
    # Without the capital sigma: among letters that have no case the rule for its final form is Python's own.
    letters = [c for c in known if u.category(chr(c))[0] in 'LMN' and c < 0x3400 and c != 0x3A3]
    lively = [0x300, 0x301, 0x323, 0x345, 0x307, 0x308, 0x49, 0x130, 0x1100, 0x1161, 0x11A8, 0xAC00, 0x41, 0x61, 0xE9,
              0x1E9E, 0xDF, 0x20, 0x1F80, 0x2126, 0x212A, 0xFB01, 0x958]
    for _ in range(40000):
        yield ''.join(chr(r.choice(letters if r.random() < .5 else lively)) for _ in range(r.randint(1, 6)))
    # Two runs of letters and signs; a sigma before a sign ends its word.
    signs = [0x21, 0x27, 0x2D, 0x3C, 0x338, 0x37E, 0x387, 0x1FEF, 0x24B6, 0x2014, 0x3001, 0x1F600]
    for _ in range(4000):
        yield ' '.join(''.join(chr(r.choice(signs if r.random() < .4 else lively)) for _ in range(r.randint(1, 6)))
                       for _ in range(2))
    yield '\u0391\u03a3, \u0391\u03a3-x (\u03a3\u0391) \u2014\u03a3'
    greek = [0x391, 0x3A3, 0x3C3, 0x3BF, 0x20]
    for _ in range(2000):
        yield ''.join(chr(r.choice(greek)) for _ in range(r.randint(1, 8)))


out = sys.stdout.buffer
for t in texts():
    out.write('\t'.join((t, fold(t), words(t), between_spaces(t))).encode() + b'\n')
