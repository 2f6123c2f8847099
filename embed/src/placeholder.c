/* Nothing yet. */
typedef int wn_embed_empty;
