/* Rules on the bases of edge layers: shape, transfer, quantization (hef(5), RULES). */
#include "hef/rules.h"

#include <math.h>

enum {
	FORMAT_NMS = 6,
	PAGE_BYTES = 4096, /* a descriptor page of the device's memory controller */
	DDR_UNIT = 512
};

RULE(base_present)
{
	return s->base ? 0 : err_set(e, "no edge_layer_base");
}

RULE(data_bytes)
{
	uint32_t n = s->base->data_bytes;

	return n == 1 || n == 2 ? 0 : err_set(e, "data_bytes is %u", n);
}

static bool is_boundary(const struct site *s)
{
	return hef_connection(s->layer) == CONN_BOUNDARY;
}

RULE(buffer_indices)
{
	if (!is_boundary(s) || s->base->n_buffer_indices == 1)
		return 0;
	return err_set(e, "%zu buffer_indices", s->base->n_buffer_indices);
}

RULE(format)
{
	uint32_t f = s->base->format;

	if (f <= 8 || f == 11 || (f >= 13 && f <= 16))
		return 0;
	return err_set(e, "format is %u", f);
}

enum {
	FORMAT_YUY2 = 11,
	FORMAT_YYUV = 14,
	FORMAT_YYYYUV = 16
};

/* What HailoRT's transformations of camera formats rely on: it copies rows whose ends it knows. */
RULE(packed)
{
	const Hef__EdgeLayerBase *b = s->base;
	bool planes = b->format >= FORMAT_YYUV && b->format <= FORMAT_YYYYUV;

	if (b->format != FORMAT_YUY2 && !planes)
		return 0;
	if (is_boundary(s) && s->layer->direction)
		return err_set(e, "an output has format %u", b->format);
	if (b->width % 2 || b->features != (planes ? 3 : 2) || b->padded_features != b->features ||
	    b->padded_height != b->height || (!planes && b->padded_width != b->width))
		return err_set(e, "format %u, %ux%ux%u padded to %ux%ux%u", b->format, b->height,
			       b->width, b->features, b->padded_height, b->padded_width,
			       b->padded_features);
	return 0;
}

RULE(host_argmax)
{
	return s->base->host_argmax ? err_set(e, "host_argmax is set") : 0;
}

RULE(shape)
{
	const Hef__EdgeLayerBase *b = s->base;

	if (b->height && b->width && b->features && b->padded_height >= b->height &&
	    b->padded_width >= b->width && b->padded_features >= b->features)
		return 0;
	return err_set(e, "%ux%ux%u padded to %ux%ux%u", b->height, b->width, b->features,
		       b->padded_height, b->padded_width, b->padded_features);
}

static uint64_t row_bytes(const Hef__EdgeLayerBase *b)
{
	/* Features are below 2^32 and data_bytes at most 2: only the last product may overflow. */
	uint64_t v = (uint64_t)b->padded_features * b->data_bytes;

	return v > UINT64_MAX / b->padded_width ? UINT64_MAX : v * b->padded_width;
}

static uint64_t frame_bytes(const Hef__EdgeLayerBase *b)
{
	uint64_t row = row_bytes(b);

	return row > UINT64_MAX / b->padded_height ? UINT64_MAX : row * b->padded_height;
}

/* A stream whose frame has the layer's shape: not an NMS, whose size depends on what it finds. */
static bool is_frame(const struct site *s)
{
	return s->stream && s->base->format != FORMAT_NMS;
}

RULE(core_frame)
{
	const Hef__EdgeLayerBase *b = s->base;
	uint64_t core = (uint64_t)b->core_bytes_per_buffer * b->core_buffers_per_frame;

	if (!is_frame(s) || core == frame_bytes(b))
		return 0;
	return err_set(e, "%u x %u bytes for a frame of %llu", b->core_bytes_per_buffer,
		       b->core_buffers_per_frame, (unsigned long long)frame_bytes(b));
}

/* HailoRT looks for a divisor of the frame downwards from the row. */
RULE(transfer)
{
	const Hef__EdgeLayerBase *b = s->base;
	uint32_t unit = hef_connection(s->layer) == CONN_DDR ? DDR_UNIT : 8;
	uint64_t frame, row, max = hef_max_periph(s->m);

	if (!is_frame(s))
		return 0;
	frame = frame_bytes(b);
	row = row_bytes(b);
	if (b->max_shmifo_size && b->max_shmifo_size <= PAGE_BYTES)
		return err_set(e, "max_shmifo_size is %u", b->max_shmifo_size);
	if (b->max_shmifo_size && b->max_shmifo_size - PAGE_BYTES - 1 < max)
		max = b->max_shmifo_size - PAGE_BYTES - 1;
	if (row > max)
		row = max;
	for (uint64_t d = row / unit * unit; d >= unit; d -= unit) {
		if (frame % d == 0)
			return 0;
	}
	return err_set(e, "a frame of %llu bytes, rows of %llu, transfers of at most %llu",
		       (unsigned long long)frame, (unsigned long long)row_bytes(b),
		       (unsigned long long)max);
}

/* The members of a mux carry the quantization, not the mux. */
static bool has_values(const struct site *s)
{
	return is_boundary(s) &&
	       (!s->stream || s->layer->edge_case != HEF__EDGE_LAYER__EDGE_LAYER_MUX);
}

RULE(numeric)
{
	const Hef__NumericInfo *n = s->leaf->numeric;

	if (!has_values(s) || s->base->format == FORMAT_NMS)
		return 0;
	if (!n)
		return err_set(e, "no numeric_info");
	if (!isfinite(n->qp_scale) || !isfinite(n->qp_zp) || n->qp_scale <= 0)
		return err_set(e, "scale %g, zero point %g", (double)n->qp_scale, (double)n->qp_zp);
	return 0;
}

static bool all_equal(const double *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (v[i] != v[0])
			return false;
	}
	return true;
}

RULE(qp_vectors)
{
	const Hef__NumericInfo *n = s->leaf->numeric;
	bool output = s->layer->direction == 1;
	size_t c = output && s->base->format == FORMAT_NMS ? 2 : s->base->features;
	size_t nz = n ? n->n_qp_zps : 0, ns = n ? n->n_qp_scales : 0;

	if (!has_values(s) || !hef_has(s->m, EXT_SCALE_PER_FEATURE))
		return 0;
	if (output ? nz != c || ns != c : nz < c || ns < c)
		return err_set(e, "%zu zero points, %zu scales for %zu features", nz, ns, c);
	if (!output && (!all_equal(n->qp_zps, nz) || !all_equal(n->qp_scales, ns)))
		return err_set(e, "entries of an input differ");
	return 0;
}

RULE(nms_burst)
{
	const Hef__NmsInfo *n = hef_nms_info(s->base);
	bool h8 = hef_is_h8(s->m);

	if (!n || s->base->format != FORMAT_NMS)
		return 0;
	if (!hef_has(s->m, EXT_NMS_BURST))
		return n->burst_type
			   ? err_set(e, "burst_type %u without extension 19", n->burst_type)
			   : 0;
	if (h8 ? n->burst_type != 1 : n->burst_type != 2 && n->burst_type != 3)
		return err_set(e, "burst_type is %u", n->burst_type);
	if (n->bbox_size && n->burst_size > 65536 / n->bbox_size)
		return err_set(e, "bursts of %u boxes of %llu bytes", n->burst_size,
			       (unsigned long long)n->bbox_size);
	return 0;
}

RULE(nms_defuse)
{
	const Hef__NmsInfo *n = hef_nms_info(s->base);
	const Hef__FusedLayersMetadata *f = s->core->fused;

	if (!n || !n->is_defused)
		return 0;
	if (!n->defuse_info || n->defuse_info->class_group_index >= 9 ||
	    strlen(n->defuse_info->original_name) > HEF_MAX_NAME)
		return err_set(e, "class group or name is out of range");
	for (size_t i = 0; f && i < f->n_fused_layers; i++) {
		const Hef__EdgeLayerInfo *l = f->fused_layers[i]->layer_info;

		if (l && strcmp(l->name, n->defuse_info->original_name) == 0)
			return 0;
	}
	return err_set(e, "no fused layer '%s'", quote(n->defuse_info->original_name));
}
