#ifndef WINNOW_NAMES_H
#define WINNOW_NAMES_H
/* Tables of names. A choice that people type is one list, X(VALUE, "word") for each of its values from 0 up; the enum,
 * the words of options, help and completion, and the names in manifests are all made from it, so that a value is one
 * row:
 *
 *     #define WN_FRUITS(X) X(WN_APPLE, "apple") X(WN_PEAR, "pear")
 *     typedef enum { WN_FRUITS(WN_NAME_VALUE) } wn_fruit;
 *
 *     const char *wn_fruit_name(wn_fruit f) { switch (f) { WN_FRUITS(WN_NAME_CASE) } return NULL; }
 *     static const char words[] = WN_NAME_WORDS(WN_FRUITS);    "|apple|pear" */

#define WN_NAME_VALUE(value, word) value,
#define WN_NAME_CASE(value, word) case value: return word;
#define WN_NAME_WORD(value, word) "|" word
#define WN_NAME_WORDS(list) list(WN_NAME_WORD)

#endif
