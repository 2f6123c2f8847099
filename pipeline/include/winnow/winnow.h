#ifndef WINNOW_WINNOW_H
#define WINNOW_WINNOW_H
/* All of libwinnow: #include <winnow/winnow.h>. Each header says what it holds, and can be included alone. */
#include <winnow/bert.h>
#include <winnow/compare.h>
#include <winnow/config.h>
#include <winnow/data.h>
#include <winnow/doc2vec.h>
#include <winnow/encoder.h>
#include <winnow/err.h>
#include <winnow/finetune.h>
#include <winnow/io.h>
#include <winnow/kernel.h>
#include <winnow/limits.h>
#include <winnow/lsa.h>
#include <winnow/mem.h>
#include <winnow/model.h>
#include <winnow/names.h>
#include <winnow/partition.h>
#include <winnow/progress.h>
#include <winnow/quota.h>
#include <winnow/records.h>
#include <winnow/rows.h>
#include <winnow/select.h>
#include <winnow/similarity.h>
#include <winnow/stages.h>
#include <winnow/static.h>
#include <winnow/store.h>
#include <winnow/stream.h>
#include <winnow/threads.h>
#include <winnow/tokenizer.h>

#endif
