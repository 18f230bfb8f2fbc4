#include "index/local_fresh.h"

#include <stdlib.h>
#include <string.h>

int cw_local_fresh_new(struct cw_local_fresh **out, struct cw_err *err)
{
    struct cw_local_fresh *f = malloc(sizeof *f);
    if (f == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for new local descriptors");
    }
    atomic_init(&f->refs, 1);
    atomic_init(&f->n, 0);
    for (size_t i = 0; i < sizeof f->heads / sizeof *f->heads; i++) {
        atomic_init(&f->heads[i], CW_NO_ID);
    }
    *out = f;
    return 0;
}

void cw_local_fresh_ref(struct cw_local_fresh *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
}

void cw_local_fresh_unref(struct cw_local_fresh *f)
{
    if (f != NULL && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
        free(f);
    }
}

bool cw_local_fresh_has_room(const struct cw_local_fresh *f, size_t n)
{
    return atomic_load_explicit(&f->n, memory_order_relaxed) + n <= CW_FRESH_DESCRIPTORS;
}

/* Puts a descriptor at place `at`. A reader follows chains from heads it may load at any
 * time: what a head leads to is complete before the head is stored, and places that `n`
 * does not cover yet are ignored. */
static void put_at(struct cw_local_fresh *f, uint32_t at,
                   const struct cw_local_words *words, const struct cw_local_tag *tag)
{
    const uint32_t key = cw_local_key(words->rest.first);
    _Atomic uint32_t *head = &f->heads[key >> (CW_LOCAL_MOST_KEY - CW_FRESH_KEY)];
    f->words[at] = *words;
    f->tags[at] = *tag;
    f->next[at] = atomic_load_explicit(head, memory_order_relaxed);
    atomic_store_explicit(head, at, memory_order_release);
}

void cw_local_fresh_put(struct cw_local_fresh *f, const struct cw_local_words *words,
                        const struct cw_local_tag *tag)
{
    const uint32_t at = atomic_load_explicit(&f->n, memory_order_relaxed);
    put_at(f, at, words, tag);
    atomic_store_explicit(&f->n, at + 1, memory_order_release);
}

void cw_local_fresh_add(struct cw_local_fresh *f, uint32_t row,
                        const struct cw_local *local, size_t n)
{
    const uint32_t first = atomic_load_explicit(&f->n, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++) {
        const struct cw_local_words words = cw_local_words_of(&local[i].bits);
        const struct cw_local_tag tag = cw_local_tag_of(row, i, &local[i]);
        put_at(f, first + i, &words, &tag);
    }
    atomic_store_explicit(&f->n, first + (uint32_t)n, memory_order_release);
}

static unsigned shard_of(const struct cw_local_fresh *f, uint32_t at)
{
    return cw_local_shard(cw_local_key(f->words[at].rest.first));
}

int cw_local_fresh_sort(const struct cw_local_fresh *f, struct cw_local_sorted **out,
                        struct cw_err *err)
{
    const uint32_t n = atomic_load_explicit(&f->n, memory_order_relaxed);
    uint32_t next[CW_LOCAL_SHARDS];
    struct cw_local_sorted *s = malloc(sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to pack local descriptors");
    }
    memset(s->starts, 0, sizeof s->starts);
    for (uint32_t i = 0; i < n; i++) {
        s->starts[shard_of(f, i) + 1]++;
    }
    for (unsigned k = 0; k < CW_LOCAL_SHARDS; k++) {
        s->starts[k + 1] += s->starts[k];
    }
    memcpy(next, s->starts, sizeof next);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = next[shard_of(f, i)]++;
        s->seconds[at] = f->words[i].second;
        s->rests[at] = f->words[i].rest;
        s->tags[at] = f->tags[i];
    }
    *out = s;
    return 0;
}
