/* Settings of a model folder: the keys that the files of much used models hold are all known; a value that would change
 * ids or vectors is honoured or refused by file, key and value; what nobody knows is told. */
#include "tests/formats/weights_build.h"
#include <winnow/mem.h>
#include <winnow/model.h>
#include <winnow/tokenizer.h>

static char *folder;
static void begin(void) { folder = new_folder(); }
static void end(void) { remove_folder(folder); }
TestSuite(model_keys, .init = begin, .fini = end);

static void put_file(const char *name, const char *text) { write_below(folder, name, text); }

#define SIZES                                                                                                          \
    "\"vocab_size\":9,\"hidden_size\":4,\"num_hidden_layers\":2,\"num_attention_heads\":2,\"intermediate_size\":8,"    \
    "\"max_position_embeddings\":16"
#define BERT "\"model_type\":\"bert\"," SIZES
#define OLD                                                                                                            \
    "\"attention_probs_dropout_prob\":0.1,\"hidden_act\":\"gelu\",\"hidden_dropout_prob\":0.1,"                        \
    "\"initializer_range\":0.02,\"layer_norm_eps\":1e-12,\"pad_token_id\":0,\"type_vocab_size\":2"
#define NEW                                                                                                            \
    "\"_name_or_path\":\"x\",\"architectures\":[\"BertModel\"],\"gradient_checkpointing\":false,"                      \
    "\"position_embedding_type\":\"absolute\",\"transformers_version\":\"4.8.2\",\"use_cache\":true,"                  \
    "\"torch_dtype\":\"float32\",\"classifier_dropout\":null"
#define POOLER                                                                                                         \
    "\"directionality\":\"bidi\",\"pooler_fc_size\":768,\"pooler_num_attention_heads\":12,\"pooler_num_fc_layers\":3," \
    "\"pooler_size_per_head\":128,\"pooler_type\":\"first_token_transform\""
#define LABELS "\"id2label\":{\"0\":\"LABEL_0\"},\"label2id\":{\"LABEL_0\":0}"
#define DISTIL                                                                                                         \
    "\"model_type\":\"distilbert\",\"vocab_size\":9,\"dim\":4,\"n_layers\":2,\"n_heads\":2,\"hidden_dim\":8,"          \
    "\"max_position_embeddings\":16,\"activation\":\"gelu\",\"attention_dropout\":0.1,\"dropout\":0.1,"                \
    "\"initializer_range\":0.02,\"pad_token_id\":0,\"qa_dropout\":0.1,\"seq_classif_dropout\":0.2,"                    \
    "\"sinusoidal_pos_embds\":false,\"tie_weights_\":true"
#define ROBERTA                                                                                                        \
    "\"model_type\":\"roberta\"," SIZES ",\"architectures\":[\"RobertaForMaskedLM\"],\"bos_token_id\":0,"              \
    "\"eos_token_id\":2,\"pad_token_id\":1,\"layer_norm_eps\":1e-05,\"type_vocab_size\":1,\"hidden_act\":\"gelu\""
#define ALBERT                                                                                                         \
    "\"model_type\":\"albert\"," SIZES ",\"embedding_size\":3,\"num_hidden_groups\":1,\"inner_group_num\":1,"          \
    "\"classifier_dropout_prob\":0.1,\"down_scale_factor\":1,\"gap_size\":0,\"net_structure_type\":0,"                 \
    "\"num_memory_blocks\":0,\"bos_token_id\":2,\"eos_token_id\":3,\"hidden_act\":\"gelu_new\""
#define SPECIALS                                                                                                       \
    "\"unk_token\":\"[UNK]\",\"sep_token\":\"[SEP]\",\"pad_token\":\"[PAD]\",\"cls_token\":\"[CLS]\","                 \
    "\"mask_token\":\"[MASK]\""
#define TOKENS "\"do_lower_case\":true," SPECIALS ",\"tokenize_chinese_chars\":true,\"strip_accents\":null"
#define POOL "\"word_embedding_dimension\":4,\"pooling_mode_cls_token\":false,\"pooling_mode_mean_tokens\":true,"      \
    "\"pooling_mode_max_tokens\":false,\"pooling_mode_mean_sqrt_len_tokens\":false"

/* The keys that the files of these models hold, sizes aside. */
static const struct {
    const char *model, *config, *tokenizer, *pooling, *sentence, *prompts;
} models[] = {
    {"all-MiniLM-L6-v2", BERT "," OLD "," NEW,
     TOKENS ",\"name_or_path\":\"x\",\"model_max_length\":512,"
            "\"special_tokens_map_file\":\"x\",\"never_split\":null,\"do_basic_tokenize\":true,\"tokenizer_class\":"
            "\"BertTokenizer\"",
     POOL, "\"max_seq_length\":256,\"do_lower_case\":false", "\"__version__\":{}"},
    {"all-MiniLM-L12-v2", BERT "," OLD "," NEW, TOKENS ",\"model_max_length\":128", POOL, "\"max_seq_length\":128",
     NULL},
    {"multi-qa-MiniLM-L6-cos-v1", BERT "," OLD "," NEW, TOKENS, POOL, "\"max_seq_length\":512", "\"__version__\":{}"},
    {"msmarco-distilbert-base-v4", DISTIL, TOKENS, POOL, "\"max_seq_length\":512,\"do_lower_case\":false", NULL},
    {"multi-qa-distilbert-cos-v1", DISTIL, TOKENS, POOL, "\"max_seq_length\":512", "\"__version__\":{}"},
    {"distiluse-base-multilingual-cased-v2", DISTIL ",\"output_hidden_states\":true,\"output_past\":true",
     "\"do_lower_case\":false," SPECIALS ",\"full_tokenizer_file\":null", POOL, "\"max_seq_length\":128", NULL},
    {"paraphrase-MiniLM-L3-v2", BERT "," OLD "," NEW, TOKENS, POOL, "\"max_seq_length\":128", "\"__version__\":{}"},
    {"paraphrase-albert-small-v2", ALBERT, TOKENS, POOL, "\"max_seq_length\":100", NULL},
    {"all-distilroberta-v1", ROBERTA,
     SPECIALS ",\"add_prefix_space\":false,\"trim_offsets\":true,\"errors\":\"replace\"", POOL,
     "\"max_seq_length\":512", "\"__version__\":{}"},
    {"all-roberta-large-v1", ROBERTA ",\"use_cache\":true", SPECIALS ",\"bos_token\":\"[CLS]\",\"eos_token\":\"[SEP]\"",
     POOL, "\"max_seq_length\":256", NULL},
    {"stsb-roberta-base-v2", ROBERTA ",\"position_embedding_type\":\"absolute\"", SPECIALS, POOL,
     "\"max_seq_length\":75", NULL},
    {"nli-bert-base", BERT "," OLD ",\"output_past\":true", TOKENS, POOL, "\"max_seq_length\":128", NULL},
    {"LaBSE", BERT "," OLD "," POOLER, "\"do_lower_case\":false," SPECIALS ",\"full_tokenizer_file\":null", POOL,
     "\"max_seq_length\":256", NULL},
    {"bge-small-en-v1.5", BERT "," OLD "," NEW "," LABELS,
     TOKENS ",\"clean_up_tokenization_spaces\":true,"
            "\"added_tokens_decoder\":{},\"tokenizer_class\":\"BertTokenizer\"",
     POOL, "\"max_seq_length\":512", "\"__version__\":{}"},
    {"bge-base-zh-v1.5",
     BERT "," OLD "," POOLER "," LABELS ",\"bos_token_id\":0,\"eos_token_id\":2,\"output_past\":true", TOKENS, POOL,
     "\"max_seq_length\":512", NULL},
    {"e5-small-v2", BERT "," OLD "," NEW, TOKENS, POOL, "\"max_seq_length\":512", NULL},
    {"gte-base", BERT "," OLD "," NEW,
     TOKENS ",\"max_length\":128,\"stride\":0,\"truncation_side\":\"right\","
            "\"truncation_strategy\":\"longest_first\",\"pad_to_multiple_of\":null,\"pad_token_type_id\":0,"
            "\"padding_side\":\"right\"",
     POOL ",\"pooling_mode_weightedmean_tokens\":false,\"pooling_mode_lasttoken\":false,"
          "\"include_prompt\":true",
     "\"max_seq_length\":512", NULL},
    {"mxbai-embed-large-v1", BERT "," OLD "," NEW ",\"use_cache\":false", TOKENS, POOL ",\"include_prompt\":true",
     "\"max_seq_length\":512",
     "\"prompts\":{\"query\":\"Represent: \",\"passage\":\"\"},\"default_prompt_name\":null,"
     "\"similarity_fn_name\":\"cosine\""},
    {"snowflake-arctic-embed-s", BERT "," OLD "," NEW, TOKENS, POOL, NULL,
     "\"prompts\":{\"query\":\"Represent this sentence: \"},\"default_prompt_name\":null,\"similarity_fn_name\":null"},
    {"sup-simcse-bert-base-uncased", BERT "," OLD "," NEW, TOKENS, NULL, NULL, NULL},
    {"bert-base-uncased", BERT "," OLD "," NEW, "\"do_lower_case\":true,\"model_max_length\":512", NULL, NULL, NULL},
    {"bert-base-cased", BERT "," OLD "," NEW, "\"do_lower_case\":false,\"model_max_length\":512", NULL, NULL, NULL},
    {"bert-base-multilingual-cased", BERT "," OLD "," POOLER, "\"do_lower_case\":false,\"model_max_length\":512", NULL,
     NULL, NULL},
    {"bert-base-chinese", BERT "," OLD "," POOLER, "\"do_lower_case\":false,\"model_max_length\":512", NULL, NULL,
     NULL},
    {"bert-base-german-cased",
     BERT "," OLD ",\"finetuning_task\":null,\"num_labels\":2,\"pruned_heads\":{},"
          "\"output_attentions\":false,\"output_hidden_states\":false,\"torchscript\":false,\"use_bfloat16\":false",
     "\"do_lower_case\":false", NULL, NULL, NULL},
    {"bert-large-uncased-whole-word-masking-finetuned-squad",
     BERT "," OLD ",\"language\":\"english\",\"name\":\"Bert\"", "\"do_lower_case\":true", NULL, NULL, NULL},
    {"distilbert-base-uncased",
     DISTIL ",\"architectures\":[\"DistilBertForMaskedLM\"],\"transformers_version\":\"4.10\"",
     "\"do_lower_case\":true,\"model_max_length\":512", NULL, NULL, NULL},
    {"distilbert-base-uncased-finetuned-sst-2-english", DISTIL "," LABELS ",\"finetuning_task\":\"sst-2\"",
     "\"do_lower_case\":true", NULL, NULL, NULL},
    {"roberta-base", ROBERTA, "\"model_max_length\":512," SPECIALS, NULL, NULL, NULL},
    {"albert-base-v2", ALBERT, SPECIALS, NULL, NULL, NULL},
    {"ms-marco-MiniLM-L-6-v2", BERT "," OLD "," NEW "," LABELS ",\"sentence_transformers\":{\"activation_fn\":\"x\"}",
     TOKENS, NULL, NULL, NULL},
    {"finbert", BERT "," OLD "," LABELS ",\"problem_type\":\"single_label_classification\",\"output_past\":true",
     TOKENS, NULL, NULL, NULL},
};

#define TWO                                                                                                            \
    "[{\"idx\":0,\"name\":\"0\",\"path\":\"\",\"type\":\"sentence_transformers.models.Transformer\"},"                 \
    "{\"idx\":1,\"name\":\"1\",\"path\":\"1_Pooling\",\"type\":\"sentence_transformers.models.Pooling\"}]"
#define VOCAB "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n"

static void put_object(const char *name, const char *members) {
    char text[4096];
    if (!members) return;
    (void)snprintf(text, sizeof text, "{%s}", members);
    put_file(name, text);
}

Test(model_keys, of_much_used_models) {
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        wn_model_config c;
        wn_tok *t = NULL;
        wn_err e = {0};
        put_object("config.json", models[i].config);
        put_object("tokenizer_config.json", models[i].tokenizer);
        put_object("special_tokens_map.json", SPECIALS);
        put_file("vocab.txt", VOCAB);
        if (models[i].pooling) put_file("modules.json", TWO);
        put_object("1_Pooling/config.json", models[i].pooling);
        put_object("sentence_bert_config.json", models[i].sentence);
        put_object("config_sentence_transformers.json", models[i].prompts);
        cr_assert_eq(wn_model_config_read(&c, folder, &e), WN_OK, "%s: %s", models[i].model, e.msg);
        cr_expect_str_empty(c.unknown, "%s: %s", models[i].model, c.unknown);
        cr_assert_eq(wn_tok_open(&t, folder, &e), WN_OK, "%s: %s", models[i].model, e.msg);
        cr_expect_str_empty(wn_tok_unknown(t), "%s: %s", models[i].model, wn_tok_unknown(t));
        wn_tok_close(t);
        end();
        begin();
    }
}

/* A good folder with one file of another content. */
static void put_good(const char *file, const char *members) {
    end();
    begin();
    put_object("config.json", BERT "," OLD);
    put_object("tokenizer_config.json", TOKENS);
    put_file("vocab.txt", VOCAB);
    put_file("modules.json", TWO);
    put_object("1_Pooling/config.json", POOL);
    put_object(file, members);
}

Test(model_keys, values_that_are_refused) {
    static const struct {
        const char *file, *members, *text;
    } cases[] = {
        {"config.json", BERT ",\"position_embedding_type\":\"relative_key_query\"",
         "config.json: position_embedding_type \"relative_key_query\" is not supported; absolute is"},
        {"config.json", BERT ",\"is_encoder_decoder\":true", "is_encoder_decoder \"true\" is not supported; false is"},
        {"config.json", BERT ",\"add_cross_attention\":true", "add_cross_attention \"true\" is not supported"},
        {"config.json", BERT ",\"pruned_heads\":{\"1\":[0]}", "pruned_heads \"{\"1\": ...}\" is not supported; {} is"},
        {"config.json", BERT ",\"quantization_config\":{\"bits\":4}", "quantization_config \"{\"bits\": ...}\""},
        {"config.json", BERT ",\"auto_map\":{\"AutoModel\":\"x.Y\"}", "auto_map \"{\"AutoModel\": ...}\""},
        {"config.json", "\"model_type\":\"mpnet\"", "model type \"mpnet\" is not supported"},
        {"1_Pooling/config.json", "\"pooling_mode\":[\"max\",\"mean\"]",
         "1_Pooling/config.json: pooling_mode \"max, mean\""},
        {"sentence_bert_config.json", "\"transformer_task\":\"fill-mask\"",
         "sentence_bert_config.json: transformer_task \"fill-mask\" is not supported; feature-extraction is"},
        {"sentence_bert_config.json", "\"model_args\":{\"x\":1}",
         "model_args \"{\"x\": ...}\" is not supported; {} is"},
        {"sentence_bert_config.json", "\"query_length\":32", "query_length \"32\" is not supported; null is"},
        {"config_sentence_transformers.json", "\"truncate_dim\":2", "truncate_dim \"2\" is not supported; null is"},
        {"config_sentence_transformers.json", "\"model_type\":\"SparseEncoder\"", "model_type \"SparseEncoder\""},
        {"config_sentence_transformers.json", "\"default_prompt_name\":\"q\",\"prompts\":{}",
         "default_prompt_name \"q\" is not among the prompts"},
        {"config_sentence_transformers.json", "\"default_prompt_name\":7", "\"default_prompt_name\" is not a string"},
        {"tokenizer_config.json", "\"truncation_side\":\"middle\"",
         "tokenizer_config.json: truncation_side \"middle\" is not supported; left and right are"},
        {"tokenizer_config.json", "\"split_special_tokens\":true", "split_special_tokens \"true\" is not supported"},
        {"tokenizer_config.json", "\"tokenizer_class\":\"BertJapaneseTokenizer\"",
         "tokenizer_class \"BertJapaneseTokenizer\" is not supported"},
        {"tokenizer_config.json", "\"tokenizer_class\":\"BertweetTokenizer\"",
         "tokenizer_class \"BertweetTokenizer\" is not supported without a tokenizer.json"},
        {"tokenizer_config.json", "\"added_tokens_decoder\":{\"x\":{\"content\":\"y\"}}", "added_tokens_decoder"},
        {"added_tokens.json", "\"y\":-1", "added_tokens.json: the id of \"y\""},
        {"modules.json", "", "modules.json: not a list of modules"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wn_model_config c;
        wn_tok *t = NULL;
        wn_err e = {0};
        put_good(cases[i].file, cases[i].members);
        wn_code code = wn_model_config_read(&c, folder, &e);
        if (code == WN_OK) code = wn_tok_open(&t, folder, &e);
        cr_expect(code == WN_EINPUT && !t, "wanted a refusal: %s", cases[i].text);
        cr_expect(strstr(e.msg, cases[i].text) && strncmp(e.msg, folder, strlen(folder)) == 0,
                  "wanted \"%s\", got \"%s\"", cases[i].text, e.msg);
        wn_tok_close(t);
    }
}

Test(model_keys, unknown_ones_are_told) {
    wn_model_config c;
    wn_tok *t = NULL;
    wn_err e = {0};
    put_good("1_Pooling/config.json", POOL ",\"temperature_of_pooling\":3");
    put_object("config.json", BERT "," OLD ",\"swirl\":1,\"swirl_2\":{}");
    put_object("tokenizer_config.json", TOKENS ",\"twist\":true");
    cr_assert_eq(wn_model_config_read(&c, folder, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(c.unknown, "config.json: swirl; config.json: swirl_2; config.json: temperature_of_pooling");
    cr_assert_eq(wn_tok_open(&t, folder, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(wn_tok_unknown(t), "tokenizer_config.json: twist");
    wn_tok_close(t);
}

Test(model_keys, most_tokens) {
    static const struct {
        const char *file, *members;
        size_t want;
    } cases[] = {{"tokenizer_config.json", "\"model_max_length\":7", 7},
                 {"tokenizer_config.json", "\"max_len\":7", 7},
                 {"tokenizer_config.json", "\"model_max_length\":1e30", 16},
                 {"tokenizer_config.json", "\"model_max_length\":null", 16},
                 {"sentence_bert_config.json", "\"max_seq_length\":9", 9},
                 {"sentence_xlnet_config.json", "\"max_seq_length\":9", 9},
                 {"sentence_bert_config.json", "\"max_seq_length\":null", 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wn_model_config c;
        wn_err e = {0};
        put_good(cases[i].file, cases[i].members);
        cr_assert_eq(wn_model_config_read(&c, folder, &e), WN_OK, "%s", e.msg);
        cr_expect_eq(c.max_tokens, cases[i].want, "%s: %zu", cases[i].members, c.max_tokens);
    }
    put_good("tokenizer_config.json", "\"model_max_length\":5");
    put_object("sentence_bert_config.json", "\"max_seq_length\":9"); /* which counts more */
    wn_model_config c;
    cr_assert_eq(wn_model_config_read(&c, folder, &(wn_err){0}), WN_OK);
    cr_assert_eq(c.max_tokens, 9);
}

/* The pieces of a text of at most `max` tokens, joined by blanks. */
static void pieces_are(const char *text, size_t max, const char *want) {
    wn_tok *t = NULL;
    wn_ids ids = {0};
    wn_err e = {0};
    char got[512] = "";
    cr_assert_eq(wn_tok_open(&t, folder, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_tok_encode(t, text, strlen(text), NULL, 0, max, &ids, &e), WN_OK, "%s", e.msg);
    for (size_t i = 0; i < ids.n; i++) {
        size_t n = 0, at = strlen(got);
        const char *p = wn_tok_piece(t, ids.ids[i], &n);
        (void)snprintf(got + at, sizeof got - at, "%s%.*s", at ? " " : "", (int)n, p ? p : "?");
    }
    cr_expect_str_eq(got, want, "\"%s\": got \"%s\", want \"%s\"", text, got, want);
    wn_ids_free(&ids);
    wn_tok_close(t);
}

Test(model_keys, what_is_done_to_texts) {
    put_good("tokenizer_config.json", TOKENS ",\"truncation_side\":\"left\"");
    pieces_are("a b c d", 4, "[CLS] c d [SEP]");
    pieces_are("a b c d", 2, "[CLS] [SEP]");
    pieces_are("a b c d", 6, "[CLS] a b c d [SEP]");
    put_good("tokenizer_config.json", "\"do_lower_case\":false");
    pieces_are("A b", 0, "[CLS] [UNK] b [SEP]");
    put_object("sentence_bert_config.json", "\"do_lower_case\":true");
    pieces_are("A b", 0, "[CLS] a b [SEP]");
    put_object("config_sentence_transformers.json",
               "\"prompts\":{\"q\":\"d d: \",\"p\":\"c\"},\"default_prompt_name\":\"q\"");
    pieces_are("A b", 0, "[CLS] d d [UNK] a b [SEP]");
    pieces_are("A b", 4, "[CLS] d d [SEP]");
    put_good("tokenizer_config.json", TOKENS ",\"extra_special_tokens\":[\"<x>\"]");
    pieces_are("a<x>b", 0, "[CLS] a <x> b [SEP]");
    put_good("added_tokens.json", "\"<x>\":9");
    pieces_are("a<x>b", 0, "[CLS] a <x> b [SEP]");
    put_good("tokenizer_config.json", TOKENS ",\"mask_token\":\"<m>\"");
    pieces_are("a<m>b", 0, "[CLS] a [UNK] [UNK] [UNK] b [SEP]"); /* the first of a name counts */
    put_good("tokenizer_config.json", "\"mask_token\":\"<m>\"");
    pieces_are("a<m>b", 0, "[CLS] a <m> b [SEP]");
}

Test(model_keys, out_of_memory_at_every_point) {
    put_good("tokenizer_config.json", "\"extra_special_tokens\":[\"<x>\"],\"mask_token\":\"<m>\"");
    put_object("added_tokens.json", "\"<y>\":9");
    put_object("sentence_bert_config.json", "\"do_lower_case\":true");
    put_object("config_sentence_transformers.json", "\"prompts\":{\"q\":\"d \"},\"default_prompt_name\":\"q\"");
    for (long k = 0;; k++) {
        wn_tok *t = NULL;
        wn_err e = {0};
        wn_ids ids = {0};
        wn_model_config c;
        wn_mem_fail_after(k, k % 2);
        wn_code code = wn_model_config_read(&c, folder, &e);
        if (code == WN_OK) code = wn_tok_open(&t, folder, &e);
        if (code == WN_OK) code = wn_tok_encode(t, "a<x>B<y>", 8, NULL, 0, 7, &ids, &e);
        wn_mem_fail_after(-1, false);
        wn_ids_free(&ids);
        wn_tok_close(t);
        if (code == WN_OK) break;
        cr_assert(code == WN_EMEMORY && k < 10000, "allocation %ld: %s", k, e.msg);
    }
}
