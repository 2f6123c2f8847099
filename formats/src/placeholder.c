/* Nothing yet. */
typedef int wn_formats_empty;
