/* Every key that the files of a model hold, and what it is to us: honoured, harmless (it changes neither ids nor
 * vectors), or supported with certain values alone. docs/models.md explains the choice. */
#include "model_private.h"

#include <stdio.h>
#include <string.h>

/* only: the values that are supported, divided by '|', texts without their quotation marks; {} and [] are empty ones;
 * NULL: any. */
typedef struct {
    const char *name, *only;
} key_rule;

#define KEY(name) {name, NULL},
#define ONLY(name, values) {name, values},

/* Old files hold every default of PretrainedConfig, among them those of text generation. */
/* clang-format off */
static const key_rule config_keys[] = {
    /* honoured */
    KEY("model_type") KEY("architectures") KEY("vocab_size") KEY("hidden_size") KEY("dim") KEY("num_hidden_layers")
    KEY("n_layers") KEY("num_attention_heads") KEY("n_heads") KEY("intermediate_size") KEY("hidden_dim")
    KEY("max_position_embeddings") KEY("type_vocab_size") KEY("pad_token_id") KEY("hidden_act") KEY("activation")
    KEY("layer_norm_eps") KEY("hidden_dropout_prob") KEY("dropout") KEY("attention_probs_dropout_prob")
    KEY("attention_dropout") KEY("embedding_size") KEY("num_hidden_groups") KEY("inner_group_num")
    KEY("tokenizer_class")
    /* with these values */
    ONLY("position_embedding_type", "absolute|null") ONLY("is_decoder", "false|null")
    ONLY("is_encoder_decoder", "false|null") ONLY("add_cross_attention", "false|null") ONLY("pruned_heads", "{}|null")
    ONLY("quantization_config", "null") ONLY("auto_map", "{}|null") ONLY("adapters", "{}|null")
    /* harmless */
    KEY("_name_or_path") KEY("name_or_path") KEY("transformers_version") KEY("torch_dtype") KEY("dtype")
    KEY("_attn_implementation") KEY("_attn_implementation_autoset") KEY("attn_implementation") KEY("_commit_hash")
    KEY("initializer_range") KEY("initializer_factor") KEY("gradient_checkpointing") KEY("use_cache")
    KEY("classifier_dropout") KEY("classifier_dropout_prob") KEY("seq_classif_dropout") KEY("qa_dropout")
    KEY("sinusoidal_pos_embds") KEY("tie_weights_") KEY("tie_word_embeddings") KEY("tie_encoder_decoder")
    KEY("directionality") KEY("pooler_fc_size") KEY("pooler_num_attention_heads") KEY("pooler_num_fc_layers")
    KEY("pooler_size_per_head") KEY("pooler_type") KEY("gap_size") KEY("net_structure_type") KEY("num_memory_blocks")
    KEY("down_scale_factor") KEY("bos_token_id") KEY("eos_token_id") KEY("sep_token_id") KEY("cls_token_id")
    KEY("mask_token_id") KEY("unk_token_id") KEY("eos_token_ids") KEY("decoder_start_token_id") KEY("id2label")
    KEY("label2id") KEY("num_labels") KEY("_num_labels") KEY("problem_type") KEY("finetuning_task")
    KEY("task_specific_params")
    KEY("custom_pipelines") KEY("sentence_transformers") KEY("language") KEY("name") KEY("model_name") KEY("prefix")
    KEY("output_past") KEY("output_attentions") KEY("output_hidden_states") KEY("return_dict") KEY("use_return_dict")
    KEY("torchscript") KEY("use_bfloat16") KEY("xla_device") KEY("chunk_size_feed_forward")
    KEY("cross_attention_hidden_size") KEY("summary_type") KEY("summary_use_proj") KEY("summary_activation")
    KEY("summary_first_dropout") KEY("summary_last_dropout") KEY("summary_proj_to_labels") KEY("max_length")
    KEY("min_length") KEY("do_sample") KEY("early_stopping") KEY("num_beams") KEY("num_beam_groups")
    KEY("diversity_penalty") KEY("temperature") KEY("top_k") KEY("top_p") KEY("typical_p") KEY("repetition_penalty")
    KEY("length_penalty") KEY("no_repeat_ngram_size") KEY("encoder_no_repeat_ngram_size") KEY("bad_words_ids")
    KEY("num_return_sequences") KEY("output_scores") KEY("return_dict_in_generate") KEY("forced_bos_token_id")
    KEY("forced_eos_token_id") KEY("remove_invalid_values") KEY("exponential_decay_length_penalty")
    KEY("suppress_tokens") KEY("begin_suppress_tokens") KEY("tf_legacy_loss") KEY("__version__")};

static const key_rule module_keys[] = {KEY("idx") KEY("name") KEY("path") KEY("type") KEY("kwargs")};

static const key_rule pooling_keys[] = {
    KEY("word_embedding_dimension") KEY("embedding_dimension") KEY("pooling_mode") KEY("pooling_mode_cls_token")
    KEY("pooling_mode_max_tokens") KEY("pooling_mode_mean_tokens") KEY("pooling_mode_mean_sqrt_len_tokens")
    KEY("pooling_mode_weightedmean_tokens") KEY("pooling_mode_lasttoken") KEY("include_prompt")};

static const key_rule dense_keys[] = {
    KEY("in_features") KEY("out_features") KEY("bias") KEY("activation_function") ONLY("use_residual", "false|null")
    ONLY("module_input_name", "sentence_embedding|null") ONLY("module_output_name", "sentence_embedding|null")};

static const key_rule sentence_keys[] = {
    KEY("max_seq_length") KEY("do_lower_case")
    ONLY("transformer_task", "feature-extraction|null") ONLY("module_output_name", "token_embeddings|null")
    ONLY("processing_kwargs", "{}|null") ONLY("query_length", "null") ONLY("document_length", "null")
    ONLY("query_expansion", "null") ONLY("model_args", "{}|null") ONLY("model_kwargs", "{}|null")
    ONLY("tokenizer_args", "{}|null") ONLY("processor_kwargs", "{}|null") ONLY("config_args", "{}|null")
    ONLY("config_kwargs", "{}|null") ONLY("tokenizer_name_or_path", "null")
    /* harmless: how texts among other media are passed on; speed */
    KEY("modality_config") KEY("unpad_inputs") KEY("backend")};

static const key_rule prompts_keys[] = {
    KEY("prompts") KEY("default_prompt_name") ONLY("model_type", "SentenceTransformer|null")
    ONLY("truncate_dim", "null") KEY("__version__") KEY("similarity_fn_name") KEY("requirements")};

static const key_rule tokenizer_config_keys[] = {
    /* honoured */
    KEY("do_lower_case") KEY("strip_accents") KEY("tokenize_chinese_chars") KEY("add_prefix_space")
    KEY("model_max_length") KEY("max_len") KEY("truncation_side") KEY("cls_token") KEY("sep_token") KEY("pad_token")
    KEY("unk_token") KEY("mask_token") KEY("added_tokens_decoder") KEY("additional_special_tokens")
    KEY("extra_special_tokens") KEY("tokenizer_class")
    /* with these values */
    ONLY("split_special_tokens", "false|null") ONLY("add_bos_token", "false|null") ONLY("add_eos_token", "false|null")
    ONLY("auto_map", "{}|null") ONLY("word_tokenizer_type", "basic|null")
    ONLY("subword_tokenizer_type", "wordpiece|null") ONLY("normalization", "false|null")
    /* harmless: of padding, decoding and printing, or for the slow tokenizers alone */
    KEY("bos_token") KEY("eos_token") KEY("padding_side") KEY("pad_token_type_id") KEY("pad_to_multiple_of")
    KEY("clean_up_tokenization_spaces") KEY("do_basic_tokenize") KEY("never_split") KEY("errors") KEY("trim_offsets")
    KEY("use_fast") KEY("from_slow") KEY("legacy") KEY("name_or_path") KEY("special_tokens_map_file")
    KEY("tokenizer_file") KEY("full_tokenizer_file") KEY("vocab_file") KEY("merges_file") KEY("model_input_names")
    KEY("max_length") KEY("stride") KEY("truncation_strategy") KEY("chat_template") KEY("processor_class")
    KEY("device_map") KEY("backend") KEY("is_local") KEY("local_files_only") KEY("init_inputs")
    KEY("_commit_hash") KEY("return_token_type_ids") KEY("return_attention_mask") KEY("transformers_version")};

static const key_rule specials_keys[] = {
    KEY("cls_token") KEY("sep_token") KEY("pad_token") KEY("unk_token") KEY("mask_token") KEY("bos_token")
    KEY("eos_token") KEY("additional_special_tokens") KEY("extra_special_tokens")};

static const key_rule tokenizer_keys[] = {
    KEY("added_tokens") KEY("normalizer") KEY("pre_tokenizer") KEY("post_processor") KEY("model") KEY("truncation")
    KEY("version") KEY("padding") KEY("decoder")};

static const key_rule tokenizer_model_keys[] = {
    KEY("type") KEY("vocab") KEY("merges") KEY("unk_token") KEY("continuing_subword_prefix")
    KEY("max_input_chars_per_word") KEY("end_of_word_suffix") ONLY("dropout", "0|null")
    ONLY("byte_fallback", "false|null") ONLY("ignore_merges", "false|null") KEY("fuse_unk") KEY("cache_capacity")};

static const key_rule normalizer_keys[] = {
    KEY("type") KEY("clean_text") KEY("handle_chinese_chars") KEY("strip_accents") KEY("lowercase")};

static const key_rule pre_tokenizer_keys[] = {
    KEY("type") KEY("add_prefix_space") KEY("trim_offsets") ONLY("use_regex", "true|null")};

/* clang-format on */

typedef struct {
    const key_rule *keys;
    size_t n;
} key_table;
#define TABLE(list)                                                                                                    \
    { list, sizeof list / sizeof *list }
static const key_table tables[] = {[WN_KEYS_CONFIG] = TABLE(config_keys),
                                   [WN_KEYS_MODULE] = TABLE(module_keys),
                                   [WN_KEYS_POOLING] = TABLE(pooling_keys),
                                   [WN_KEYS_DENSE] = TABLE(dense_keys),
                                   [WN_KEYS_SENTENCE] = TABLE(sentence_keys),
                                   [WN_KEYS_PROMPTS] = TABLE(prompts_keys),
                                   [WN_KEYS_TOKENIZER_CONFIG] = TABLE(tokenizer_config_keys),
                                   [WN_KEYS_SPECIALS] = TABLE(specials_keys),
                                   [WN_KEYS_TOKENIZER] = TABLE(tokenizer_keys),
                                   [WN_KEYS_TOKENIZER_MODEL] = TABLE(tokenizer_model_keys),
                                   [WN_KEYS_NORMALIZER] = TABLE(normalizer_keys),
                                   [WN_KEYS_PRE_TOKENIZER] = TABLE(pre_tokenizer_keys)};

/* The value as it is compared and shown. */
static const char *value_text(const cJSON *v, char out[72]) {
    if (cJSON_IsBool(v)) return cJSON_IsTrue(v) ? "true" : "false";
    if (cJSON_IsNull(v)) return "null";
    if (cJSON_IsArray(v)) return v->child ? "a list" : "[]";
    if (cJSON_IsNumber(v))
        (void)snprintf(out, 72, "%g", v->valuedouble);
    else if (cJSON_IsString(v))
        (void)snprintf(out, 72, "%.64s", v->valuestring);
    else if (v->child)
        (void)snprintf(out, 72, "{\"%.40s\": ...}", v->child->string);
    else
        return "{}";
    return out;
}

static bool among(const char *value, const char *only) {
    for (size_t n = strlen(value);; only++) {
        const size_t m = strcspn(only, "|");
        if (m == n && memcmp(only, value, n) == 0) return true;
        only += m;
        if (!*only) return false;
    }
}

static void note_unknown(char unknown[WN_MODEL_UNKNOWN], const char *path, const char *key) {
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    const size_t at = strlen(unknown);
    char piece[128], entry[128];
    (void)snprintf(entry, sizeof entry, "%.50s: %.60s", file, key);
    if (strstr(unknown, entry)) return;
    const int n = snprintf(piece, sizeof piece, "%s%s", at ? "; " : "", entry);
    if (n > 0 && at + (size_t)n < WN_MODEL_UNKNOWN - 5)
        memcpy(unknown + at, piece, (size_t)n + 1);
    else if (at >= 3 && strcmp(unknown + at - 3, "...") != 0)
        memcpy(unknown + at, " ...", 5);
}

wn_code wn_model_keys_check(const cJSON *object, wn_model_keys kind, const char *path, char unknown[WN_MODEL_UNKNOWN],
                            wn_err *err) {
    const key_table *t = &tables[kind];
    const cJSON *v;
    char shown[72];
    if (!cJSON_IsObject(object)) return WN_OK;
    cJSON_ArrayForEach(v, object) {
        size_t i = 0;
        while (i < t->n && strcmp(t->keys[i].name, v->string) != 0) i++;
        if (i == t->n) {
            note_unknown(unknown, path, v->string);
            continue;
        }
        const char *only = t->keys[i].only, *value = only ? value_text(v, shown) : NULL;
        if (!only || among(value, only)) continue;
        const size_t first = strcspn(only, "|");
        return wn_err_set(err, WN_EINPUT, "%s: %s \"%s\" is not supported; %.*s is", path, v->string, value, (int)first,
                          only);
    }
    return WN_OK;
}
