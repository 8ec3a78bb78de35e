/* What the files of io share among themselves. */
#ifndef HN_IO_IO_INT_H
#define HN_IO_IO_INT_H

#include "base/mem.h"
#include "base/outfile.h"
#include "io/tensor.h"
#include <stdint.h>

/* Half precision, as IEEE 754 says; to half rounds to nearest even and overflows to infinity. */
double half_to_double(uint16_t h);
uint16_t half_from_double(double v);

/* Zip archives (zip.c, the door to libzip).  One member: its bytes, inside owner or inflated. */
struct zip_member {
	const char *name; /* valid during the call */
	const void *data;
	size_t size;
	struct buf *owner; /* borrowed; NULL: the bytes end with the call */
};
typedef int (*zip_member_fn)(const struct zip_member *m, void *ctx, struct err *e);

/* Calls fn for every member in archive order; checks CRCs, sizes against what is there, overlaps.
 */
int zip_each(const void *data, size_t n, struct buf *owner, zip_member_fn fn, void *ctx,
	     struct err *e);

/* One member to write: two pieces in a row, borrowed until zip_put returns. */
struct zip_piece {
	char *name;
	const void *head;
	size_t head_size;
	const void *body;
	size_t body_size;
};
/*
 * Writes a stored archive at the current offset of a seekable file; members are placed so that each
 * head starts at a multiple of 64 from that offset.  *size is the archive's length.
 */
int zip_put(int fd, const struct zip_piece *v, size_t n, uint64_t *size, struct err *e);

/* Tar archives (tar.c, the door to libtar): flat, regular files only. */
enum {
	TAR_BLOCK = 512
};
/* True when data begins like a tar archive. */
bool tar_sniff(const void *data, size_t n);
typedef int (*tar_member_fn)(const char *name, const void *data, size_t n, void *ctx,
			     struct err *e);
/* Calls fn for each member; checks names, types, sizes, the end mark. */
int tar_each(const void *data, size_t n, tar_member_fn fn, void *ctx, struct err *e);
/* -1 when a bundle cannot hold a member of this name: folders, "..", control characters. */
int tar_check_name(const char *name, struct err *e);
/* Appends the header blocks of a member of `size` bytes; the data, padded to 512, follow. */
void tar_put_head(const char *name, uint64_t size, struct str *out);

/*
 * Compressed streams: gz.c and zst.c are the doors to zlib and zstd.  unpack writes the data to fd,
 * at most max bytes; a stream that ends early is an error.
 */
int gz_unpack(const void *data, size_t n, int fd, uint64_t max, struct err *e);
int zst_unpack(const void *data, size_t n, int fd, uint64_t max, struct err *e);

/* What a packed bundle is written through; put with `last` set ends the stream. */
struct sink {
	struct outfile *out; /* borrowed */
	void *state;         /* of the compressor */
	int (*put)(struct sink *s, const void *p, size_t n, bool last, struct err *e);
	void (*release)(struct sink *s);
};
struct sink gz_sink(struct outfile *out);
struct sink zst_sink(struct outfile *out);

struct image_fit;
/* Where an image goes and what size it must have. */
struct pixels {
	size_t h;
	size_t w;
	size_t c;                    /* 1: gray, 3: RGB */
	uint8_t *out;                /* h w c bytes */
	const struct image_fit *fit; /* images of other sizes become so; NULL: are refused */
};
/* png.c and jpeg.c are the doors to libpng and libjpeg-turbo. */
bool png_sniff(const void *data, size_t n);
int png_decode(const void *data, size_t n, const struct pixels *p, struct err *e);
/* Height and width that a file claims. */
int png_size(const void *data, size_t n, size_t *h, size_t *w, struct err *e);
int jpeg_size(const void *data, size_t n, size_t *h, size_t *w, struct err *e);
bool jpeg_sniff(const void *data, size_t n);
int jpeg_decode(const void *data, size_t n, const struct pixels *p, struct err *e);
/* The message for an image of another size; returns -1. */
int pixels_differ(const struct pixels *p, size_t h, size_t w, struct err *e);

#endif
