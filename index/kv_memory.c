/* kv_memory.c - the key-value engine in memory: for tests, and for trying things out.
 *
 * Each table is a persistent treap: nodes are never changed once a version is published,
 * a write copies the path from the root to what it changes. So a reader's snapshot is one
 * reference to a version, an aborted transaction is one that is dropped, and nobody waits
 * for anybody but writers for each other. Shared nodes and items are counted.
 *
 * Not for large data: about 64 bytes a node, and a copied path of log2(n) nodes a write.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "index/kv_engine.h"

/* A key and its value; never changes. */
struct item {
    atomic_uint refs;
    size_t key_len, value_len;
    uint8_t bytes[]; /* key, then value */
};

struct node {
    atomic_uint refs;
    uint32_t priority; /* not smaller than those of its children */
    struct item *item;
    struct node *left, *right;
};

struct version {
    atomic_uint refs;
    struct node *roots[CW_KV_TABLES_MAX];
};

struct memory_kv {
    struct cw_kv base;
    pthread_mutex_t writing; /* held by the one write transaction */
    pthread_mutex_t lock;    /* guards: current */
    struct version *current;
    uint64_t random; /* state of the priorities; owned by the write transaction */
};

struct memory_tx {
    struct cw_kv_tx base;
    struct version *version; /* a writer's own, a reader's shared */
};

struct memory_cursor {
    struct cw_kv_cursor base;
    const struct node *at; /* NULL = before the first move, or past the end */
};

/* ---- treaps ----------------------------------------------------------------------- */

static struct cw_bytes key_of(const struct item *i)
{
    return cw_bytes_of(i->bytes, i->key_len);
}

static struct cw_bytes value_of(const struct item *i)
{
    return cw_bytes_of(i->bytes + i->key_len, i->value_len);
}

static int compare(struct cw_bytes a, struct cw_bytes b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static struct item *item_new(struct cw_bytes key, struct cw_bytes value)
{
    size_t size;
    struct item *i = NULL;
    if (!__builtin_add_overflow(sizeof *i + key.len, value.len, &size)) {
        i = malloc(size);
    }
    if (i == NULL) {
        return NULL;
    }
    atomic_init(&i->refs, 1);
    i->key_len = key.len;
    i->value_len = value.len;
    memcpy(i->bytes, key.p, key.len);
    if (value.len > 0) {
        memcpy(i->bytes + key.len, value.p, value.len);
    }
    return i;
}

static struct item *item_ref(struct item *i)
{
    atomic_fetch_add_explicit(&i->refs, 1, memory_order_relaxed);
    return i;
}

static void item_unref(struct item *i)
{
    if (i != NULL && atomic_fetch_sub(&i->refs, 1) == 1) {
        free(i);
    }
}

static struct node *node_ref(struct node *n)
{
    if (n != NULL) {
        atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    }
    return n;
}

/* Recursion is as deep as the tree: some 4 log2(n). */
static void node_unref(struct node *n)
{
    if (n != NULL && atomic_fetch_sub(&n->refs, 1) == 1) {
        node_unref(n->left);
        node_unref(n->right);
        item_unref(n->item);
        free(n);
    }
}

/* Takes all three, also when it fails. */
static struct node *node_new(struct item *item, uint32_t priority, struct node *left,
                             struct node *right)
{
    struct node *n = malloc(sizeof *n);
    if (n == NULL) {
        item_unref(item);
        node_unref(left);
        node_unref(right);
        return NULL;
    }
    atomic_init(&n->refs, 1);
    n->priority = priority;
    n->item = item;
    n->left = left;
    n->right = right;
    return n;
}

/* Both rotations change only nodes that this write has just made. */
static struct node *rotate_right(struct node *n)
{
    struct node *l = n->left;
    n->left = l->right;
    l->right = n;
    return l;
}

static struct node *rotate_left(struct node *n)
{
    struct node *r = n->right;
    n->right = r->left;
    r->left = n;
    return r;
}

/* A copy of the tree with `item` (borrowed) in it; NULL if out of memory. */
static struct node *treap_put(const struct node *t, struct item *item, uint32_t priority)
{
    if (t == NULL) {
        return node_new(item_ref(item), priority, NULL, NULL);
    }
    const int c = compare(key_of(item), key_of(t->item));
    if (c == 0) {
        return node_new(item_ref(item), t->priority, node_ref(t->left),
                        node_ref(t->right));
    }
    struct node *child = treap_put(c < 0 ? t->left : t->right, item, priority);
    if (child == NULL) {
        return NULL;
    }
    struct node *n =
        c < 0 ? node_new(item_ref(t->item), t->priority, child, node_ref(t->right))
              : node_new(item_ref(t->item), t->priority, node_ref(t->left), child);
    if (n == NULL || child->priority <= n->priority) {
        return n;
    }
    return c < 0 ? rotate_right(n) : rotate_left(n);
}

/* One tree of two (borrowed), all keys of `a` before those of `b`; false if out of
 * memory. */
static bool treap_join(struct node *a, struct node *b, struct node **out)
{
    if (a == NULL || b == NULL) {
        *out = node_ref(a == NULL ? b : a);
        return true;
    }
    struct node *inner;
    if (a->priority >= b->priority) {
        if (!treap_join(a->right, b, &inner)) {
            return false;
        }
        *out = node_new(item_ref(a->item), a->priority, node_ref(a->left), inner);
    } else {
        if (!treap_join(a, b->left, &inner)) {
            return false;
        }
        *out = node_new(item_ref(b->item), b->priority, inner, node_ref(b->right));
    }
    return *out != NULL;
}

/* A copy of the tree without `key`, which is in it; false if out of memory. */
static bool treap_del(const struct node *t, struct cw_bytes key, struct node **out)
{
    const int c = compare(key, key_of(t->item));
    struct node *child;
    if (c == 0) {
        return treap_join(t->left, t->right, out);
    }
    if (!treap_del(c < 0 ? t->left : t->right, key, &child)) {
        return false;
    }
    *out = c < 0 ? node_new(item_ref(t->item), t->priority, child, node_ref(t->right))
                 : node_new(item_ref(t->item), t->priority, node_ref(t->left), child);
    return *out != NULL;
}

/* The first node at or after `key` (`or_equal`), or only after it; NULL if none. */
static const struct node *treap_after(const struct node *t, struct cw_bytes key,
                                      bool or_equal)
{
    const struct node *best = NULL;
    while (t != NULL) {
        const int c = compare(key, key_of(t->item));
        if (c < 0 || (c == 0 && or_equal)) {
            best = t;
            t = t->left;
        } else {
            t = t->right;
        }
    }
    return best;
}

static const struct node *treap_before(const struct node *t, struct cw_bytes key)
{
    const struct node *best = NULL;
    while (t != NULL) {
        if (compare(key_of(t->item), key) < 0) {
            best = t;
            t = t->right;
        } else {
            t = t->left;
        }
    }
    return best;
}

static const struct node *treap_last(const struct node *t)
{
    while (t != NULL && t->right != NULL) {
        t = t->right;
    }
    return t;
}

/* ---- versions and transactions ---------------------------------------------------- */

static void version_unref(struct version *v)
{
    if (v != NULL && atomic_fetch_sub(&v->refs, 1) == 1) {
        for (size_t i = 0; i < CW_KV_TABLES_MAX; i++) {
            node_unref(v->roots[i]);
        }
        free(v);
    }
}

static struct version *current_version(struct memory_kv *kv)
{
    pthread_mutex_lock(&kv->lock);
    struct version *v = kv->current;
    atomic_fetch_add(&v->refs, 1);
    pthread_mutex_unlock(&kv->lock);
    return v;
}

/* A version of its own that starts out as the current one; NULL if out of memory. */
static struct version *version_fork(struct memory_kv *kv)
{
    struct version *from = current_version(kv);
    struct version *v = calloc(1, sizeof *v);
    if (v != NULL) {
        atomic_init(&v->refs, 1);
        for (size_t i = 0; i < CW_KV_TABLES_MAX; i++) {
            v->roots[i] = node_ref(from->roots[i]);
        }
    }
    version_unref(from);
    return v;
}

static struct memory_kv *kv_of(struct cw_kv *kv)
{
    return (struct memory_kv *)kv;
}

static struct node **root_of(struct cw_kv_tx *tx, unsigned table)
{
    return &((struct memory_tx *)tx)->version->roots[table];
}

static int memory_begin(struct cw_kv *base, bool write, struct cw_kv_tx **out,
                        struct cw_err *err)
{
    struct memory_kv *kv = kv_of(base);
    struct memory_tx *tx = calloc(1, sizeof *tx);
    if (tx == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a transaction");
    }
    if (write) {
        pthread_mutex_lock(&kv->writing);
    }
    tx->version = write ? version_fork(kv) : current_version(kv);
    if (tx->version == NULL) {
        pthread_mutex_unlock(&kv->writing);
        free(tx);
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a transaction");
    }
    *out = &tx->base;
    return 0;
}

static void memory_abort(struct cw_kv_tx *base)
{
    struct memory_tx *tx = (struct memory_tx *)base;
    version_unref(tx->version);
    if (base->write) {
        pthread_mutex_unlock(&kv_of(base->kv)->writing);
    }
    free(tx);
}

static int memory_commit(struct cw_kv_tx *base, struct cw_err *err)
{
    struct memory_tx *tx = (struct memory_tx *)base;
    struct memory_kv *kv = kv_of(base->kv);
    (void)err;
    pthread_mutex_lock(&kv->lock);
    struct version *old = kv->current;
    kv->current = tx->version;
    pthread_mutex_unlock(&kv->lock);
    tx->version = old;
    memory_abort(base);
    return 0;
}

static int memory_get(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
                      struct cw_bytes *out, struct cw_err *err)
{
    const struct node *n = treap_after(*root_of(tx, table), key, true);
    (void)err;
    if (n == NULL || compare(key_of(n->item), key) != 0) {
        return CW_E_NOT_FOUND;
    }
    *out = value_of(n->item);
    return 0;
}

/* xorshift64: the priorities need spread, not secrecy. */
static uint32_t next_priority(struct memory_kv *kv)
{
    kv->random ^= kv->random << 13;
    kv->random ^= kv->random >> 7;
    kv->random ^= kv->random << 17;
    return (uint32_t)(kv->random >> 32);
}

static int memory_put(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
                      struct cw_bytes value, struct cw_err *err)
{
    struct node **root = root_of(tx, table);
    struct item *item = item_new(key, value);
    struct node *grown =
        item == NULL ? NULL : treap_put(*root, item, next_priority(kv_of(tx->kv)));
    item_unref(item);
    if (grown == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a record");
    }
    node_unref(*root);
    *root = grown;
    return 0;
}

static int memory_del(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
                      struct cw_err *err)
{
    struct node **root = root_of(tx, table);
    struct cw_bytes value;
    struct node *shrunk;
    CW_TRY(memory_get(tx, table, key, &value, err));
    if (!treap_del(*root, key, &shrunk)) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a deletion");
    }
    node_unref(*root);
    *root = shrunk;
    return 0;
}

static int memory_cursor_open(struct cw_kv_tx *tx, unsigned table,
                              struct cw_kv_cursor **out, struct cw_err *err)
{
    struct memory_cursor *c = calloc(1, sizeof *c);
    (void)tx;
    (void)table;
    if (c == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a cursor");
    }
    *out = &c->base;
    return 0;
}

static void memory_cursor_close(struct cw_kv_cursor *c)
{
    free(c);
}

static int memory_move(struct cw_kv_cursor *base, enum cw_kv_move how,
                       struct cw_bytes key, struct cw_kv_pair *out, struct cw_err *err)
{
    struct memory_cursor *c = (struct memory_cursor *)base;
    const struct node *root = *root_of(base->tx, base->table);
    const struct node *to = NULL;
    (void)err;
    if (how == CW_KV_SEEK) {
        to = treap_after(root, key, true);
    } else if (how == CW_KV_LAST) {
        to = treap_last(root);
    } else if (c->at != NULL && how == CW_KV_PREV) {
        to = treap_before(root, key_of(c->at->item));
    } else if (c->at != NULL) {
        to = treap_after(root, key_of(c->at->item), false);
    }
    c->at = to;
    if (to == NULL) {
        return CW_E_NOT_FOUND;
    }
    out->key = key_of(to->item);
    out->value = value_of(to->item);
    return 0;
}

/* ---- upkeep, opening -------------------------------------------------------------- */

static int memory_nothing_to_do(struct cw_kv *kv, struct cw_err *err)
{
    (void)kv;
    (void)err;
    return 0;
}

static void memory_size(struct cw_kv *kv, uint64_t *out_used, uint64_t *out_map)
{
    (void)kv;
    *out_used = 0;
    *out_map = 0;
}

static int memory_copy(struct cw_kv *kv, const char *path, struct cw_err *err)
{
    (void)kv;
    (void)path;
    return cw_fail(err, CW_E_UNSUPPORTED, "a store in memory cannot be backed up");
}

static void memory_close(struct cw_kv *base)
{
    struct memory_kv *kv = kv_of(base);
    version_unref(kv->current);
    pthread_mutex_destroy(&kv->writing);
    pthread_mutex_destroy(&kv->lock);
    free(kv);
}

static const struct cw_kv_ops memory_ops = {
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .get = memory_get,
    .put = memory_put,
    .del = memory_del,
    .cursor_open = memory_cursor_open,
    .cursor_close = memory_cursor_close,
    .move = memory_move,
    .grow = memory_nothing_to_do,
    .reap = memory_nothing_to_do,
    .size = memory_size,
    .copy = memory_copy,
};

int cw_kv_open_memory(struct cw_kv **out, struct cw_err *err)
{
    struct memory_kv *kv = calloc(1, sizeof *kv);
    struct version *first = calloc(1, sizeof *first);
    if (kv == NULL || first == NULL) {
        free(kv);
        free(first);
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the database");
    }
    atomic_init(&first->refs, 1);
    kv->base.ops = &memory_ops;
    kv->current = first;
    kv->random = 0x9e3779b97f4a7c15U; /* any number but 0 */
    pthread_mutex_init(&kv->writing, NULL);
    pthread_mutex_init(&kv->lock, NULL);
    *out = &kv->base;
    return 0;
}
