#include <wn/failure.h>

void wn_failure_note(wn_failure *f, const wn_err *err) {
    (void)pthread_mutex_lock(&f->lock);
    if (f->err.code == WN_OK) f->err = *err;
    (void)pthread_mutex_unlock(&f->lock);
}

wn_code wn_failure_take(const wn_failure *f, wn_err *err) {
    if (f->err.code != WN_OK && err) *err = f->err;
    return f->err.code;
}
