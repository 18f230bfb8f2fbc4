/* replay.c - feeds kept inputs to a fuzz target without a fuzzer, so that `make check`
 * goes through them with any compiler: replay FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_INPUT ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the whole file into memory of exactly its size, so that the address sanitizer
 * sees a read past its end. Returns -1 if it cannot be read. */
static int replay(const char *path, uint8_t *whole)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return -1;
    }
    size_t n = fread(whole, 1, MAX_INPUT, f);
    (void)fclose(f);
    uint8_t *exact = malloc(n > 0 ? n : 1);
    if (exact == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        exact[i] = whole[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    uint8_t *whole = malloc(MAX_INPUT);
    int rc = whole == NULL ? -1 : 0;
    for (int i = 1; i < argc && rc == 0; i++) {
        rc = replay(argv[i], whole);
    }
    free(whole);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
