#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define BAR_COLUMNS 24
#define REDRAW_NS ((uint64_t)100 * 1000 * 1000)
#define SECOND_NS 1e9

struct cw_progress cw_progress_of(size_t total)
{
    return (struct cw_progress){
        .on = isatty(STDERR_FILENO) == 1, .total = total, .start = cw_mono_ns()};
}

static void add_time_left(struct cw_buf *out, double seconds)
{
    const uint64_t s = seconds > 359999.0 ? 359999 : (uint64_t)(seconds + 0.5);
    if (s >= 3600) {
        cw_buf_printf(out, "%" PRIu64 ":%02u:%02u left", s / 3600,
                      (unsigned)(s / 60 % 60), (unsigned)(s % 60));
    } else {
        cw_buf_printf(out, "%u:%02u left", (unsigned)(s / 60), (unsigned)(s % 60));
    }
}

void cw_progress_format(struct cw_buf *out, size_t done, size_t total,
                        uint64_t elapsed_ns)
{
    const double part = total == 0 ? 1.0 : (double)done / (double)total;
    const double rate =
        elapsed_ns == 0 ? 0.0 : (double)done * SECOND_NS / (double)elapsed_ns;
    const int filled = (int)(part * BAR_COLUMNS);
    cw_buf_add_str(out, "[");
    for (int i = 0; i < BAR_COLUMNS; i++) {
        cw_buf_add_str(out, i < filled ? "#" : ".");
    }
    cw_buf_printf(out, "] %3d%%  %zu/%zu  %.0f/s  ", (int)(part * 100.0), done, total,
                  rate);
    if (rate > 0.0) {
        add_time_left(out, (double)(total - done) / rate);
    }
}

void cw_progress_show(struct cw_progress *p, size_t done)
{
    const uint64_t now = cw_mono_ns();
    if (!p->on || (p->drawn != 0 && now - p->drawn < REDRAW_NS)) {
        return;
    }
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(256);
    cw_buf_add_str(&line, "\r\033[K");
    cw_progress_format(&line, done, p->total, now - p->start);
    (void)fputs(cw_buf_str(&line), stderr);
    p->drawn = now;
    p->shown = true;
}

void cw_progress_hide(struct cw_progress *p)
{
    if (p->shown) {
        (void)fputs("\r\033[K", stderr);
        p->shown = false;
    }
}
