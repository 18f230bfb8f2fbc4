# Errors, bytes, numbers, text forms, clock, queue, digests, JSON.
BASE_SRC := base/error.c base/bytes.c base/num.c base/hex.c base/clock.c base/queue.c \
    base/crypto.c base/chain.c base/signed_head.c base/json_read.c base/json_write.c
