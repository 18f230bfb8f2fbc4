# Tests of server/ that need no socket; print_routes is a tool of the contract check and e2e_matrix.
UNIT_SERVER := test_audit test_asset_body test_conf test_route test_host test_auth test_problem test_deadline test_work \
    test_matching test_ingest test_runs test_checkpoint test_placing test_locals test_settling
TOOLS_SERVER := print_routes
FUZZ_SERVER := fuzz_url fuzz_conf fuzz_body fuzz_bulk
