# The tests, by the room they look at; what a list means is in the Makefile.
include tests/hashing.mk tests/index.mk tests/cli.mk tests/server.mk tests/e2e.mk
