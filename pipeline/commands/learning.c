#include "learning.h"

#include "input.h"
#include "stages/say.h"

wn_finetune_task wn_learning_task(const wn_config *c) {
    switch (c->record_template) {
    case WN_TEMPLATE_STORY_CLOZE:
        return WN_TASK_CHOICE;
    case WN_TEMPLATE_NONE:
        break;
    }
    return c->task;
}

const char *wn_learning_label_field(const wn_config *c) {
    switch (c->record_template) {
    case WN_TEMPLATE_STORY_CLOZE:
        return "AnswerRightEnding";
    case WN_TEMPLATE_NONE:
        break;
    }
    return c->label_field;
}

/* The columns of the Story Cloze Test. */
static void use_story_cloze(wn_examples_opts *o) {
    static const char *const text[] = {"InputSentence1", "InputSentence2", "InputSentence3", "InputSentence4"};
    static const char *const choices[] = {"RandomFifthSentenceQuiz1", "RandomFifthSentenceQuiz2"};
    o->records.text_fields = text;
    o->records.ntext_fields = sizeof text / sizeof text[0];
    if (!o->records.id_field) o->records.id_field = "InputStoryid";
    o->choices = choices;
    o->nchoices = sizeof choices / sizeof choices[0];
}

wn_examples_opts wn_learning_examples(const wn_config *c, wn_finetune_task task, size_t max_tokens) {
    wn_examples_opts o = {.records = wn_input_options(c),
                          .task = task,
                          .choices = c->choices,
                          .nchoices = c->nchoices,
                          .max_tokens = max_tokens};
    o.records.label_field = wn_learning_label_field(c);
    if (c->record_template == WN_TEMPLATE_STORY_CLOZE) use_story_cloze(&o);
    return o;
}

void wn_learning_notes(const wn_base_model *s, const wn_examples *e, wn_io *io) {
    const char *unknown[] = {s->config.unknown, wn_tok_unknown(s->tok)};
    for (size_t i = 0; i < 2; i++)
        if (*unknown[i])
            wn_sayf(io, "note: %s has settings that winnow does not know and leaves aside: %s", s->dir, unknown[i]);
    if (e->corpus.empty) wn_sayf(io, "%zu records have an empty text", e->corpus.empty);
    if (e->truncated)
        wn_sayf(io, "note: %zu of %zu texts are longer than %zu tokens, and were cut (--max-tokens)", e->truncated,
                e->n * e->per, s->max_tokens);
}
