/*
 * Precision modes: which bits a layer's script line asks for, which bits every tensor has.  A
 * tensor has 16 bits when a layer that reads it asks for 16-bit activations, through layers that
 * copy codes too, unless the layer that makes it says otherwise with the third part of its mode.
 */
#include "quant/quant_int.h"

#include <string.h>

/* "a8_w4_a16"; "a8_w4" leaves the output to its readers. */
static const struct {
	const char *name;
	struct qmode mode;
} modes[] = {
	/* clang-format off */
	{ "a8_w8",       { 8,  8,  0 } },
	{ "a8_w4",       { 8,  4,  0 } },
	{ "a16_w16",     { 16, 16, 0 } },
	{ "a16_w8",      { 16, 8,  0 } },
	{ "a16_w4",      { 16, 4,  0 } },
	{ "a8_w8_a8",    { 8,  8,  8 } },
	{ "a8_w8_a16",   { 8,  8,  16 } },
	{ "a8_w4_a8",    { 8,  4,  8 } },
	{ "a8_w4_a16",   { 8,  4,  16 } },
	{ "a16_w16_a8",  { 16, 16, 8 } },
	{ "a16_w16_a16", { 16, 16, 16 } },
	{ "a16_w8_a8",   { 16, 8,  8 } },
	{ "a16_w8_a16",  { 16, 8,  16 } },
	{ "a16_w4_a8",   { 16, 4,  8 } },
	{ "a16_w4_a16",  { 16, 4,  16 } },
	/* clang-format on */
};

bool precision_parse(const char *name, struct qmode *mode)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(name, modes[i].name) == 0) {
			*mode = modes[i].mode;
			return true;
		}
	return false;
}

const char *precision_name(int32_t act, int32_t w, int32_t out)
{
	const char *two = NULL, *three = NULL;

	if (w == 16)
		act = 16; /* 8-bit codes in a layer of 16 bits */
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		const struct qmode *m = &modes[i].mode;

		if (m->act != act || m->w != w)
			continue;
		if (m->out == 0)
			two = modes[i].name;
		else if (m->out == out)
			three = modes[i].name;
	}
	return act == out || !three ? two : three;
}

/* Bits that a reader asks of the values of l; a matmul's weights are its second input. */
static int32_t asked(const struct quant *q, const struct layer *reader, const struct layer *l)
{
	const struct qmode *m = &quant_info(q, reader)->mode;

	if (reader->type == HN_MATMUL && reader->in[0].layer != l)
		return m->w;
	return m->act;
}

/* Bits that readers ask of the values that l makes, through layers that forward them. */
static int32_t wanted(const struct quant *q, const struct layer *l)
{
	int32_t bits = 8;

	for (size_t i = 0; i < l->nsucc && bits == 8; i++) {
		const struct layer *s = l->succ[i];

		if (asked(q, s, l) == 16 || (quant_forwards(s) && wanted(q, s) == 16))
			bits = 16;
	}
	return bits;
}

/* Bytes of a calibration set are codes already: more bits would tell no more. */
static bool holds_bytes(const struct quant *q, const struct layer *l)
{
	const struct qinfo *info = quant_info(q, l);

	return l->type == HN_INPUT && info->bytes && info->mode.act != 16;
}

void precision_bits(struct quant *q)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		struct qinfo *info = &q->info[i];

		if (l->type == HN_INPUT && hn_input_pack(l))
			info->bits = 8; /* a camera's bytes */
		else if (l->nin && quant_forwards(l))
			info->bits = quant_info(q, l->in[0].layer)->bits;
		else if (info->mode.out)
			info->bits = info->mode.out;
		else if (l->type == HN_INPUT && info->mode.act == 16)
			info->bits = 16;
		else
			info->bits = holds_bytes(q, l) ? 8 : wanted(q, l);
	}
}
