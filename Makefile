# hntools: one Makefile, objects outside the source.  A new file in cmd/ is a tool, a new file in
# lib/*/ is in the library.  make DEV=1: -Werror.  make SAN=1: ASan+UBSan in build/san.
include config.mk
.DELETE_ON_ERROR:
# A comma that may stand in an argument of a function.
, := ,
O := $(if $(SAN),build/san,build)

HN_CPPFLAGS := -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64 -Ilib -I$(O)/gen \
	-DHN_VERSION='"$(VERSION)"' -DHN_SHAREDIR='"$(SHAREDIR)"' -include base/banned.h
HN_CFLAGS := -std=c11 -ffp-contract=off -fopenmp -Wall -Wextra -Wpedantic -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla \
	-Wundef -Wformat=2 -Wno-pass-failed $(if $(DEV),-Werror) \
	$(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
HN_LDFLAGS := -fopenmp -Wl,--as-needed $(if $(SAN),-fsanitize=address$(,)undefined)
HN_LDLIBS := -ldnnl -lprotobuf-c -ljansson -ltar -lzip -lzstd -lz -lxxhash -lyaml -lsnappy -lpng -lturbojpeg -lm

TOOLS  := $(basename $(notdir $(wildcard cmd/*.c)))
SHELLS := $(basename $(notdir $(wildcard cmd/*.sh)))
PROTOS := $(patsubst lib/%.proto,%,$(wildcard lib/*/*.proto))
PBOBJ  := $(PROTOS:%=$(O)/gen/%.pb-c.o)
LIBOBJ := $(patsubst %.c,$(O)/%.o,$(wildcard lib/*/*.c)) $(PBOBJ)
UNITS  := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/*.c))
GENS   := $(patsubst tests/gen/%.c,$(O)/tests/gen/%,$(wildcard tests/gen/*.c))
FUZZ   := $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))

all: $(TOOLS:%=$(O)/bin/%) $(SHELLS:%=$(O)/bin/%)

$(O)/libhn.a: $(LIBOBJ)
	rm -f $@
	$(AR) rcsD $@ $^
$(O)/bin/%: $(O)/cmd/%.o $(O)/libhn.a
	@mkdir -p $(@D)
	$(CC) $(HN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(HN_LDLIBS) $(LDLIBS)
$(O)/bin/%: cmd/%.sh
	@mkdir -p $(@D)
	sed 's|@SHAREDIR@|$(SHAREDIR)|g; s|@VERSION@|$(VERSION)|g' $< > $@
	chmod 755 $@
$(O)/tests/%: $(O)/tests/%.o $(O)/libhn.a
	@mkdir -p $(@D)
	$(CC) $(HN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(O)/libhn.a $(HN_LDLIBS) $(LDLIBS)
# Generators of ONNX models share the writer.
$(O)/tests/gen/mkonnx $(O)/tests/gen/mkarch: $(O)/tests/gen/onnx/onnxw.o
$(O)/tests/gen/mksaved: $(patsubst %.c,$(O)/%.o,$(wildcard tests/gen/saved/*.c))
$(O)/tests/gen/onnx2tf: $(O)/tests/gen/tf/tfout.o
$(O)/tests/gen/mktf $(O)/tests/gen/onnx2tf: $(O)/tests/gen/tf/tfgraph.o $(O)/tests/gen/onnx/onnxw.o
$(O)/tests/gen/mkarch: $(patsubst %.c,$(O)/%.o,$(wildcard tests/gen/arch/*.c))
$(O)/tests/gen/detect: $(patsubst %.c,$(O)/%.o,$(wildcard tests/gen/det/*.c))
$(O)/tests/gen/mutonnx: $(patsubst %.c,$(O)/%.o,$(wildcard tests/gen/mut/*.c))
$(O)/tests/gen/mutonnx.o $(O)/tests/gen/onnx2tf.o $(patsubst %.c,$(O)/%.o,$(wildcard tests/gen/mut/*.c)): | $(O)/gen/onnx/onnx.pb-c.h
# Without a fuzzing engine, a target replays its corpus.
$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/replay.o $(O)/libhn.a
	$(CC) $(HN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(HN_LDLIBS) $(LDLIBS)
$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HN_CPPFLAGS) $(CPPFLAGS) $(HN_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
# Generated protobuf code is compiled without our warnings.
$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: lib/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=lib --c_out=$(O)/gen $<
$(O)/gen/%.pb-c.o: $(O)/gen/%.pb-c.c
	$(CC) -I$(O)/gen $(CPPFLAGS) $(CFLAGS) -w -c -o $@ $<
$(LIBOBJ): | $(PROTOS:%=$(O)/gen/%.pb-c.h)
-include $(wildcard $(O)/cmd/*.d $(O)/lib/*/*.d $(O)/tests/*/*.d $(O)/tests/*/*/*.d)

check: all $(UNITS) $(GENS) $(FUZZ)
	O=$(O) tests/run
check-fixtures: all $(GENS)
	O=$(O) tests/run-fixtures
bench: all $(GENS)
	O=$(O) scripts/bench
lint: all
	scripts/check-style
format:
	clang-format -i $$(git ls-files '*.c' '*.h')
fuzz:
	scripts/fuzz
print-libs:
	@echo $(HN_LDLIBS) $(LDLIBS)
# The support matrix of hn-layers(7), from the tables of the stages.
man-layers: $(O)/tests/gen/layer-matrix
	$< | sed -e '/^\.\\" MATRIX$$/r /dev/stdin' -e '/^\.\\" MATRIX$$/,/^\.\\" MATRIX END$$/{//!d}' \
		man/man7/hn-layers.7 > $(O)/hn-layers.7
	mv $(O)/hn-layers.7 man/man7/hn-layers.7
# The command table of alls(5), from the table that the tools read.
man-alls: $(O)/tests/gen/alls-table
	$< | sed -e '/^\.\\" TABLE$$/r /dev/stdin' -e '/^\.\\" TABLE$$/,/^\.\\" TABLE END$$/{//!d}' \
		man/man5/alls.5 > $(O)/alls.5
	mv $(O)/alls.5 man/man5/alls.5
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SHAREDIR)
	install -m 755 $(O)/bin/* $(DESTDIR)$(PREFIX)/bin
	cp -R share/. $(DESTDIR)$(SHAREDIR)
	for s in 1 5 7; do install -d $(DESTDIR)$(MANDIR)/man$$s && \
		install -m 644 man/man$$s/*.$$s $(DESTDIR)$(MANDIR)/man$$s; done
uninstall:
	for t in $(TOOLS) $(SHELLS); do rm -f $(DESTDIR)$(PREFIX)/bin/$$t; done
	for f in man/man?/*; do rm -f $(DESTDIR)$(MANDIR)/$${f#man/}; done
	rm -rf $(DESTDIR)$(SHAREDIR)
dist:
	git archive --prefix=hntools-$(VERSION)/ -o hntools-$(VERSION).tar.gz HEAD
clean:
	rm -rf build
.PHONY: all check check-fixtures bench lint format fuzz man-layers man-alls print-libs install uninstall dist clean
.SECONDARY:
