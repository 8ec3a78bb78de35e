/*
 * Packed images: what cameras give and a format_conversion directly behind an input layer unpacks
 * (guide 5.3.3, input_conversion; formats: FOURCC YUY2, NV12, NV21, I420; RGBX).
 *
 * A packed input has the shape that HailoRT gives it (hef(5)).  Inside a network its rows hold
 * everything that the image rows made of them need, as on the device: of NV12, NV21 and I420 one
 * row is two rows of Y and the U and V of both.  On the host, in files, the planes of these three
 * lie one after another; kernel/pack.h puts rows together.
 */
#ifndef HN_HN_PACK_H
#define HN_HN_PACK_H

#include "hn/hn.h"

/* The number stands in records and programmes: append only. */
enum hn_pack {
	PACK_NONE,
	PACK_YUY2, /* [h,w,2]: Y0 U Y1 V */
	PACK_NV12, /* [h/2,w,3], rows of w Y, w Y, w/2 pairs U V */
	PACK_NV21, /* the same with pairs V U */
	PACK_I420, /* rows of w Y, w Y, w/2 U, w/2 V */
	PACK_RGBX, /* [h,w,4]: R G B and one that is ignored */
	PACK_COUNT
};

/* What is to be known about a format. */
struct hn_packing {
	const char *kind;   /* conversion_type: "nv12_to_hailo_yuv" */
	const char *hybrid; /* input_conversion that adds yuv_to_rgb to it; NULL: there is none */
	const char *format; /* what the input is: "nv12"; translate-dataset(1) makes it */
	const char *gives;  /* what comes out: "yuv" or "rgb" */
	int32_t features;   /* of the packed shape */
	int32_t rows, cols; /* rows of the image in one packed row; its width is a multiple */
	bool emulated;      /* emulator_support=True is possible (guide) */
};
/* The row of a format but PACK_NONE. */
const struct hn_packing *hn_packing(enum hn_pack p);
/* The format that a conversion_type unpacks; PACK_NONE for others and NULL. */
enum hn_pack hn_pack_of(const char *kind);
/* The format that a layer unpacks. */
enum hn_pack layer_pack(const struct layer *l);

/* A conv that exchanges R and B: its values are its input's, so it has its input's encoding. */
bool layer_swaps_colors(const struct layer *l);

/* The format of an input layer's values; PACK_NONE: they are not packed.  The graph is linked. */
enum hn_pack hn_input_pack(const struct layer *input);
/*
 * The layer at which emulation and calibration feed an input: itself, or the conversion behind it
 * that is part of the compiled model only (no emulator_support), which they pass over.
 */
const struct layer *hn_fed(const struct layer *input);
/* False for a layer that emulation passes over: an input, when it is fed behind itself. */
bool hn_is_emulated(const struct layer *l);
/*
 * What an image for an input must be, as translate-dataset names it: "nv12", "yuv", "bgr" ...;
 * fed: as emulation takes it; else as the compiled model does.  NULL: nothing special.
 */
const char *hn_input_format(const struct layer *input, bool fed);
/* The standard of its Y, U and V, as translate-dataset names it, when it is not the usual one. */
const char *hn_input_standard(const struct layer *input);

#endif
