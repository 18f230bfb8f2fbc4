/* The configuration file. */
#include "server/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cw_conf conf;
    CW_AUTO(cw_buf_done) struct cw_buf report = CW_BUF_INIT(16384);
    cw_conf_defaults(&conf);
    (void)!cw_conf_parse(cw_bytes_of(data, len), &conf, &report, NULL);
    return 0;
}
