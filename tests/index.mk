# Tests of base/ and index/.
UNIT_BASE := test_bytes test_chain test_signed_head test_num_hex_clock test_json test_crypto_queue
UNIT_INDEX := test_local_index test_local_save test_saved test_search_save test_bands test_keyed_sort test_scan \
    test_search test_search_equal test_store_record
CONTRACT_INDEX := test_kv_contract test_store_contract test_store_writer test_store_failing \
    test_store_verify test_store_audit test_store_sync test_store_crash test_store_sighting_local
FUZZ_INDEX := fuzz_chain fuzz_local_saved fuzz_record fuzz_search_saved
BENCH_INDEX := bench_audit bench_local bench_restart bench_search bench_store
