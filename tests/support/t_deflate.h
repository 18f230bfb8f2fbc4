/* t_deflate.h - zlib streams for hostile files: little that becomes much. */
#ifndef CW_TESTS_SUPPORT_T_DEFLATE_H
#define CW_TESTS_SUPPORT_T_DEFLATE_H

#include "base/bytes.h"

/* Appends a zlib stream of `n` bytes of `value`: about n / 1000 bytes. */
void t_deflate_run(uint8_t value, uint64_t n, struct cw_buf *out);
/* Appends a zlib stream of those bytes. */
void t_deflate(struct cw_bytes in, struct cw_buf *out);
/* The checksum of PNG chunks. */
uint32_t t_crc32(struct cw_bytes in);

#endif
