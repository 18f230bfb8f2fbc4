# The command line tool: everything but main is an archive, so that tests can link it.
CLI_SRC := cli/cli.c cli/plain_text.c cli/options.c cli/settings.c cli/interrupt.c \
    cli/http_client.c cli/service.c cli/walk.c cli/hash_pool.c cli/each_file.c cli/batch.c \
    cli/progress.c cli/render.c cli/register_report.c cli/cmd_hash.c cli/cmd_key.c \
    cli/cmd_register.c cli/cmd_match.c cli/cmd_submit.c cli/cmd_incidents.c cli/cmd_decide.c \
    cli/cmd_audit.c
CLI_MAIN := cli/main.c
