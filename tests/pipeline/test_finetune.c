/* Parts of fine-tuning: losses against finite differences, the schedule, classes and labels, patterns of parameters,
 * checkpoints that are damaged or of other training. */
#include "finetune/checkpoint.h"
#include "finetune/classes.h"
#include "finetune/groups.h"
#include "finetune/loss.h"
#include "finetune/predict.h"
#include "finetune/schedule.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/rng.h>

/* ---- losses ---- */

enum { N = 7, C = 4 };

static void random_doubles(double *v, size_t n, double scale, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 1);
    for (size_t i = 0; i < n; i++) v[i] = scale * wn_rng_normal(&r);
}

/* Against central differences of the forward pass. */
static void check_classes(const double *weight, double spread) {
    double l[N * C], p[N * C], d[N * C], q[N * C], h = 1e-5;
    uint32_t t[N];
    random_doubles(l, N * C, spread, 3);
    for (size_t i = 0; i < N; i++) t[i] = (uint32_t)(i * 5 % C);
    (void)wn_loss_classes_forward(p, l, t, weight, N, C);
    wn_loss_classes_backward(d, p, t, weight, 0.37, N, C);
    for (size_t i = 0; i < N * C; i++) {
        double at = l[i];
        l[i] = at + h;
        double more = wn_loss_classes_forward(q, l, t, weight, N, C);
        l[i] = at - h;
        double less = wn_loss_classes_forward(q, l, t, weight, N, C);
        l[i] = at;
        double want = 0.37 * (more - less) / (2 * h);
        cr_assert_lt(fabs(d[i] - want), 1e-8 * (1 + fabs(want)), "logit %zu: %.12g, by differences %.12g", i, d[i],
                     want);
    }
}

Test(finetune, gradients_of_the_losses) {
    static const double weight[C] = {0.5, 2, 0, 1};
    check_classes(NULL, 1);
    check_classes(weight, 1);
    check_classes(NULL, 8);
    double x[N], d[N], h = 1e-5;
    float value[N];
    random_doubles(x, N, 2, 5);
    for (size_t i = 0; i < N; i++) value[i] = (float)i - 3;
    wn_loss_square_backward(d, x, value, 0.37, N);
    for (size_t i = 0; i < N; i++) {
        double at = x[i];
        x[i] = at + h;
        double more = wn_loss_square_forward(x, value, N);
        x[i] = at - h;
        double want = 0.37 * (more - wn_loss_square_forward(x, value, N)) / (2 * h);
        x[i] = at;
        cr_assert_lt(fabs(d[i] - want), 1e-8 * (1 + fabs(want)));
    }
}

Test(finetune, losses_by_hand) {
    double l[4] = {0, 0, 1000, 0}, p[4];
    const uint32_t t[2] = {1, 0};
    double loss = wn_loss_classes_forward(p, l, t, NULL, 2, 2);
    cr_assert_float_eq(loss, log(2), 1e-12); /* even odds cost log 2; certainty costs nothing, and nothing overflows */
    cr_assert_float_eq(p[0], 0.5, 1e-15);
    cr_assert_float_eq(p[2], 1, 1e-15);
    l[0] = NAN;
    cr_assert(isnan(wn_loss_classes_forward(p, l, t, NULL, 2, 2)));
    float out[6] = {1, 1, 1, -1000, 1000, 0};
    wn_predict_softmax(out, 2, 3);
    cr_assert_float_eq(out[0], 1.0 / 3, 1e-7);
    cr_assert_float_eq(out[4], 1, 1e-7);
}

/* ---- the schedule ---- */

Test(finetune, schedules) {
    wn_finetune_opts o = {.lr = 1e-3, .warmup = {10, true}, .schedule = WN_SCHEDULE_LINEAR};
    wn_lr_schedule s = wn_lr_schedule_of(&o, 95);
    cr_assert_eq(s.warm, 10, "10%% of 95 steps, rounded up");
    cr_assert_float_eq(wn_lr_at(&s, 0), 0, 0);
    cr_assert_float_eq(wn_lr_at(&s, 5), 5e-4, 1e-15);
    cr_assert_float_eq(wn_lr_at(&s, 10), 1e-3, 1e-15);
    cr_assert_float_eq(wn_lr_at(&s, 94), 1e-3 / 85, 1e-15);
    cr_assert_float_eq(wn_lr_at(&s, 95), 0, 0);
    o.schedule = WN_SCHEDULE_CONSTANT;
    o.warmup = (wn_amount){3, false};
    s = wn_lr_schedule_of(&o, 95);
    cr_assert_float_eq(wn_lr_at(&s, 2), 1e-3 * 2 / 3, 1e-15);
    cr_assert_float_eq(wn_lr_at(&s, 90), 1e-3, 1e-15);
    o.warmup = (wn_amount){200, false};
    s = wn_lr_schedule_of(&o, 95); /* longer than all steps: it rises to the end */
    cr_assert_float_eq(wn_lr_at(&s, 94), 1e-3 * 94 / 200, 1e-15);
    o.warmup = (wn_amount){0, false}, o.schedule = WN_SCHEDULE_LINEAR;
    s = wn_lr_schedule_of(&o, 10);
    cr_assert_float_eq(wn_lr_at(&s, 0), 1e-3, 0);
}

/* ---- classes ---- */

/* A corpus of labels alone: the file's lines are the records. */
typedef struct {
    wn_examples e;
    char *labels[8];
    uint32_t label[8], file[8];
    uint64_t line[8];
    wn_source source;
} labelled;

static void labelled_init(labelled *l, const char *const *labels, size_t n) {
    memset(l, 0, sizeof *l);
    static char path[] = "rows.tsv";
    for (size_t i = 0; i < n; i++) {
        uint32_t at = 0;
        while (at < l->e.corpus.nlabels && strcmp(l->labels[at], labels[i]) != 0) at++;
        if (at == l->e.corpus.nlabels) l->labels[l->e.corpus.nlabels++] = (char *)(uintptr_t)labels[i];
        l->label[i] = at;
        l->line[i] = i + 2;
    }
    l->source.path = path;
    l->e.n = l->e.corpus.n = n;
    l->e.per = 1;
    l->e.corpus.label = l->label, l->e.corpus.labels = l->labels;
    l->e.corpus.file = l->file, l->e.corpus.line = l->line;
    l->e.corpus.sources = &l->source, l->e.corpus.nsources = 1;
}

static void names_are(const wn_classes *c, const char *want) {
    char got[256] = "";
    for (size_t i = 0; i < c->n; i++) {
        strcat(got, i ? " " : "");
        strcat(got, c->names[i]);
    }
    cr_assert_str_eq(got, want);
}

/* The targets of labels under classes, as "1 0 1"; or the error. */
static const char *targets_of(const wn_classes *c, const char *const *labels, size_t n) {
    static char got[600];
    labelled l;
    wn_err err = {0};
    labelled_init(&l, labels, n);
    if (wn_classes_map(&l.e, c, "label", &err) != WN_OK) {
        (void)snprintf(got, sizeof got, "%d %s", err.code, err.msg);
        return got;
    }
    got[0] = 0;
    for (size_t i = 0; i < n; i++) {
        char one[16];
        (void)snprintf(one, sizeof one, "%s%u", i ? " " : "", l.e.target[i]);
        strcat(got, one);
    }
    wn_free(l.e.target);
    return got;
}

Test(finetune, classes_of_records) {
    static const char *const words[] = {"pos", "neg", "pos", "Neg"}, *const numbers[] = {"10", "2", "0"},
                             *const mixed[] = {"10", "2", "-1"};
    labelled l;
    wn_classes c;
    wn_err err = {0};
    labelled_init(&l, words, 4);
    cr_assert_eq(wn_classes_of_records(&c, &l.e.corpus, &err), WN_OK);
    names_are(&c, "Neg neg pos");
    cr_assert_str_eq(targets_of(&c, words, 4), "2 1 2 0");
    wn_classes_free(&c);
    labelled_init(&l, numbers, 3);
    cr_assert_eq(wn_classes_of_records(&c, &l.e.corpus, &err), WN_OK);
    names_are(&c, "0 2 10"); /* by value */
    wn_classes_free(&c);
    labelled_init(&l, mixed, 3);
    cr_assert_eq(wn_classes_of_records(&c, &l.e.corpus, &err), WN_OK);
    names_are(&c, "-1 10 2"); /* by bytes */
    wn_classes_free(&c);
}

Test(finetune, labels_by_name_prefix_and_number) {
    static const char *const words[] = {"good", "bad"}, *const prefixed[] = {"LABEL_1", "LABEL_0"},
                             *const numbers[] = {"1", "0"}, *const unseen[] = {"good", "ugly"},
                             *const both[] = {"good", "0"}, *const beyond[] = {"0", "2"};
    wn_err err = {0};
    wn_classes c;
    cJSON *json = cJSON_Parse("{\"id2label\": {\"1\": \"good\", \"0\": \"bad\"}}");
    cr_assert_eq(wn_classes_of_config(&c, json, "config.json", &err), WN_OK);
    cJSON_Delete(json);
    names_are(&c, "bad good");
    cr_assert_str_eq(targets_of(&c, words, 2), "1 0");
    cr_assert_str_eq(targets_of(&c, prefixed, 2), "1 0");
    cr_assert_str_eq(targets_of(&c, numbers, 2), "1 0");
    cr_assert_str_eq(targets_of(&c, unseen, 2),
                     "3 rows.tsv:3: label \"ugly\" in field \"label\" is none of the 2 classes (bad, good)");
    cr_assert_str_eq(targets_of(&c, both, 2),
                     "3 rows.tsv:3: label \"0\" in field \"label\" is none of the 2 classes (bad, good)");
    cr_assert_str_eq(targets_of(&c, beyond, 2),
                     "3 rows.tsv:2: label \"0\" in field \"label\" is none of the 2 classes (bad, good)");
    wn_classes_free(&c);
    json = cJSON_Parse("{\"id2label\": {\"0\": \"bad\", \"2\": \"good\"}}");
    cr_assert_eq(wn_classes_of_config(&c, json, "config.json", &err), WN_EINPUT);
    cr_assert_str_eq(err.msg, "config.json: id2label should name the classes 0 to 1; \"2\" does not fit");
    cJSON_Delete(json);
}

Test(finetune, choices_by_number_and_field) {
    static const char *const fields[] = {"ending_a", "ending_b"}, *const ones[] = {"1", "2"},
                             *const zeros[] = {"1", "0"}, *const named[] = {"ending_b", "ending_a"},
                             *const wrong[] = {"0", "2"};
    labelled l;
    wn_classes c;
    wn_err err = {0};
    labelled_init(&l, ones, 2);
    cr_assert_eq(wn_classes_of_choices(&c, &l.e.corpus, fields, 2, &err), WN_OK);
    names_are(&c, "1 2");
    cr_assert_str_eq(targets_of(&c, ones, 2), "0 1");
    wn_classes_free(&c);
    labelled_init(&l, zeros, 2);
    cr_assert_eq(wn_classes_of_choices(&c, &l.e.corpus, fields, 2, &err), WN_OK);
    names_are(&c, "0 1");
    wn_classes_free(&c);
    labelled_init(&l, named, 2);
    cr_assert_eq(wn_classes_of_choices(&c, &l.e.corpus, fields, 2, &err), WN_OK);
    names_are(&c, "ending_a ending_b");
    cr_assert_str_eq(targets_of(&c, named, 2), "1 0");
    wn_classes_free(&c);
    labelled_init(&l, wrong, 2);
    cr_assert_eq(wn_classes_of_choices(&c, &l.e.corpus, fields, 2, &err), WN_OK);
    cr_assert_str_eq(targets_of(&c, wrong, 2),
                     "3 rows.tsv:3: label \"2\" in field \"label\" is none of the 2 classes (0, 1)");
    wn_classes_free(&c);
}

Test(finetune, balanced_weights) {
    static const char *const words[] = {"a", "a", "a", "b"};
    const size_t rows[] = {0, 1, 3};
    uint32_t target[] = {0, 0, 0, 1};
    double weight[3];
    labelled l;
    labelled_init(&l, words, 4);
    l.e.target = target;
    wn_classes_balance(weight, &l.e, rows, 3, 3);
    cr_assert_float_eq(weight[0], 0.5, 1e-15); /* 3 / (3 x 2) */
    cr_assert_float_eq(weight[1], 1, 1e-15);
    cr_assert_float_eq(weight[2], 0, 0);
}

/* ---- patterns ---- */

static char param_names[][48] = {"bert.embeddings.word_embeddings.weight", "bert.encoder.layer.0.output.dense.bias",
                                 "bert.encoder.layer.1.output.dense.bias", "classifier.weight"};

static wn_params four_params(wn_param list[4]) {
    for (size_t i = 0; i < 4; i++)
        list[i] = (wn_param){.name = param_names[i], .rows = 2, .cols = 3, .at = 6 * i, .lr_scale = 1, .lazy = i == 0};
    return (wn_params){.list = list, .n = 4, .total = 24};
}

Test(finetune, patterns_of_parameters) {
    static const struct {
        const char *pattern, *frozen;
    } cases[] = {{"embeddings", "1000"}, {"bert", "1110"},           {"layer.0", "0100"},
                 {"layer.[01]", "0110"}, {"*.bias", "0110"},         {"classifier.weight", "0001"},
                 {"word_*", "1000"},     {"encoder.layer.?", "0110"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wn_param list[4];
        wn_params p = four_params(list);
        wn_err err = {0};
        const wn_finetune_opts o = {.freeze = (const char **)(uintptr_t)&cases[i].pattern, .nfreeze = 1};
        cr_assert_eq(wn_groups_apply(&p, &o, &err), WN_OK, "%s: %s", cases[i].pattern, err.msg);
        for (size_t j = 0; j < 4; j++)
            cr_assert_eq(list[j].frozen, cases[i].frozen[j] == '1', "%s: %s", cases[i].pattern, list[j].name);
    }
    static const char *const bad[] = {"embedding", "layer.2", "*"};
    static const char *const why[] = {"--freeze embedding matches no parameter",
                                      "--freeze layer.2 matches no parameter", "--freeze leaves nothing to train"};
    for (size_t i = 0; i < 3; i++) {
        wn_param list[4];
        wn_params p = four_params(list);
        wn_err err = {0};
        const wn_finetune_opts o = {.freeze = (const char **)(uintptr_t)&bad[i], .nfreeze = 1};
        cr_assert_eq(wn_groups_apply(&p, &o, &err), WN_EUSAGE);
        cr_assert(strstr(err.msg, why[i]), "%s", err.msg);
    }
    wn_param list[4];
    wn_params p = four_params(list);
    wn_err err = {0};
    static const wn_lr_group groups[] = {{"layer", 4e-5}, {"layer.1", 1e-5}};
    const wn_finetune_opts o = {.lr = 2e-5, .lr_groups = groups, .nlr_groups = 2};
    cr_assert_eq(wn_groups_apply(&p, &o, &err), WN_OK);
    cr_assert_float_eq(list[0].lr_scale, 1, 0);
    cr_assert_float_eq(list[1].lr_scale, 2, 1e-15);
    cr_assert_float_eq(list[2].lr_scale, 0.5, 1e-15, "the last that matches counts");
}

/* ---- checkpoints ---- */

typedef struct {
    wn_param list[4];
    wn_params p;
    wn_adamw *adamw;
    float value[24], grad[24], best[24];
    bool live[2];
    wn_train_state state;
    wn_checkpoint_key key;
    wn_checkpoint c;
} small_state;

static void small_state_init(small_state *s, float fill) {
    wn_err err = {0};
    const wn_adamw_opts o = {0.9, 0.999, 1e-8, 0.01};
    memset(s, 0, sizeof *s);
    s->p = four_params(s->list);
    s->p.value = s->value, s->p.grad = s->grad, s->p.live = s->live;
    for (size_t i = 0; i < 24; i++) s->value[i] = fill + (float)i, s->best[i] = fill - (float)i;
    cr_assert_eq(wn_adamw_open(&s->adamw, &s->p, &o, &err), WN_OK, "%s", err.msg);
    *wn_adamw_of(s->adamw).steps = (uint64_t)fill;
    for (size_t i = 0; i < 24; i++) wn_adamw_of(s->adamw).first[i] = fill * 2, wn_adamw_of(s->adamw).second[i] = fill;
    s->state = (wn_train_state){.step = (uint64_t)fill, .best_loss = fill};
    (void)snprintf(s->key.model, sizeof s->key.model, "%032d", 1);
    (void)snprintf(s->key.settings, sizeof s->key.settings, "3 epochs, batch 32, lr 2e-05, seed 1");
    s->c = (wn_checkpoint){.params = &s->p, .adamw = s->adamw, .best = s->best, .state = &s->state};
}

static char place[64], file[96];
static void begin_checkpoint(void) {
    (void)snprintf(place, sizeof place, "/tmp/winnow-checkpoint.XXXXXX");
    cr_assert(mkdtemp(place));
    (void)snprintf(file, sizeof file, "%s/.model.winnow.train", place);
}
static void end_checkpoint(void) {
    (void)unlink(file);
    cr_assert_eq(rmdir(place), 0, "something was left");
}

TestSuite(checkpoint, .init = begin_checkpoint, .fini = end_checkpoint);

Test(checkpoint, comes_back) {
    small_state a, b;
    wn_err err = {0};
    bool found = true;
    uint64_t steps = 0;
    small_state_init(&a, 7);
    small_state_init(&b, 0);
    char *path = wn_checkpoint_path("some/model//", &err);
    cr_assert_str_eq(path, "some/.model.winnow.train");
    wn_free(path);
    path = wn_checkpoint_path("model", &err);
    cr_assert_str_eq(path, ".model.winnow.train");
    wn_free(path);
    cr_assert_eq(wn_checkpoint_read(&found, file, &b.key, &b.c, &err), WN_OK);
    cr_assert(!found);
    cr_assert_eq(wn_checkpoint_write(file, &a.key, &a.c, &err), WN_OK, "%s", err.msg);
    cr_assert(wn_checkpoint_steps(&steps, file) && steps == 7);
    cr_assert_eq(wn_checkpoint_read(&found, file, &b.key, &b.c, &err), WN_OK, "%s", err.msg);
    cr_assert(found);
    cr_assert_eq(memcmp(a.value, b.value, sizeof a.value), 0);
    cr_assert_eq(memcmp(a.best, b.best, sizeof a.best), 0);
    cr_assert_eq(memcmp(&a.state, &b.state, sizeof a.state), 0);
    cr_assert(b.live[0] && b.live[1], "rows with moments are known again");
    cr_assert_eq(*wn_adamw_of(b.adamw).steps, 7);
    cr_assert_eq(memcmp(wn_adamw_of(a.adamw).first, wn_adamw_of(b.adamw).first, sizeof a.value), 0);
    cr_assert_eq(memcmp(wn_adamw_of(a.adamw).second, wn_adamw_of(b.adamw).second, sizeof a.value), 0);
    (void)snprintf(b.key.settings, sizeof b.key.settings, "3 epochs, batch 32, lr 3e-05, seed 1");
    cr_assert_eq(wn_checkpoint_read(&found, file, &b.key, &b.c, &err), WN_EUSAGE);
    cr_assert(strstr(err.msg, "it has \"lr 2e-05, seed 1\" where this command has \"lr 3e-05, seed 1\""), "%s",
              err.msg);
    b.key.model[0] = '9';
    cr_assert_eq(wn_checkpoint_read(&found, file, &b.key, &b.c, &err), WN_EUSAGE);
    cr_assert(strstr(err.msg, "the model's files changed"), "%s", err.msg);
    wn_adamw_close(a.adamw);
    wn_adamw_close(b.adamw);
}

/* Cut at every length, and with every byte changed: refused as damaged, or as of another key. */
Test(checkpoint, damaged) {
    static char bytes[1 << 14];
    small_state a, b;
    wn_err err = {0};
    bool found;
    small_state_init(&a, 7);
    small_state_init(&b, 0);
    cr_assert_eq(wn_checkpoint_write(file, &a.key, &a.c, &err), WN_OK);
    FILE *f = fopen(file, "r");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    cr_assert_lt(n, sizeof bytes);
    for (size_t i = 0; i <= n; i += i % 64 == 0 ? 1 : 7) {
        for (int cut = 0; cut < 2; cut++) {
            f = fopen(file, "w");
            bytes[i] ^= 1;
            cr_assert_eq(fwrite(bytes, 1, cut ? i : n + (i == n), f), cut ? i : n + (i == n));
            bytes[i] ^= 1;
            (void)fclose(f);
            wn_code code = wn_checkpoint_read(&found, file, &b.key, &b.c, &err);
            cr_assert(i == n && cut ? code == WN_OK : code == WN_EINPUT || code == WN_EUSAGE, "byte %zu, %s: code %d",
                      i, cut ? "cut" : "changed", code);
        }
    }
    wn_adamw_close(a.adamw);
    wn_adamw_close(b.adamw);
}
