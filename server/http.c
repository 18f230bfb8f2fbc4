/* http.c - the only file that knows libmicrohttpd (0.9.75).
 *
 * Life of an exchange. MHD calls uri_arrived (raw request line), then on_request several
 * times: headers, each piece of body, end of body. The first call decides everything that
 * can be decided without the body; a refusal of a request with a body is queued right
 * there (the client need not send it), any other answer waits for the last call, because
 * an answer queued in the first call costs the connection. Handlers of the work lanes run
 * on other threads while the connection is suspended: state first, then suspend, then
 * hand over; the worker's last act is to resume. Memory goes in on_completed.
 *
 * What MHD 0.9.75 lets through and is refused here: repeated Content-Length, any
 * Transfer-Encoding, repeated or missing Host, %00 (docs/design.md, "The door"). */
#include "server/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/num.h"
#include "server/auth.h"
#include "server/deadline.h"
#include "server/lane.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/names.h"
#include "server/registry.h"
#include "server/route.h"
#include "server/stream.h"
#include "server/work.h"

#define ANSWER_MAX ((size_t)128 * 1024 * 1024)
/* Headers and the pieces of a body pass through this. MHD clears all of it twice a
 * request, a tenth of the time of a small one; with half of it a picture of 200 KB takes
 * 8 % longer. */
#define CONNECTION_BYTES 32768
#define STOP_SECONDS 10 /* for requests in flight when the service ends */

struct cw_http {
    struct cw_app *app;
    struct MHD_Daemon *daemon;
    struct cw_deadlines *deadlines;
    struct cw_work *work;
    struct cw_work *review;
    atomic_uint working;      /* requests admitted to the work lane */
    atomic_uint pictures;     /* of those, with a picture */
    atomic_uint reviewing;    /* requests admitted to the review lane */
    atomic_uint in_progress;  /* exchanges alive */
    atomic_bool stopping;     /* nothing new is taken on connections still open */
    _Atomic uint64_t next_id; /* of requests; starts anywhere */
    char address[80];
};

/* One connection: what MHD calls its socket context. */
struct connection {
    struct cw_deadline *deadline;
    struct exchange *begun; /* its request line has come, its headers may never */
};

enum phase { PHASE_HEADERS, PHASE_BODY, PHASE_WORKING, PHASE_ANSWERED };

/* One request on one connection. */
struct exchange {
    struct cw_http *http;
    struct MHD_Connection *connection;
    struct connection *socket;
    struct cw_deadline *deadline; /* of the connection */
    uint64_t body_ns;             /* when the body was first waited for */
    enum phase phase;
    enum cw_lane lane;
    bool refused; /* by the first call */
    bool in_work; /* counted in http->working */
    bool in_pictures;
    bool in_review;
    uint64_t started_ns;
    struct cw_buf uri; /* raw */
    struct cw_request request;
};

/* What the headers say, gathered in one walk over them. */
struct head {
    unsigned n_length, n_encoding, n_host, n_authorization, n_type;
    const char *length;
    const char *authorization;
    const char *type;
    bool too_long; /* one of those that are kept */
    struct cw_request *request;
};

/* ---- reading the headers ---------------------------------------------------------- */

/* Keeps a header for the handler. One that is too long must not look like none: a retry
 * by an Idempotency-Key that was dropped would be a second sighting. */
static void keep(struct head *h, char *dst, size_t cap, const char *value)
{
    if (cw_copy_text(dst, cap, cw_bytes_str(value), "header", NULL) != 0) {
        h->too_long = true;
    }
}

static enum MHD_Result see_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct head *h = cls;
    (void)kind;
    if (strcasecmp(name, "Content-Length") == 0) {
        h->n_length++;
        h->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        h->n_encoding++;
    } else if (strcasecmp(name, "Host") == 0) {
        h->n_host++;
    } else if (strcasecmp(name, "Authorization") == 0) {
        h->n_authorization++;
        h->authorization = value;
    } else if (strcasecmp(name, "Content-Type") == 0) {
        h->n_type++;
        h->type = value;
    } else if (strcasecmp(name, "Idempotency-Key") == 0) {
        keep(h, h->request->idempotency_key, sizeof h->request->idempotency_key, value);
    } else if (strcasecmp(name, "If-Match") == 0) {
        keep(h, h->request->if_match, sizeof h->request->if_match, value);
    } else if (strcasecmp(name, "Accept") == 0) {
        h->request->wants_stream = strstr(value, "text/event-stream") != NULL;
    } else if (strcasecmp(name, "Last-Event-ID") == 0) {
        keep(h, h->request->last_event_id, sizeof h->request->last_event_id, value);
    }
    return MHD_YES;
}

static enum cw_body body_kind_of(const char *type)
{
    static const struct {
        const char *name;
        enum cw_body kind;
    } types[] = {
        {"application/json", CW_BODY_JSON},
        {"application/x-ndjson", CW_BODY_NDJSON},
        {"application/vnd.celwatch.hashes", CW_BODY_HASHES},
        {"application/vnd.celwatch.fingerprints", CW_BODY_FINGERPRINTS},
        {"application/octet-stream", CW_BODY_PICTURE},
    };
    const size_t len = strcspn(type, "; \t"); /* parameters do not matter here */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strlen(types[i].name) == len && strncasecmp(types[i].name, type, len) == 0) {
            return types[i].kind;
        }
    }
    return strncasecmp(type, "image/", 6) == 0 ? CW_BODY_PICTURE : CW_BODY_NONE;
}

/* Without a Content-Type a body is what its route takes if that is one thing only. */
static enum cw_body default_body(unsigned bodies)
{
    return bodies == CW_BODY_JSON ? CW_BODY_JSON : CW_BODY_PICTURE;
}

static uint64_t body_limit(const struct cw_conf *conf, enum cw_body kind)
{
    if (kind == CW_BODY_PICTURE) {
        return conf->picture_bytes;
    }
    if (kind == CW_BODY_HASHES) {
        return conf->batch_hashes * CW_HASH_BYTES;
    }
    const bool many = kind == CW_BODY_NDJSON || kind == CW_BODY_FINGERPRINTS;
    return many ? conf->bulk_bytes : conf->json_bytes;
}

/* ---- what the first call checks, in this order ------------------------------------ */

static int check_framing(const struct head *h, uint64_t *out_length,
                         struct cw_refusal *why)
{
    struct cw_err err;
    *out_length = 0;
    if (h->n_encoding > 0) {
        return cw_refuse(why, CW_P_LENGTH_REQUIRED, "", "Transfer-Encoding is not taken");
    }
    if (h->n_length > 1 || h->n_host != 1 || h->n_authorization > 1 || h->n_type > 1) {
        return cw_refuse(why, CW_P_BAD_REQUEST, "", "a header is missing or repeated");
    }
    if (h->too_long) {
        return cw_refuse(why, CW_P_BAD_REQUEST, "",
                         "a header is longer than is taken here");
    }
    if (h->length != NULL && cw_parse_u64(cw_bytes_str(h->length), 0, UINT64_MAX,
                                          "Content-Length", out_length, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_REQUEST, "", "%s", err.text);
    }
    return 0;
}

static int check_path(struct exchange *x, struct cw_refusal *why)
{
    struct cw_request *r = &x->request;
    char allow[64];
    struct cw_bytes query = cw_buf_view(&x->uri);
    const struct cw_bytes path = cw_bytes_cut(&query, '?');
    if (cw_path_split(r, path, why) != 0 || cw_query_split(r, query, why) != 0) {
        return -1;
    }
    if (cw_route_find(r, allow, why) != 0) {
        if (allow[0] != '\0') {
            cw_answer_header(r, "Allow", "%s", allow);
        }
        return -1;
    }
    return 0;
}

static int check_key(struct exchange *x, const struct head *h, struct cw_refusal *why)
{
    struct cw_request *r = &x->request;
    struct cw_err err;
    if (r->route->roles == CW_MAY_PUBLIC) { /* a key is welcome, but needs not be there */
        r->known_key = h->authorization != NULL &&
                       cw_key_check(x->http->app, cw_bytes_str(h->authorization), &r->key,
                                    NULL) == 0;
        return 0;
    }
    const int rc =
        cw_key_check(x->http->app, cw_bytes_str(h->authorization), &r->key, &err);
    if (rc == CW_E_DENIED) {
        cw_metrics_count(x->http->app->metrics, CW_COUNT_BAD_KEYS, 1);
        return cw_refuse(why, CW_P_NO_KEY, "", "%s", err.text);
    }
    if (rc != 0) {
        return cw_refuse_failure(why, &err);
    }
    r->known_key = true;
    if ((r->route->roles & CW_MAY(r->key.role)) == 0) {
        return cw_refuse(why, CW_P_ROLE_FORBIDDEN, "",
                         "a key of role '%s' may not do this", cw_role_name(r->key.role));
    }
    return 0;
}

static int check_body(struct exchange *x, const struct head *h, uint64_t length,
                      struct cw_refusal *why)
{
    struct cw_request *r = &x->request;
    const struct cw_conf *conf = x->http->app->conf;
    if (r->route->bodies == 0) {
        if (length > 0) {
            return cw_refuse(why, CW_P_BAD_REQUEST, "", "this route takes no body");
        }
        return 0;
    }
    if (h->length == NULL) {
        return cw_refuse(why, CW_P_LENGTH_REQUIRED, "", "send the body with its length");
    }
    r->body_kind =
        h->type == NULL ? default_body(r->route->bodies) : body_kind_of(h->type);
    if ((r->route->bodies & r->body_kind) == 0) {
        return cw_refuse(why, CW_P_UNSUPPORTED_MEDIA, "",
                         "see /openapi.json for what is taken");
    }
    if (length == 0) {
        return cw_refuse(why, CW_P_EMPTY_BODY, "", "a body is expected");
    }
    const uint64_t limit = body_limit(conf, r->body_kind);
    if (length > limit) {
        return cw_refuse(why, CW_P_BODY_TOO_LARGE, "", "the limit is %llu bytes",
                         (unsigned long long)limit);
    }
    r->body = CW_BUF_INIT(length);
    if (cw_buf_reserve(&r->body, length, NULL) != 0) {
        return cw_refuse(why, CW_P_BUSY, "", "no memory for the body at the moment");
    }
    return 0;
}

/* Counts the request in if there is room; *admitted says that it is counted. */
static bool admit(atomic_uint *count, uint64_t most, bool *admitted)
{
    if (atomic_fetch_add(count, 1) >= most) {
        atomic_fetch_sub(count, 1);
        return false;
    }
    *admitted = true;
    return true;
}

/* Chooses the lane, and counts the request into it before its body is read. */
static int check_room(struct exchange *x, uint64_t length, struct cw_refusal *why)
{
    const struct cw_request *r = &x->request;
    const struct cw_conf *conf = x->http->app->conf;
    bool room = true;
    if (atomic_load(&x->http->stopping)) {
        return cw_refuse(why, CW_P_BUSY, "", "the service is stopping");
    }
    x->lane = cw_lane_of(x->http->app, r, length);
    if (r->body_kind == CW_BODY_PICTURE) {
        room = admit(&x->http->pictures, conf->picture_queue, &x->in_pictures);
    }
    if (x->lane == CW_LANE_WORK) {
        room = room && admit(&x->http->working, conf->work_queue, &x->in_work);
    } else if (x->lane == CW_LANE_REVIEW) {
        room = admit(&x->http->reviewing, conf->work_queue, &x->in_review);
    }
    if (!room) {
        cw_metrics_count(x->http->app->metrics, CW_COUNT_BUSY, 1);
        return cw_refuse(why, CW_P_BUSY, "", "too many requests are waiting");
    }
    return 0;
}

/* Everything that can be known without the body. Returns the announced length. */
static uint64_t begin(struct exchange *x)
{
    struct cw_request *r = &x->request;
    struct head h = {.request = r};
    struct cw_refusal why;
    uint64_t length = 0;
    (void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, see_header, &h);
    if (check_framing(&h, &length, &why) != 0 || check_path(x, &why) != 0 ||
        check_key(x, &h, &why) != 0 || check_body(x, &h, length, &why) != 0 ||
        check_room(x, length, &why) != 0) {
        x->refused = true;
        cw_answer_refusal(r, &why);
        if (h.n_encoding > 0 || h.n_length > 1) {
            length =
                UINT64_MAX; /* what follows cannot be trusted to be another request */
        }
    }
    return length;
}

/* ---- answering -------------------------------------------------------------------- */

static void pause_stream(void *handle)
{
    MHD_suspend_connection(handle);
}

static void wake_stream(void *handle)
{
    MHD_resume_connection(handle);
}

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct exchange *x = cls;
    (void)pos;
    const ssize_t n = cw_stream_read(x->request.stream, buf, max);
    if (n < 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (n == 0) {
        cw_stream_sleep(x->request.stream, pause_stream, wake_stream, x->connection);
    }
    return n;
}

static struct MHD_Response *make_response(struct exchange *x)
{
    struct cw_request *r = &x->request;
    if (r->stream != NULL) {
        cw_deadline_set(x->deadline, 0);
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, x,
                                                 NULL);
    }
    cw_deadline_set(x->deadline, x->http->app->conf->answer_seconds);
    return MHD_create_response_from_buffer(r->answer.len, r->answer.p,
                                           MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_answer(struct exchange *x, bool close_after)
{
    struct cw_request *r = &x->request;
    if (r->status == 0 ||
        r->answer.failed) { /* a handler that forgot, or a huge answer */
        struct cw_refusal why;
        cw_log(CW_LOG_ERROR, "event=no_answer req=%s", r->id);
        cw_refuse(&why, CW_P_INTERNAL, "", "the operator can find it by the request id");
        cw_answer_refusal(r, &why);
    }
    struct MHD_Response *response = make_response(x);
    if (response == NULL) {
        return MHD_NO;
    }
    if (r->content_type != NULL) {
        (void)MHD_add_response_header(response, "Content-Type", r->content_type);
    }
    (void)MHD_add_response_header(response, "X-Request-Id", r->id);
    for (size_t i = 0; i < r->n_headers; i++) {
        (void)MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
    }
    if (close_after) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
    x->phase = PHASE_ANSWERED;
    const enum MHD_Result ok = MHD_queue_response(x->connection, r->status, response);
    MHD_destroy_response(response);
    return ok;
}

/* ---- running handlers ------------------------------------------------------------- */

static void run_handler(struct exchange *x)
{
    x->request.route->handler(x->http->app, &x->request);
}

/* On a work thread. After the resume the exchange belongs to the network thread again. */
static void run_job(void *job)
{
    struct exchange *x = job;
    struct MHD_Connection *connection = x->connection;
    run_handler(x);
    MHD_resume_connection(connection);
}

static enum MHD_Result dispatch(struct exchange *x)
{
    cw_deadline_set(x->deadline, 0);
    if (x->lane == CW_LANE_INLINE) {
        run_handler(x);
        return send_answer(x, false);
    }
    x->phase = PHASE_WORKING;
    MHD_suspend_connection(x->connection);
    struct cw_work *work = x->lane == CW_LANE_REVIEW ? x->http->review : x->http->work;
    if (!cw_work_push(work, x)) { /* cannot be full: admit() counts; closed at the end */
        struct cw_refusal why;
        cw_refuse(&why, CW_P_BUSY, "", "the service is stopping");
        cw_answer_refusal(&x->request, &why);
        MHD_resume_connection(x->connection);
    }
    return MHD_YES;
}

/* ---- callbacks of MHD ------------------------------------------------------------- */

/* A number that no request of this or, most likely, an earlier run has: it is for finding
 * a request in the log, not a secret, so it need not cost a system call. */
static void name_request(struct cw_http *http, char out[CW_REQUEST_ID_CAP])
{
    const uint64_t id = atomic_fetch_add(&http->next_id, 1);
    uint8_t be[sizeof id];
    for (size_t i = 0; i < sizeof be; i++) {
        be[i] = (uint8_t)(id >> (56 - 8 * i));
    }
    cw_hex_encode(be, sizeof be, out);
}

static void exchange_free(struct exchange *x)
{
    cw_stream_free(x->request.stream);
    cw_buf_done(&x->uri);
    cw_request_done(&x->request);
    free(x);
}

/* MHD does not always say that a request is over when its client went away before all of
 * its headers had come. What is left is dropped with its connection, or with the next
 * request line. */
static void drop_begun(struct connection *c)
{
    if (c->begun != NULL) {
        exchange_free(c->begun);
        c->begun = NULL;
    }
}

static void *uri_arrived(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct cw_http *http = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info == NULL ? NULL : info->socket_context;
    struct exchange *x = c == NULL ? NULL : calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    drop_begun(c);
    c->begun = x;
    x->http = http;
    x->connection = connection;
    x->socket = c;
    x->deadline = c->deadline;
    x->started_ns = cw_mono_ns();
    x->uri = CW_BUF_INIT(16384);
    cw_buf_add_str(&x->uri, uri);
    x->request.answer = CW_BUF_INIT(ANSWER_MAX);
    name_request(http, x->request.id);
    return x;
}

/* What has come of the body pays for the time it may still take: at no moment may it be
 * further behind body_min_rate than body_seconds. An announced length pays for nothing.
 * False if its time is over. */
static bool expect_more(struct exchange *x)
{
    const struct cw_conf *conf = x->http->app->conf;
    const uint64_t allowed =
        conf->body_seconds + x->request.body.len / conf->body_min_rate;
    const uint64_t spent = (cw_mono_ns() - x->body_ns) / 1000000000U;
    if (spent >= allowed) {
        return false;
    }
    cw_deadline_set(x->deadline, allowed - spent);
    return true;
}

static enum MHD_Result take_body(struct exchange *x, const char *piece, size_t *len)
{
    struct cw_request *r = &x->request;
    if (!x->refused) {
        cw_buf_add(&r->body, piece, *len);
        if (r->body.failed || !expect_more(x)) {
            return MHD_NO; /* more than was announced, or too slow */
        }
    }
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *piece, size_t *len,
                                  void **con_cls)
{
    struct exchange *x = *con_cls;
    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (x == NULL) {
        return MHD_NO;
    }
    if (x->phase == PHASE_HEADERS) {
        x->phase = PHASE_BODY;
        x->socket->begun = NULL; /* from here on_completed looks after it */
        atomic_fetch_add(&x->http->in_progress, 1);
        x->request.method = cw_method_of(method);
        const uint64_t length = begin(x);
        if (x->refused && length > 0) {
            return send_answer(x, true);
        }
        x->body_ns = cw_mono_ns();
        (void)expect_more(x);
        return MHD_YES;
    }
    if (*len > 0) {
        return take_body(x, piece, len);
    }
    if (x->phase == PHASE_BODY && !x->refused) {
        return dispatch(x);
    }
    return x->phase == PHASE_ANSWERED ? MHD_YES : send_answer(x, false);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode how)
{
    struct cw_http *http = cls;
    struct exchange *x = *con_cls;
    (void)connection;
    (void)how;
    if (x == NULL) {
        return;
    }
    struct cw_request *r = &x->request;
    if (x->phase == PHASE_HEADERS) { /* it never came to on_request */
        x->socket->begun = NULL;
        exchange_free(x);
        *con_cls = NULL;
        return;
    }
    cw_metrics_request(http->app->metrics, r->route, r->status,
                       cw_mono_ns() - x->started_ns);
    cw_deadline_set(x->deadline,
                    http->app->conf->idle_seconds + http->app->conf->header_seconds);
    if (x->in_work) {
        atomic_fetch_sub(&http->working, 1);
    }
    if (x->in_pictures) {
        atomic_fetch_sub(&http->pictures, 1);
    }
    if (x->in_review) {
        atomic_fetch_sub(&http->reviewing, 1);
    }
    exchange_free(x);
    *con_cls = NULL;
    atomic_fetch_sub(&http->in_progress, 1);
}

static struct connection *connection_new(struct cw_http *http,
                                         struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *c = info == NULL ? NULL : calloc(1, sizeof *c);
    if (c != NULL) {
        c->deadline = cw_deadline_new(http->deadlines, info->connect_fd,
                                      (uint32_t)http->app->conf->header_seconds);
    }
    return c;
}

static void on_connection(void *cls, struct MHD_Connection *connection,
                          void **socket_context, enum MHD_ConnectionNotificationCode what)
{
    struct cw_http *http = cls;
    struct connection *c = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = connection_new(http, connection);
    } else if (c != NULL) {
        drop_begun(c);
        cw_deadline_free(http->deadlines, c->deadline);
        free(c);
        *socket_context = NULL;
    }
}

/* The raw path is split and decoded by route.c; MHD must not decode it before. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* ---- start and stop --------------------------------------------------------------- */

/* "127.0.0.1:80", "[::1]:80" -> a socket address. */
static int parse_listen(const char *text, struct sockaddr_storage *out,
                        struct cw_err *err)
{
    char host[64];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    if (colon == NULL ||
        cw_parse_u64(cw_bytes_str(colon + 1), 0, 65535, "the port", &port, NULL) != 0) {
        return cw_fail(err, CW_E_INVALID, "--listen wants ADDRESS:PORT");
    }
    const bool six = text[0] == '[' && colon > text && colon[-1] == ']';
    const struct cw_bytes inner = six ? cw_bytes_of(text + 1, (size_t)(colon - text) - 2)
                                      : cw_bytes_of(text, (size_t)(colon - text));
    CW_TRY(cw_copy_text(host, sizeof host, inner, "the address", err));
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    memset(out, 0, sizeof *out);
    if (six && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof v6);
    } else if (!six && inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
    } else {
        return cw_fail(err, CW_E_INVALID, "'%s' is not an IP address", host);
    }
    return 0;
}

/* MHD's own complaints (a broken request, a lost client) are not worth a line. */
static void quiet(void *cls, const char *fmt, va_list ap)
{
    (void)cls;
    (void)fmt;
    (void)ap;
}

/* Not MHD_quiesce_daemon: in 0.9.75 it ends the process if a network thread takes the
 * listening socket out of its epoll set first. */
static enum MHD_Result may_connect(void *cls, const struct sockaddr *address,
                                   socklen_t len)
{
    const struct cw_http *h = cls;
    (void)address;
    (void)len;
    return atomic_load(&h->stopping) ? MHD_NO : MHD_YES;
}

static int start_daemon(struct cw_http *h, const struct sockaddr *address,
                        struct cw_err *err)
{
    const struct cw_conf *conf = h->app->conf;
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (address->sa_family == AF_INET6) {
        flags |= MHD_USE_IPv6;
    }
    h->daemon = MHD_start_daemon(
        flags, 0, may_connect, h, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL,
        MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)conf->http_threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)conf->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)conf->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)conf->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024U, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
        MHD_OPTION_URI_LOG_CALLBACK, uri_arrived, h, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
    if (h->daemon == NULL) {
        return cw_fail(err, CW_E_IO, "cannot listen on %.100s", conf->listen);
    }
    return 0;
}

static void note_address(struct cw_http *h)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    const char *colon = strrchr(h->app->conf->listen, ':');
    (void)snprintf(h->address, sizeof h->address, "%.*s:%u",
                   (int)(colon - h->app->conf->listen), h->app->conf->listen,
                   info == NULL ? 0U : info->port);
}

static int open_parts(struct cw_http *h, struct cw_err *err)
{
    const struct cw_conf *conf = h->app->conf;
    struct sockaddr_storage address;
    CW_TRY(parse_listen(conf->listen, &address, err));
    CW_TRY(cw_deadlines_open(&h->deadlines, err));
    CW_TRY(cw_work_open(conf->work_threads, conf->work_queue, run_job, &h->work, err));
    CW_TRY(
        cw_work_open(conf->review_threads, conf->work_queue, run_job, &h->review, err));
    CW_TRY(start_daemon(h, (const struct sockaddr *)&address, err));
    note_address(h);
    return 0;
}

int cw_http_open(struct cw_app *app, struct cw_http **out, struct cw_err *err)
{
    struct cw_http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    uint64_t first_id;
    h->app = app;
    cw_random(&first_id, sizeof first_id);
    atomic_init(&h->next_id, first_id);
    const int rc = open_parts(h, err);
    if (rc != 0) {
        cw_http_close(h);
        return rc;
    }
    *out = h;
    return 0;
}

const char *cw_http_address(const struct cw_http *h)
{
    return h->address;
}

void cw_http_close(struct cw_http *h)
{
    if (h == NULL) {
        return;
    }
    if (h->daemon != NULL) {
        const uint64_t until = cw_mono_ns() + STOP_SECONDS * (uint64_t)1000000000;
        atomic_store(&h->stopping, true);
        cw_streams_stop(h->app->streams);
        while (atomic_load(&h->in_progress) > 0 && cw_mono_ns() < until) {
            const struct timespec pause = {.tv_nsec = 5000000};
            (void)nanosleep(&pause, NULL); /* requests end on their own threads */
        }
        /* Runs what is queued, so that no connection is left suspended. The lanes outlive
         * the daemon: until it has stopped, a connection that was kept alive may ask
         * again. */
        cw_work_stop(h->work);
        cw_work_stop(h->review);
        MHD_stop_daemon(h->daemon);
    }
    cw_work_close(h->work);
    cw_work_close(h->review);
    cw_deadlines_close(h->deadlines);
    free(h);
}
