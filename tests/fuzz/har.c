/* Bundles: what is read is written, read and written again with the same bytes. */
#include "base/outfile.h"
#include "hn/hn.h"
#include "io/bundle.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf *written(struct bundle *b)
{
	struct err e = { 0 };
	struct buf *bytes;
	char path[64];

	snprintf(path, sizeof path, "/tmp/hn-fuzz-har.%ld", (long)getpid());
	if (bundle_write(b, path, COMPRESS_NONE, &e) < 0 ||
	    !(bytes = buf_read(path, UINT64_MAX, &e)))
		BUG("not written: %s", e.msg);
	unlink(path);
	return bytes;
}

static void look(struct bundle *b)
{
	struct err e = { 0 };

	graph_free(bundle_get_graph(b, "hn", &e));
	e = (struct err){ 0 };
	tensors_free(bundle_get_npz(b, "npz", &e));
	e = (struct err){ 0 };
	bundle_require(b, STATE_HAILO_MODEL, STATE_COMPILED, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct bundle *b = bundle_parse(data, size, &e);
	struct buf *first, *second;

	if (!b) {
		if (!err_is(&e))
			BUG("an error without a message");
		return 0;
	}
	look(b);
	first = written(b);
	bundle_free(b);
	if (!(b = bundle_parse(buf_data(first), buf_size(first), &e)))
		BUG("what was written is not understood: %s", e.msg);
	second = written(b);
	bundle_free(b);
	if (buf_size(first) != buf_size(second) ||
	    memcmp(buf_data(first), buf_data(second), buf_size(first)) != 0)
		BUG("written differently the second time");
	buf_unref(first);
	buf_unref(second);
	return 0;
}
