#ifndef BERT_PARTS_H
#define BERT_PARTS_H
/* The tensors of a checkpoint by role: one table for inference, training and saving. */
#include <winnow/model.h>
#include <wn/weights.h>

enum { WN_BERT_NAME = 256 };

/* X(PART, rows, cols, BERT's and RoBERTa's name, DistilBERT's, ALBERT's). A table: a weight alone. A linear layer: a
 * weight [rows, cols] and a bias [rows]. A norm: both [rows]. NULL: the architecture has no such part. */
#define WN_BERT_TABLES(X)                                                                                            \
    X(WORDS, vocab, embedding, "embeddings.word_embeddings", "embeddings.word_embeddings",                           \
      "embeddings.word_embeddings")                                                                                  \
    X(POSITIONS, positions, embedding, "embeddings.position_embeddings", "embeddings.position_embeddings",           \
      "embeddings.position_embeddings")                                                                              \
    X(TYPES, types, embedding, "embeddings.token_type_embeddings", NULL, "embeddings.token_type_embeddings")
#define WN_BERT_LAYER(LINEAR, NORM)                                                                                  \
    LINEAR(QUERY, hidden, hidden, "attention.self.query", "attention.q_lin", "attention.query")                      \
    LINEAR(KEY, hidden, hidden, "attention.self.key", "attention.k_lin", "attention.key")                            \
    LINEAR(VALUE, hidden, hidden, "attention.self.value", "attention.v_lin", "attention.value")                      \
    LINEAR(OUT, hidden, hidden, "attention.output.dense", "attention.out_lin", "attention.dense")                    \
    NORM(NORM_1, hidden, 0, "attention.output.LayerNorm", "sa_layer_norm", "attention.LayerNorm")                    \
    LINEAR(UP, intermediate, hidden, "intermediate.dense", "ffn.lin1", "ffn")                                        \
    LINEAR(DOWN, hidden, intermediate, "output.dense", "ffn.lin2", "ffn_output")                                     \
    NORM(NORM_2, hidden, 0, "output.LayerNorm", "output_layer_norm", "full_layer_layer_norm")
#define WN_BERT_OTHERS(X)                                                                                            \
    X(EMBEDDING_NORM, embedding, 0, "embeddings.LayerNorm", "embeddings.LayerNorm", "embeddings.LayerNorm")          \
    X(MAPPING, hidden, embedding, NULL, NULL, "encoder.embedding_hidden_mapping_in")                                 \
    X(POOLER, hidden, hidden, "pooler.dense", NULL, "pooler")

#define WN_BERT_PART(part, rows, cols, bert, distil, albert) WN_PART_##part,
typedef enum {
    WN_BERT_TABLES(WN_BERT_PART) WN_BERT_LAYER(WN_BERT_PART, WN_BERT_PART) WN_BERT_OTHERS(WN_BERT_PART) WN_PARTS
} wn_bert_part;
#undef WN_BERT_PART

typedef struct {
    size_t rows, cols; /* of the weight; cols 0: a vector. rows 0: the model has no such part */
    bool norm;
} wn_bert_part_shape;
wn_bert_part_shape wn_bert_part_of(const wn_model_config *c, wn_bert_part part);
/* Its name without ".weight" and ".bias" and without what stands before the encoder's names. `layer`: as stored (of
 * ALBERT groups * inner); of parts that are not in a layer any. */
void wn_bert_part_name(char out[WN_BERT_NAME], const wn_model_config *c, wn_bert_part part, size_t layer);
/* Layers as stored. */
size_t wn_bert_layers_stored(const wn_model_config *c);
/* "bert." and the like: what transformers writes before the encoder's names where a head is on top. */
const char *wn_bert_prefix(wn_arch a);

/* What stands before the encoder's names in this checkpoint: "", "bert.", ... */
const char *wn_bert_prefix_in(const wn_weights *w);
/* The tensor prefix + name; LayerNorm's names of old checkpoints are tried too. NULL: none. */
const wn_tensor *wn_bert_tensor(const wn_weights *w, const char *prefix, const char *name);
/* WN_EINPUT where it has not this shape (cols 0: a vector). */
wn_code wn_bert_tensor_check(const wn_weights *w, const wn_tensor *t, size_t rows, size_t cols, wn_err *err);

#endif
