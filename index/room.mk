# index/ - the store and the search.
INDEX_SRC := \
    index/bands.c \
    index/codes.c \
    index/codes_build.c \
    index/codes_find.c \
    index/event_json.c \
    index/keyed_sort.c \
    index/kv.c \
    index/kv_lmdb.c \
    index/kv_memory.c \
    index/local_find.c \
    index/local_fresh.c \
    index/local_hits.c \
    index/local_index.c \
    index/local_key.c \
    index/local_pack.c \
    index/local_rows.c \
    index/local_save.c \
    index/new_file.c \
    index/saved.c \
    index/scan.c \
    index/scan_avx2.c \
    index/scan_avx512.c \
    index/scan_generic.c \
    index/scan_popcnt.c \
    index/search.c \
    index/search_find.c \
    index/search_hits.c \
    index/search_rows.c \
    index/search_save.c \
    index/search_settle.c \
    index/store.c \
    index/store_assets.c \
    index/store_collections.c \
    index/store_failing.c \
    index/store_incidents.c \
    index/store_kv.c \
    index/store_log.c \
    index/store_matches.c \
    index/store_open.c \
    index/store_record.c \
    index/store_sighting_local.c \
    index/store_sightings.c \
    index/store_studios.c \
    index/store_verify.c \
    index/store_verify_incidents.c \
    index/store_verify_log.c \
    index/store_writer.c

# Each kernel for the instructions it uses; which one runs is decided at run time.
index/codes_build.c_CFLAGS := -O3
index/codes_find.c_CFLAGS := -O3
index/scan_avx2.c_CFLAGS := -mavx2 -mpopcnt -O3
index/scan_avx512.c_CFLAGS := -mavx512f -mavx512vpopcntdq -mpopcnt -O3
index/scan_generic.c_CFLAGS := -O3
index/local_find.c_CFLAGS := -O3
index/local_key.c_CFLAGS := -O3
index/local_pack.c_CFLAGS := -O3
index/scan_popcnt.c_CFLAGS := -mpopcnt -O3

INDEX_LIBS := -llmdb -lpthread
