/* The fields of a record, one by one. */
#include <wn/record_fields.h>

#include "records_internal.h"

static wn_code list_members(wn_records *r, wn_field_sink sink, void *ctx, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t i = 0; i < r->members.n && code == WN_OK; ++i) {
        const wn_json_value *key = &r->members.at[i].key, *v = &r->members.at[i].value;
        wn_field f = {.name = key->s,
                      .name_len = key->n,
                      .value = v->s,
                      .value_len = v->n,
                      .kind = wn_json_kind_name(v->kind),
                      .empty = v->kind == WN_JNULL || v->n == 0};
        if (key->escaped) {
            r->id.len = 0;
            if (wn_json_unescape(key, &r->id, err) == WN_OK) f.name = r->id.data, f.name_len = r->id.len;
        }
        code = sink(ctx, &f, err);
    }
    return code;
}

static wn_code list_cells(const wn_records *r, wn_field_sink sink, void *ctx, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t i = 0; i < r->header.n && i < r->row.n && code == WN_OK; ++i) {
        const wn_cell name = r->header.at[i], value = r->row.at[i];
        const wn_field f = {.name = r->header.base + name.off,
                            .name_len = name.n,
                            .value = r->row.base + value.off,
                            .value_len = value.n,
                            .empty = value.n == 0};
        code = sink(ctx, &f, err);
    }
    return code;
}

wn_code wn_records_fields(wn_records *r, wn_field_sink sink, void *ctx, wn_err *err) {
    if (!r->reader || !r->reader->fields) return WN_OK;
    return r->reader->header ? list_cells(r, sink, ctx, err) : list_members(r, sink, ctx, err);
}
