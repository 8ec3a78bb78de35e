/*
 * Data that goes into and comes out of an emulated or simulated network: arrays by input, results
 * by output, accuracy against labels.  Shared by hn-infer and hef-run, so that both read and write
 * the same bytes.  Images are read and written in batches; memory does not grow with their number.
 */
#ifndef HN_EMU_DATASET_H
#define HN_EMU_DATASET_H

#include "base/mem.h"
#include "hn/pack.h"

/* One input or output of a network. */
struct io_port {
	const char *name; /* full name of its layer; borrowed */
	struct hn_shape shape;
	int32_t bits;       /* codes of 8 or 16 bits; 0: float */
	int32_t zp;         /* encoding of codes: real = scale (code - zp) */
	const float *scale; /* 1 or c values; borrowed */
	size_t nscale;
	enum hn_pack pack;             /* inputs: as in struct emu_feed */
	const char *format, *standard; /* inputs: as in struct emu_feed */
};

/* Bytes of one image of a port. */
size_t io_port_bytes(const struct io_port *p);

/* Arrays for all inputs of a network, mapped from files. */
struct dataset;
/*
 * specs: "F.npy" for a network with one input, or "LAYER=F.npy" with the layer's full or unscoped
 * name.  Every port needs one; shapes are checked, all must hold the same number of images.  before
 * (emu/host.h; NULL: nothing): what the host does with the arrays in front of the ports.  Both must
 * outlive the data set.
 */
struct host;
struct dataset *dataset_open(const char *const *specs, size_t nspecs, const struct io_port *ports,
			     size_t nports, struct host *before, struct err *e);
size_t dataset_count(const struct dataset *d); /* images */
/*
 * Images [from, from + n) of port i, NHWC: floats, or codes by the port's encoding.  A uint8 array
 * passes through unchanged where the encoding is scale 1, zero point 0.  Not-a-number has no code:
 * an error that names the image.
 */
int dataset_load(const struct dataset *d, size_t i, size_t from, size_t n, void *out,
		 struct err *e);
void dataset_free(struct dataset *d); /* NULL is fine */

/* Results of all outputs, collected in unlinked temporary files. */
struct results;
/* raw: keep codes as they are (uint8, uint16); otherwise everything becomes float32. */
struct results *results_new(const struct io_port *ports, size_t nports, bool raw);
/* n further images of port i: floats or codes, as the port says. */
int results_add(struct results *r, size_t i, const void *data, size_t n, struct err *e);
/*
 * Writes one array as .npy, several (or always, with a path that ends in .npz) as .npz with the
 * ports' names as keys.  "-" is standard output.
 */
int results_write(struct results *r, const char *path, struct err *e);
/* Puts the arrays into `all`, under the ports' names. */
int results_collect(struct results *r, struct tensors *all, struct err *e);
void results_free(struct results *r); /* NULL is fine */

/* n images of a port as floats, whatever their encoding. */
void io_port_floats(const struct io_port *p, const void *data, size_t n, float *out);

/* Top-k accuracy of one output against labels. */
struct accuracy;
/*
 * labels: .npy of integers, one per image (or per pixel of the output); top: "1,5".  images: what
 * the data set holds, the labels must be as many.
 */
struct accuracy *accuracy_open(const char *labels, const char *top, const struct io_port *port,
			       size_t images, struct err *e);
/* The next n images of the port.  Of equal scores the lowest class wins. */
int accuracy_add(struct accuracy *a, const void *data, size_t n, struct err *e);
/* One line per k: "top-1 0.7855 (1571/2000)". */
void accuracy_print(const struct accuracy *a, struct str *out);
void accuracy_free(struct accuracy *a); /* NULL is fine */

#endif
