/* Training against the reference framework's float64 (fixtures/train): losses, gradients, ten steps of AdamW. Compiled
 * twice: for the library's float, and for the same pass in double. */
#include "embed/train_fixture.h"

#include <winnow/threads.h>

#ifdef WN_TRAIN_IN_DOUBLE
static const double bar_loss = 1e-9, bar_norm = 1e-9, bar_final = 1e-9, bar_grad = 1e-8;
#else
static const double bar_loss = 1e-4, bar_norm = 1e-4, bar_final = 1e-5, bar_grad = 1e-3;
#endif

static double relative(double got, double want) { return fabs(got - want) / fmax(fabs(want), 1e-300); }

static double norm_of(const wn_real *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static void set_initial(const train_fixture *f, wn_params *p) {
    for (size_t i = 0; i < p->n; i++) {
        size_t n = 0;
        double *v = fixture_values(f, "init", p->list[i].name, &n);
        if (!v) continue;
        cr_assert_eq(n, wn_param_count(&p->list[i]));
        for (size_t j = 0; j < n; j++) p->value[p->list[i].at + j] = (wn_real)v[j];
        free(v);
    }
}

/* Of the first step: the norm of each parameter's gradient, and where they are there all of its values. */
static void check_gradients(const train_fixture *f, const wn_params *p) {
    double worst = 0, worst_norm = 0, whole = fixture_step(f, "grad_norm", 0);
    for (size_t i = 0; i < p->n; i++) {
        const wn_param *q = &p->list[i];
        const wn_real *got = p->grad + q->at;
        size_t n;
        double *want = fixture_values(f, "grad_norm0", q->name, &n), *all = fixture_values(f, "grad0", q->name, &n);
        cr_assert(want, "%s", q->name);
        /* a key's bias has no influence on the result: its gradient is rounding alone */
        const double off = fabs(norm_of(got, wn_param_count(q)) - *want) / fmax(*want, 1e-3 * whole);
        if (off >= bar_norm) fprintf(stderr, "  %s: %.2e, wanted %.2e of %.2e\n", q->name, off, *want, whole);
        worst_norm = fmax(worst_norm, off);
        double top = 1e-3 * whole;
        for (size_t j = 0; all && j < n; j++) top = fmax(top, fabs(all[j]));
        for (size_t j = 0; all && j < n; j++) worst = fmax(worst, fabs((double)got[j] - all[j]) / top);
        free(want), free(all);
    }
    fprintf(stderr, "  gradients: norms %.1e, values %.1e\n", worst_norm, worst);
    cr_assert_lt(worst_norm, bar_norm);
    cr_assert_lt(worst, bar_grad);
}

/* Biases begin at zero and are what ten steps made of gradients near nothing: where a norm is below one, its absolute
 * error counts. (In f32 the reference framework itself is off by 4e-4 of such a norm.) */
static void check_final(const train_fixture *f, const wn_params *p) {
    const double least = sizeof(wn_real) == sizeof(float) ? 1 : 0;
    double worst = 0, all = 0, all_wanted = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t n;
        const wn_param *q = &p->list[i];
        double *want = fixture_values(f, "final_norm", q->name, &n);
        cr_assert(want, "%s", q->name);
        const double got = norm_of(p->value + q->at, wn_param_count(q));
        const double off = fabs(got - *want) / fmax(*want, least);
        if (off >= bar_final) fprintf(stderr, "  %s: %.2e, wanted %.2e\n", q->name, off, *want);
        /* a key's bias: see above; AdamW divides its rounding by its own size */
        if (!strstr(q->name, "key.bias")) worst = fmax(worst, off);
        all += got * got;
        all_wanted += *want * *want;
        free(want);
    }
    fprintf(stderr, "  final norms %.1e, of all %.1e\n", worst, relative(sqrt(all), sqrt(all_wanted)));
    cr_assert_lt(worst, bar_final);
    cr_assert_lt(relative(sqrt(all), sqrt(all_wanted)), bar_final);
}

static void ten_steps(const char *model, const char *task, wn_head_kind head) {
    char *dir = model_dir(model);
    train_fixture f = fixture_load(model, task);
    const size_t choices = (size_t)fixture_number(&f, "choices"), batch = (size_t)fixture_number(&f, "batch"),
                 steps = (size_t)fixture_number(&f, "steps"), texts = batch * choices,
                 outputs = head == WN_HEAD_CHOICE ? 1 : 3, classes = head == WN_HEAD_CHOICE ? choices : 3;
    const wn_trainee_opts o = {.head = head, .outputs = outputs, .dropout = 0, .seed = 1, .fresh_head = true};
    const wn_adamw_opts a = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = fixture_number(&f, "weight_decay")};
    wn_err e = {0};
    wn_trainee *t;
    wn_adamw *s;
    wn_real *logits = calloc(texts * outputs, sizeof *logits), *d = calloc(texts * outputs, sizeof *d);
    cr_assert_eq(wn_trainee_open(&t, dir, &o, &e), WN_OK, "%s", e.msg);
    wn_params *p = wn_trainee_params(t);
    cr_assert_eq(wn_adamw_open(&s, p, &a, &e), WN_OK);
    set_initial(&f, p);
    double loss_off = 0, norm_off = 0;
    for (size_t i = 0; i < steps; i++) {
        const wn_token_batch b = {.ids = f.ids, .types = f.types, .offsets = f.offsets + i * texts, .n = texts};
        cr_assert_eq(wn_trainee_forward(t, &b, i, true, logits, &e), WN_OK, "%s", e.msg);
        const double loss = cross_entropy(logits, f.labels + i * batch, batch, classes, d);
        wn_trainee_backward(t, d);
        const double norm = wn_params_grad_norm(p), clip = fmin(1, 1 / (norm + 1e-6));
        loss_off = fmax(loss_off, relative(loss, fixture_step(&f, "loss", i)));
        norm_off = fmax(norm_off, relative(norm, fixture_step(&f, "grad_norm", i)));
        if (i == 0) check_gradients(&f, p);
        wn_adamw_step(s, p, fixture_step(&f, "lr_used", i), clip);
    }
    wn_params_settle(p);
    fprintf(stderr, "%s %s: loss %.1e, gradient norm %.1e\n", model, task, loss_off, norm_off);
    check_final(&f, p);
    cr_assert_lt(loss_off, bar_loss);
    cr_assert_lt(norm_off, bar_norm);
    wn_adamw_close(s);
    wn_trainee_close(t);
    wn_free(dir);
    free(logits), free(d);
    fixture_free(&f);
}

Test(train, tiny_classify) { ten_steps("tiny-random-bert", "classify", WN_HEAD_CLASSIFY); }
Test(train, tiny_pairs) { ten_steps("tiny-random-bert", "pairs", WN_HEAD_PAIRS); }
Test(train, tiny_choice) { ten_steps("tiny-random-bert", "choice", WN_HEAD_CHOICE); }
Test(train, minilm_classify) { ten_steps("all-MiniLM-L6-v2", "classify", WN_HEAD_CLASSIFY); }
Test(train, minilm_choice) { ten_steps("all-MiniLM-L6-v2", "choice", WN_HEAD_CHOICE); }
