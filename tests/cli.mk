# Tests of cli/: each links the archive of the room, never main.
UNIT_CLI := test_cli_options test_cli_settings test_cli_walk test_cli_batch test_cli_text \
    test_cli_render test_cli_register_report test_cli_progress test_cli_http \
    test_cli_hash_pool
