"""Writes the start corpus of fuzz_model into a folder. The first byte of a file says which file of a model it is (see
fuzz_model.c)."""
import json
import os
import sys

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
(TOKENIZER, VOCAB_TXT, VOCAB_JSON, MERGES, TOKENIZER_CONFIG, MAP, CONFIG, MODULES, POOLING, DENSE, SENTENCE,
 TEXT) = range(12)


def added(i, content, **flags):
    return {'id': i, 'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False,
            'special': True, **flags}


def special(name):
    return {'SpecialToken': {'id': name, 'type_id': 0}}


pieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'abc', 'a', '##b', '##c', 'é', "'", 'it', '中']
wordpiece = {
    'version': '1.0', 'truncation': None, 'padding': None,
    'added_tokens': [added(4, '[MASK]', lstrip=True), added(13, 'covid', normalized=True, special=False),
                     added(14, 'x y', single_word=True, rstrip=True)],
    'normalizer': {'type': 'BertNormalizer', 'clean_text': True, 'handle_chinese_chars': True, 'strip_accents': None,
                   'lowercase': True},
    'pre_tokenizer': {'type': 'BertPreTokenizer'},
    'post_processor': {'type': 'TemplateProcessing',
                       'single': [special('[CLS]'), {'Sequence': {'id': 'A', 'type_id': 0}}, special('[SEP]')],
                       'pair': [special('[CLS]'), {'Sequence': {'id': 'A', 'type_id': 0}}, special('[SEP]'),
                                {'Sequence': {'id': 'B', 'type_id': 1}}, special('[SEP]')]},
    'model': {'type': 'WordPiece', 'unk_token': '[UNK]', 'continuing_subword_prefix': '##',
              'max_input_chars_per_word': 100,
              'vocab': {p: i for i, p in enumerate(pieces)}}}
alphabet = [chr(b) for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
alphabet += [chr(256 + i) for i in range(256 - len(alphabet))]
vocab = {p: i for i, p in enumerate(['<s>', '<pad>', '</s>', '<unk>', *alphabet, 'ab', 'abc', '<mask>'])}
bpe = {'added_tokens': [added(0, '<s>', normalized=True), added(262, '<mask>', lstrip=True)], 'normalizer': None,
       'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True},
       'post_processor': {'type': 'RobertaProcessing', 'sep': ['</s>', 2], 'cls': ['<s>', 0]},
       'model': {'type': 'BPE', 'vocab': vocab, 'merges': ['a b', ['ab', 'c']]}}
config = {'model_type': 'roberta', 'vocab_size': 9, 'hidden_size': 4, 'num_hidden_layers': 1, 'num_attention_heads': 2,
          'intermediate_size': 8,
          'max_position_embeddings': 16, 'hidden_act': 'gelu', 'layer_norm_eps': 1e-5, 'pad_token_id': 1,
          'position_embedding_type': 'absolute'}
distil = {'model_type': 'distilbert', 'vocab_size': 9, 'dim': 4, 'n_layers': 1, 'n_heads': 2, 'hidden_dim': 8,
          'max_position_embeddings': 16}
albert = {**config, 'model_type': 'albert', 'embedding_size': 2, 'num_hidden_groups': 1, 'inner_group_num': 1}
inputs = [(TOKENIZER, wordpiece), (TOKENIZER, bpe),
          (TOKENIZER_CONFIG, {'do_lower_case': False, 'mask_token': {'content': '[MASK]', 'lstrip': True}}),
          (MAP, {'cls_token': '[CLS]', 'unk_token': {'content': '[UNK]', 'normalized': True}}), (VOCAB_JSON, vocab),
          (CONFIG, config), (CONFIG, distil), (CONFIG, albert),
          (MODULES, [{'path': '', 'type': 'Transformer'}, {'path': '1_Pooling', 'type': 'x.Pooling'},
                     {'path': '', 'type': 'Normalize'}]),
          (POOLING, {'pooling_mode': ['mean'], 'embedding_dimension': 4}), (POOLING, {'pooling_mode_cls_token': True}),
          (DENSE, {'in_features': 4, 'out_features': 3, 'bias': False,
                   'activation_function': 'torch.nn.modules.activation.Tanh'}),
          (SENTENCE, {'max_seq_length': 8, 'do_lower_case': True}), (VOCAB_TXT, '\n'.join(pieces)),
          (MERGES, '#version: 0.2\na b\nab c\n'),
          (TOKENIZER, {**bpe, 'added_tokens': [added(895, '<mask>')]}),
          (TEXT, 'Abc [MASK] a'), (TEXT + 12 * 11, "it's <mask> 12"),
          (TEXT, 'e\u0301\u0323 \u4e2d\U00020000 \u1e9e\u0130'), (TEXT, 'ab' * 90)]
raw = []
for kind, data in inputs:
    text = (data if isinstance(data, str) else json.dumps(data, separators=(',', ':'))).encode()
    raw += [bytes([kind]) + text] + [bytes([kind]) + text[:k] for k in range(0, len(text), max(1, len(text) // 6))]
raw += [bytes([CONFIG]) + b'[' * 2000, bytes([CONFIG]) + b'{"vocab_size":1e308,"hidden_size":-1}',
        bytes([TEXT]) + b'\xff\xe4\xb8']
for i, data in enumerate(raw):
    with open(os.path.join(out, f'{i:04d}'), 'wb') as f:
        f.write(data)
