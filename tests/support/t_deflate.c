#include "tests/support/t_deflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PIECE ((size_t)1 << 20)

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* Runs the stream over what it has been given, to its end if `last`. */
static void drain(z_stream *z, bool last, struct cw_buf *out)
{
    uint8_t piece[4096];
    int rc = Z_OK;
    do {
        z->next_out = piece;
        z->avail_out = sizeof piece;
        rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
        must(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
        cw_buf_add(out, piece, sizeof piece - z->avail_out);
    } while (z->avail_out == 0);
}

void t_deflate_run(uint8_t value, uint64_t n, struct cw_buf *out)
{
    uint8_t *run = malloc(PIECE);
    z_stream z = {0};
    must(run != NULL && deflateInit(&z, 4) == Z_OK);
    memset(run, value, PIECE);
    while (n > 0) {
        const size_t len = n < PIECE ? (size_t)n : PIECE;
        z.next_in = run;
        z.avail_in = (uInt)len;
        drain(&z, false, out);
        n -= len;
    }
    drain(&z, true, out);
    (void)deflateEnd(&z);
    free(run);
}

void t_deflate(struct cw_bytes in, struct cw_buf *out)
{
    uLongf len = compressBound(in.len);
    uint8_t *bytes = malloc(len);
    must(bytes != NULL && compress(bytes, &len, in.p, in.len) == Z_OK);
    cw_buf_add(out, bytes, len);
    free(bytes);
}

uint32_t t_crc32(struct cw_bytes in)
{
    return (uint32_t)crc32(0, in.p, (uInt)in.len);
}
