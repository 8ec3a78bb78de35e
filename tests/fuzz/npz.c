/* Arrays, alone (.npy) or in an archive (.npz): what is read is written with the same bytes twice.
 */
#include "base/outfile.h"
#include "io/npy.h"
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf *written(const struct tensors *s)
{
	struct err e = { 0 };
	struct buf *b;
	uint64_t n;
	int fd = temp_fd(&e);

	if (fd < 0 || npz_write_fd(fd, s, &n, &e) < 0 || !(b = buf_map_fd(fd, &e)))
		BUG("not written: %s", e.msg);
	close(fd);
	return b;
}

static void try_npy(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct tensor t;

	if (npy_parse(data, size, NULL, &t, &e) < 0) {
		if (!err_is(&e))
			BUG("an error without a message");
		return;
	}
	if (tensor_count(&t))
		(void)tensor_get(&t, tensor_count(&t) - 1);
	tensor_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct tensors *s;
	struct buf *first, *second;

	try_npy(data, size);
	if (!(s = npz_parse(data, size, NULL, &e))) {
		if (!err_is(&e))
			BUG("an error without a message");
		return 0;
	}
	first = written(s);
	tensors_free(s);
	if (!(s = npz_parse(buf_data(first), buf_size(first), first, &e)))
		BUG("what was written is not understood: %s", e.msg);
	second = written(s);
	tensors_free(s);
	if (buf_size(first) != buf_size(second) ||
	    memcmp(buf_data(first), buf_data(second), buf_size(first)) != 0)
		BUG("written differently the second time");
	buf_unref(first);
	buf_unref(second);
	return 0;
}
