#include "server/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "index/search.h"
#include "server/registry.h"
#include "server/route.h"
#include "server/stream.h"

#define CLASSES 6 /* 1xx .. 5xx, and 0 for a client that went away */
#define ROUTES_MAX 64

/* Upper ends of the duration histogram, in seconds. */
static const double bounds[] = {0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5};
#define N_BOUNDS (sizeof bounds / sizeof *bounds)

struct route_counts {
    _Atomic uint64_t by_class[CLASSES];
    _Atomic uint64_t buckets[N_BOUNDS + 1];
    _Atomic uint64_t total_ns;
};

struct cw_metrics {
    _Atomic uint64_t counters[CW_COUNTERS];
    struct route_counts routes[ROUTES_MAX + 1]; /* the last: no route */
};

static const struct {
    const char *name;
    const char *help;
} counters[CW_COUNTERS] = {
    [CW_COUNT_PICTURES] = {"celwatch_pictures_total", "Pictures fingerprinted here."},
    [CW_COUNT_PICTURES_REFUSED] = {"celwatch_pictures_refused_total",
                                   "Pictures that could not be fingerprinted."},
    [CW_COUNT_REGISTERED] = {"celwatch_registrations_total", "Registrations answered."},
    [CW_COUNT_SIGHTINGS] = {"celwatch_sightings_recorded_total", "Sightings answered."},
    [CW_COUNT_MATCHES] = {"celwatch_matches_total", "Matches recorded with sightings."},
    [CW_COUNT_BUSY] = {"celwatch_busy_total",
                       "Requests refused because queues were full."},
    [CW_COUNT_BAD_KEYS] = {"celwatch_bad_keys_total", "Requests with no valid key."},
};

int cw_metrics_open(struct cw_metrics **out, struct cw_err *err)
{
    struct cw_metrics *m = calloc(1, sizeof *m);
    if (m == NULL || cw_n_routes > ROUTES_MAX) {
        free(m);
        return cw_fail(err, CW_E_NO_MEMORY, "no room for the metrics");
    }
    *out = m;
    return 0;
}

void cw_metrics_close(struct cw_metrics *m)
{
    free(m);
}

void cw_metrics_count(struct cw_metrics *m, enum cw_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&m->counters[counter], n, memory_order_relaxed);
}

void cw_metrics_request(struct cw_metrics *m, const struct cw_route *route,
                        unsigned status, uint64_t duration_ns)
{
    struct route_counts *c =
        &m->routes[route == NULL ? ROUTES_MAX : (size_t)(route - cw_routes)];
    size_t bucket = 0;
    while (bucket < N_BOUNDS && (double)duration_ns > bounds[bucket] * 1e9) {
        bucket++;
    }
    const unsigned class = status / 100 < CLASSES ? status / 100 : 0;
    atomic_fetch_add_explicit(&c->by_class[class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->total_ns, duration_ns, memory_order_relaxed);
}

static void describe(struct cw_buf *out, const char *name, const char *type,
                     const char *help)
{
    cw_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct cw_buf *out, const char *name, const char *help, uint64_t v)
{
    describe(out, name, "gauge", help);
    cw_buf_printf(out, "%s %" PRIu64 "\n", name, v);
}

static void counter(struct cw_buf *out, const char *name, const char *help, uint64_t v)
{
    describe(out, name, "counter", help);
    cw_buf_printf(out, "%s %" PRIu64 "\n", name, v);
}

static void labels(struct cw_buf *out, size_t route)
{
    if (route == ROUTES_MAX) {
        cw_buf_add_str(out, "route=\"none\",method=\"none\"");
    } else {
        cw_buf_printf(out, "route=\"%s\",method=\"%s\"", cw_routes[route].path,
                      cw_method_name(cw_routes[route].method));
    }
}

static void write_durations(struct cw_buf *out, const struct route_counts *c,
                            size_t route)
{
    static const char name[] = "celwatch_http_request_duration_seconds";
    uint64_t sum = 0;
    for (size_t i = 0; i <= N_BOUNDS; i++) {
        sum += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
        cw_buf_printf(out, "%s_bucket{", name);
        labels(out, route);
        if (i < N_BOUNDS) {
            cw_buf_printf(out, ",le=\"%g\"} %" PRIu64 "\n", bounds[i], sum);
        } else {
            cw_buf_printf(out, ",le=\"+Inf\"} %" PRIu64 "\n", sum);
        }
    }
    cw_buf_printf(out, "%s_sum{", name);
    labels(out, route);
    cw_buf_printf(out, "} %.6f\n%s_count{",
                  (double)atomic_load_explicit(&c->total_ns, memory_order_relaxed) / 1e9,
                  name);
    labels(out, route);
    cw_buf_printf(out, "} %" PRIu64 "\n", sum);
}

static uint64_t requests_of(const struct route_counts *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < CLASSES; i++) {
        sum += atomic_load_explicit(&c->by_class[i], memory_order_relaxed);
    }
    return sum;
}

static void write_requests(struct cw_buf *out, const struct cw_metrics *m)
{
    describe(out, "celwatch_http_requests_total", "counter",
             "Requests by route and class.");
    for (size_t i = 0; i <= ROUTES_MAX; i++) {
        for (unsigned class = 0; class < CLASSES; class ++) {
            const uint64_t n =
                atomic_load_explicit(&m->routes[i].by_class[class], memory_order_relaxed);
            if (n > 0) {
                cw_buf_add_str(out, "celwatch_http_requests_total{");
                labels(out, i);
                cw_buf_printf(out, ",code=\"%uxx\"} %" PRIu64 "\n", class, n);
            }
        }
    }
    describe(out, "celwatch_http_request_duration_seconds", "histogram",
             "Time from the request line to the end of the answer.");
    for (size_t i = 0; i <= ROUTES_MAX; i++) {
        if (requests_of(&m->routes[i]) > 0) {
            write_durations(out, &m->routes[i], i);
        }
    }
}

/* What /metrics says of a hash search. */
static const struct search_figure {
    const char *name, *type, *help;
    size_t offset; /* of a uint64_t in struct cw_search_stats */
} search_figures[] = {
#define FIGURE(name, type, field, help)                                                  \
    {                                                                                    \
        "celwatch_index_" name, type, help, offsetof(struct cw_search_stats, field)      \
    }
    FIGURE("entries", "gauge", rows, "Hashes that are searched."),
    FIGURE("removed", "gauge", removed, "Hashes out of sight, not yet dropped."),
    FIGURE("codes", "gauge", codes, "Different hashes in segments."),
    FIGURE("segments", "gauge", segments, "Segments, of all kinds of view."),
    FIGURE("delta_entries", "gauge", delta_rows, "Hashes in no segment yet."),
    FIGURE("bytes", "gauge", bytes, "Memory of the search."),
    FIGURE("queries", "counter", queries, "Searches."),
    FIGURE("fallbacks_total", "counter", fallbacks,
           "Times a hash was compared with all of a large segment."),
#undef FIGURE
};

static void write_searches(struct cw_buf *out, struct cw_registry *r)
{
    static const char *const sides[] = {"assets", "sightings"};
    struct cw_search_stats stats[2];
    cw_search_get_stats(r->assets, &stats[0]);
    cw_search_get_stats(r->sightings, &stats[1]);
    for (size_t i = 0; i < sizeof search_figures / sizeof *search_figures; i++) {
        const struct search_figure *f = &search_figures[i];
        describe(out, f->name, f->type, f->help);
        for (size_t side = 0; side < 2; side++) {
            uint64_t value;
            memcpy(&value, (const uint8_t *)&stats[side] + f->offset, sizeof value);
            cw_buf_printf(out, "%s{side=\"%s\"} %" PRIu64 "\n", f->name, sides[side],
                          value);
        }
    }
    describe(out, "celwatch_index_engine", "gauge",
             "What searches, and how it compares.");
    cw_buf_printf(out, "celwatch_index_engine{engine=\"%s\",kernel=\"%s\"} 1\n",
                  stats[0].engine, stats[0].kernel);
}

static void write_locals(struct cw_buf *out, const char *side, struct cw_app *app,
                         enum cw_locals_side which)
{
    struct cw_local_stats s;
    cw_locals_get_stats(app->registry->locals, which, &s);
    cw_buf_printf(out, "celwatch_local_descriptors{side=\"%s\"} %" PRIu64 "\n", side,
                  s.descriptors);
    cw_buf_printf(out, "celwatch_local_bytes{side=\"%s\"} %" PRIu64 "\n", side, s.bytes);
    cw_buf_printf(out, "celwatch_local_queries{side=\"%s\"} %" PRIu64 "\n", side,
                  s.queries);
}

static void write_recipes(struct cw_buf *out, const struct cw_registry *r)
{
    describe(out, "celwatch_assets_by_recipe", "gauge",
             "Live assets by the recipe of their fingerprint; register them again to "
             "upgrade old ones.");
    for (unsigned recipe = 1; recipe <= CW_RECIPES; recipe++) {
        cw_buf_printf(out, "celwatch_assets_by_recipe{recipe=\"%u\"} %" PRIu64 "\n",
                      recipe,
                      atomic_load_explicit(&r->by_recipe[recipe], memory_order_relaxed));
    }
}

static void write_runs(struct cw_buf *out, const struct cw_registry *r)
{
    struct cw_runs_stats s;
    cw_runs_get_stats(r->runs, &s);
    gauge(out, "celwatch_runs", "Runs of near-identical frames, of one frame or more.",
          s.runs);
    gauge(out, "celwatch_frames_in_runs",
          "Frames whose local descriptors another of their run stands for.",
          s.frames - s.runs);
}

static void write_store(struct cw_app *app, struct cw_buf *out)
{
    struct cw_store_stats s;
    if (cw_store_get_stats(app->store, &s, NULL) != 0) {
        return; /* the store says so by itself in the log */
    }
    gauge(out, "celwatch_assets", "Live registered assets.", s.assets);
    gauge(out, "celwatch_sightings", "Recorded sightings.", s.sightings);
    gauge(out, "celwatch_incidents", "Incidents.", s.incidents);
    gauge(out, "celwatch_incidents_open", "Incidents new, triaged or confirmed.",
          s.incidents_open);
    counter(out, "celwatch_events_total", "Events in the log.", s.events);
    counter(out, "celwatch_store_commits_total", "Commits since the start.", s.commits);
    counter(out, "celwatch_store_writes_total",
            "Writes since the start; more than commits.", s.writes);
    gauge(out, "celwatch_lmdb_map_used_bytes", "Used part of the LMDB map.",
          s.used_bytes);
    gauge(out, "celwatch_lmdb_map_bytes", "Size of the LMDB map.", s.map_bytes);
}

static void write_hashers(struct cw_app *app, struct cw_buf *out)
{
    struct cw_hasher_stats s;
    cw_hasher_get_stats(app->hasher, &s);
    counter(out, "celwatch_hasher_timeouts_total", "Pictures over their time.",
            s.timeouts);
    counter(out, "celwatch_hasher_crashes_total", "Hashers that died on a picture.",
            s.crashes);
    counter(out, "celwatch_hasher_restarts_total", "Hashers replaced.", s.restarts);
}

void cw_metrics_write(struct cw_app *app, bool whole, struct cw_buf *out)
{
    const struct cw_metrics *m = app->metrics;
    for (size_t i = 0; i < CW_COUNTERS; i++) {
        if (whole || i != CW_COUNT_MATCHES) {
            counter(out, counters[i].name, counters[i].help,
                    atomic_load_explicit(&m->counters[i], memory_order_relaxed));
        }
    }
    if (whole) {
        write_store(app, out);
        write_searches(out, app->registry);
        describe(out, "celwatch_local_descriptors", "gauge",
                 "Local descriptors that are searched.");
        write_locals(out, "assets", app, CW_LOCALS_ASSETS);
        write_locals(out, "sightings", app, CW_LOCALS_SIGHTINGS);
        write_recipes(out, app->registry);
        write_runs(out, app->registry);
    }
    write_hashers(app, out);
    gauge(out, "celwatch_event_streams", "Open event streams.",
          cw_streams_count(app->streams));
    gauge(out, "celwatch_index_pending",
          "Assets whose descriptors are not searched yet (/readyz says degraded).",
          cw_registry_pending(app->registry));
    gauge(out, "celwatch_ready", "1 when the index is loaded.", atomic_load(&app->ready));
    write_requests(out, m);
}
