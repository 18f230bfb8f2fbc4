# End to end: the real programs over real sockets.
TEST_SUPPORT_SRC := tests/support/t_process.c tests/support/t_server.c tests/support/t_http.c \
    tests/support/t_json.c tests/support/t_raw.c tests/support/t_cli.c \
    tests/support/t_pictures.c tests/support/t_api.c tests/support/t_load.c \
    tests/support/t_measure.c tests/support/t_routes.c
E2E := e2e_register_and_match e2e_sightings_and_incidents e2e_disclosure e2e_matrix \
    e2e_bad_input e2e_http_guards e2e_idempotency e2e_cursors e2e_decisions e2e_events \
    e2e_batch_match e2e_kill e2e_keys e2e_cli e2e_shutdown e2e_ldd e2e_hasher_crash e2e_parts e2e_saved e2e_odd_pictures \
    e2e_bulk e2e_backup e2e_faults e2e_audit
# End to end with pictures that are encoded: linked with libvips and the hostile pictures.
E2E_PICTURES := e2e_hostile_pictures
TEST_HOSTILE_SRC := tests/support/t_hostile.c tests/support/t_hostile_odd.c \
    tests/support/t_hostile_broken.c tests/support/t_hostile_png.c tests/support/t_hostile_gif.c \
    tests/support/t_hostile_tiff.c tests/support/t_hostile_jpeg.c tests/support/t_hostile_webp.c \
    tests/support/t_deflate.c
tests/support/t_deflate.c_PKG := zlib
# Those with many threads at once, run under the thread sanitizer too.
E2E_TSAN := e2e_backup e2e_parts e2e_sightings_and_incidents e2e_decisions e2e_events e2e_shutdown
BENCH_HTTP := bench_http bench_register
