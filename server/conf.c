#include "server/conf.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/num.h"

enum conf_type { CONF_TEXT, CONF_NUMBER };

struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset;
    const char *unit;
    const char *text_default;
    uint64_t number_default, min, max;
    const char *why;
};

#define TEXT(field, def, why_)                                                           \
    {                                                                                    \
        .name = #field, .type = CONF_TEXT, .offset = offsetof(struct cw_conf, field),    \
        .unit = "text", .text_default = (def), .why = (why_)                             \
    }
#define NUMBER(field, unit_, def, min_, max_, why_)                                      \
    {                                                                                    \
        .name = #field, .type = CONF_NUMBER, .offset = offsetof(struct cw_conf, field),  \
        .unit = (unit_), .number_default = (def), .min = (min_), .max = (max_),          \
        .why = (why_)                                                                    \
    }

#define MIB ((uint64_t)1024 * 1024)

static const struct conf_key keys[] = {
    TEXT(listen, "127.0.0.1:8710",
         "ADDRESS:PORT; port 0 takes any free one. Put a TLS proxy in "
         "front before listening on more than loopback"),
    TEXT(data, "", "folder of the store; --data sets it"),
    TEXT(store, "",
         "lmdb:DIR or memory: (nothing is kept); empty: lmdb in the data folder"),
    TEXT(hasher, "",
         "path of celwatch-hasher; empty: beside celwatchd or in ../libexec/celwatch"),
    NUMBER(http_threads, "threads", 2, 2, 64,
           "epoll threads; they never decode and never block"),
    NUMBER(work_threads, "threads", 32, 1, 256,
           "requests that wait for a hasher or the disk; waiting ones share one commit"),
    NUMBER(work_queue, "requests", 1024, 1, 65536,
           "waiting for a work thread; full answers 503"),
    NUMBER(picture_queue, "requests", 64, 1, 4096,
           "pictures in the house at once; bounds their memory, full answers 503"),
    NUMBER(review_threads, "threads", 2, 1, 16,
           "decisions and comments never wait behind pictures"),
    NUMBER(hashers, "processes", 0, 0, 64,
           "celwatch-hasher processes; 0 = one a processor"),
    NUMBER(connections, "connections", 1024, 4, 60000,
           "open at once; keep below the fd limit"),
    NUMBER(connections_per_address, "connections", 0, 0, 60000,
           "from one address; 0 = no limit (behind a proxy all have one address)"),
    NUMBER(idle_seconds, "s", 60, 1, 3600, "a silent connection is closed"),
    NUMBER(header_seconds, "s", 10, 1, 600, "request line and headers must have arrived"),
    NUMBER(body_seconds, "s", 10, 1, 600, "grace of a body before body_min_rate counts"),
    NUMBER(body_min_rate, "bytes/s", 16384, 1, 1000000000,
           "slowest body that is waited for"),
    NUMBER(answer_seconds, "s", 60, 1, 3600, "an answer must have been read"),
    NUMBER(picture_bytes, "bytes", 64 * MIB, 1024, 1024 * MIB, "largest picture file"),
    NUMBER(json_bytes, "bytes", 256 * 1024, 1024, 16 * MIB, "largest JSON body"),
    NUMBER(bulk_bytes, "bytes", 16 * MIB, 1024, 256 * MIB, "largest body of many"),
    NUMBER(bulk_lines, "lines", 1000, 1, 10000,
           "or records of one body of many: one transaction"),
    NUMBER(batch_hashes, "hashes", 10000, 1, 100000, "of one binary batch"),
    NUMBER(picture_pixels, "pixels", 100000000, 1000000, 400000000,
           "width x height, from the header, before decoding"),
    NUMBER(picture_ms, "ms", 5000, 100, 60000, "wall time of one picture, then SIGKILL"),
    NUMBER(hasher_memory, "bytes", 640 * MIB, 256 * MIB, 16384 * MIB,
           "address space of one hasher; 384 MiB decode every ordinary 4K picture"),
    NUMBER(hasher_recycle, "pictures", 1000, 1, 1000000, "before a hasher is replaced"),
    NUMBER(map_bytes, "bytes", (uint64_t)64 * 1024 * MIB, 16 * MIB, (uint64_t)16 << 40,
           "largest size of the LMDB file (address space, not disk)"),
    NUMBER(index_rows, "rows", 200000000, 1000, 4000000000U, "of each search structure"),
    NUMBER(local_points, "descriptors", 300, 0, 2048,
           "local descriptors searched of each asset; 0 turns the search for parts off, "
           "150 halves its memory (hashing/LOCAL.md says what either costs)"),
    NUMBER(local_descriptors, "descriptors", 4000000000U, 1000, 4294967293U,
           "searched, of assets and of sightings"),
    NUMBER(sighting_local_bytes, "bytes", 1024 * MIB, 0, (uint64_t)1 << 40,
           "local descriptors of sightings kept, newest first, for assets that come "
           "later; up to 56,000 a sighting on disk, and as much in memory. Their hashes "
           "are kept for ever"),
    NUMBER(derive_at_once, "assets", 1000, 0, 1000000000,
           "whose descriptors are derived before the service listens, if they are not "
           "saved; more are derived beside requests (/readyz says degraded), 2,000 a "
           "second"),
    NUMBER(save_seconds, "s", 900, 0, 86400,
           "the derived index is saved this often, and at the end, so that a start need "
           "not derive it again; 0 = never"),
    NUMBER(save_bytes, "bytes", (uint64_t)64 * 1024 * MIB, 16 * MIB, (uint64_t)16 << 40,
           "largest size of the file it is saved in (address space, not disk)"),
    NUMBER(inline_us, "us", 300, 0, 100000,
           "a hash query estimated to take longer goes to a work thread"),
    NUMBER(listeners, "connections", 500, 1, 10000, "event streams open at once"),
    NUMBER(commit_delay_us, "us", 0, 0, 1000000, "tests only: makes every commit slower"),
};
#define N_KEYS (sizeof keys / sizeof *keys)

static char *text_of(struct cw_conf *conf, const struct conf_key *key)
{
    return (char *)conf + key->offset;
}

/* Numbers are copied bytewise: the offset says nothing about alignment to the compiler.
 */
static void store_number(struct cw_conf *conf, const struct conf_key *key, uint64_t v)
{
    memcpy((char *)conf + key->offset, &v, sizeof v);
}

void cw_conf_defaults(struct cw_conf *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < N_KEYS; i++) {
        if (keys[i].type == CONF_NUMBER) {
            store_number(out, &keys[i], keys[i].number_default);
        } else {
            memcpy(text_of(out, &keys[i]), keys[i].text_default,
                   strlen(keys[i].text_default) + 1);
        }
    }
}

int cw_conf_set(struct cw_conf *conf, const char *key, struct cw_bytes value,
                struct cw_err *err)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        uint64_t number;
        if (strcmp(keys[i].name, key) != 0) {
            continue;
        }
        if (keys[i].type == CONF_TEXT) {
            return cw_copy_text(text_of(conf, &keys[i]), CW_CONF_TEXT_CAP, value, key,
                                err);
        }
        CW_TRY(cw_parse_u64(value, keys[i].min, keys[i].max, key, &number, err));
        store_number(conf, &keys[i], number);
        return 0;
    }
    return cw_fail(err, CW_E_INVALID, "there is no setting '%.60s'", key);
}

static struct cw_bytes trim(struct cw_bytes t)
{
    while (t.len > 0 && (t.p[0] == ' ' || t.p[0] == '\t')) {
        t = cw_bytes_of(t.p + 1, t.len - 1);
    }
    while (t.len > 0 && strchr(" \t\r", t.p[t.len - 1]) != NULL) {
        t.len--;
    }
    return t;
}

static int parse_line(struct cw_bytes line, struct cw_conf *conf, struct cw_err *err)
{
    char name[64];
    struct cw_bytes value = cw_bytes_cut(&line, '#');
    value = trim(value);
    if (value.len == 0) {
        return 0;
    }
    if (memchr(value.p, '=', value.len) == NULL) {
        return cw_fail(err, CW_E_INVALID, "expected 'key = value'");
    }
    const struct cw_bytes key = trim(cw_bytes_cut(&value, '='));
    CW_TRY(cw_copy_text(name, sizeof name, key, "the key", err));
    return cw_conf_set(conf, name, trim(value), err);
}

int cw_conf_parse(struct cw_bytes text, struct cw_conf *conf, struct cw_buf *report,
                  struct cw_err *err)
{
    unsigned problems = 0;
    for (unsigned line = 1; text.len > 0; line++) {
        struct cw_err why;
        if (parse_line(cw_bytes_cut(&text, '\n'), conf, &why) != 0) {
            cw_buf_printf(report, "line %u: %s\n", line, why.text);
            problems++;
        }
    }
    if (problems > 0) {
        return cw_fail(err, CW_E_INVALID, "%u problems in the configuration", problems);
    }
    return 0;
}

static void close_file(FILE **f)
{
    if (*f != NULL) {
        (void)fclose(*f);
    }
}

int cw_conf_load(const char *path, struct cw_conf *conf, struct cw_buf *report,
                 struct cw_err *err)
{
    static const size_t max = 64 * 1024;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(max);
    CW_AUTO(close_file) FILE *f = fopen(path, "re");
    char piece[4096];
    size_t n;
    if (f == NULL) {
        return cw_fail(err, CW_E_IO, "cannot open the configuration %.150s", path);
    }
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
        cw_buf_add(&text, piece, n);
    }
    if (ferror(f) != 0) {
        return cw_fail(err, CW_E_IO, "cannot read the configuration %.150s", path);
    }
    CW_TRY(cw_buf_check(&text, "the configuration", err));
    return cw_conf_parse(cw_buf_view(&text), conf, report, err);
}

void cw_conf_help(FILE *out)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct conf_key *k = &keys[i];
        (void)fprintf(out, "# %s\n", k->why);
        if (k->type == CONF_TEXT) {
            (void)fprintf(out, "%s = %s\n\n", k->name, k->text_default);
        } else {
            (void)fprintf(out, "# %s, %" PRIu64 "..%" PRIu64 "\n%s = %" PRIu64 "\n\n",
                          k->unit, k->min, k->max, k->name, k->number_default);
        }
    }
}
