/* Every maximum a reader of foreign bytes holds to, with its reason. */
#ifndef HN_BASE_LIMITS_H
#define HN_BASE_LIMITS_H

enum {
	LIMIT_RANK = 8,      /* dimensions of a tensor in any file */
	LIMIT_DIM = 1 << 24, /* one activation dimension: larger than any image row or vocabulary */
	LIMIT_LAYERS = 100000, /* layers or nodes; the largest published net has some thousands */
	LIMIT_INPUTS = 4096,   /* inputs of one layer: a concat of a dense block has some hundred */
	LIMIT_NAME = 1024,     /* bytes of a name in a foreign model */
	LIMIT_JSON_DEPTH = 64, /* nesting of a JSON document */
	LIMIT_MEMBERS = 4096,  /* members of a tar */
	LIMIT_NPZ_MEMBERS = 1000000,   /* arrays of an npz: some ten per layer */
	LIMIT_SCRIPT_BYTES = 16 << 20, /* a model script; the largest published one has 200 kB */
	LIMIT_FEATURES = 1 << 20,      /* channels of one tensor */
	LIMIT_KERNEL = 4096            /* height or width of a kernel, stride, dilation, pad */
};

#define LIMIT_TENSOR_BYTES (1LL << 36) /* one tensor in memory: 64 GiB */
#define LIMIT_MEMBER_BYTES (1LL << 37) /* one member of a bundle: 128 GiB */
#define LIMIT_ACTIVATION   (1LL << 32) /* elements of one activation tensor of one image */
#define LIMIT_IMAGES       (1LL << 30) /* of a calibration set; with the former, counts fit 64 bits */

#endif
