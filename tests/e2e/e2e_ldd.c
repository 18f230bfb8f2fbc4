/* The service must not even hold the code that decodes pictures. */
#include "tests/support/t_cmocka.h"
#include "tests/support/t_process.h"

#include <string.h>
#include <sys/wait.h>

static void celwatchd_links_no_picture_decoder(void **state)
{
    static const char *const DECODERS[] = {"libvips", "libturbojpeg", "libjpeg", "libpng",
                                           "libwebp", "libtiff",      "libheif"};
    (void)state;
    char program[T_PATH_CAP];
    t_program("celwatchd", program);
    const char *const argv[] = {"/usr/bin/ldd", program, NULL};
    struct t_process p =
        t_process_start(&(struct t_spawn){.argv = argv, .stderr_path = "/dev/null"});
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(1 << 20);
    t_process_read_all(&p, 60, &out);
    int status = t_process_wait(&p, 60);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(cw_buf_str(&out), "libmicrohttpd"));
    for (size_t i = 0; i < sizeof DECODERS / sizeof *DECODERS; i++) {
        assert_null(strstr(cw_buf_str(&out), DECODERS[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(celwatchd_links_no_picture_decoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
