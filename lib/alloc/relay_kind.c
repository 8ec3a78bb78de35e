/* Relays by kind: what they take, and how fast they pass on rows. */
#include "alloc/alloc_int.h"

static const struct relay_kind kinds[ALLOC_KINDS] = {
	/* clang-format off */
	[ALLOC_LAYER]          = { .name = "layer" },
	[ALLOC_SHORTCUT]       = { .name = "shortcut",          .controller = true },
	[ALLOC_CONCAT]         = { .name = "concat",            .controller = true },
	[ALLOC_SPLITTER]       = { .name = "feature_splitter",  .controller = true },
	[ALLOC_SHAPE_SPLITTER] = { .name = "shape_splitter",    .controller = true },
	[ALLOC_PORTAL]         = { .name = "portal",            .in_l3 = true },
	[ALLOC_L4_PORTAL]      = { .name = "l4_portal",         .lazy = true },
	[ALLOC_DDR]            = { .name = "ddr",               .lazy = true, .link = true },
	[ALLOC_FORMAT]         = { .name = "format_conversion" },
	[ALLOC_MUX]            = { .name = "output_mux" },
	/* clang-format on */
};

const struct relay_kind *relay_kind_of(enum alloc_kind k)
{
	return &kinds[k];
}

const char *alloc_kind_name(enum alloc_kind k)
{
	return kinds[k].name;
}

struct need relays_need(const struct unit *u)
{
	const int64_t n = u->relays;

	return (struct need){ .v = { [RES_LCU] = n, [RES_IA] = n, [RES_APU] = n } };
}

bool alloc_is_relay(const struct allocation *a, size_t layer)
{
	return a->layers[layer].kind != ALLOC_LAYER;
}

/* With a controller, a row passes an aligner and an APU; between clusters it goes as fast. */
int64_t relay_cycles(const struct plan *p, enum alloc_kind k, int64_t w, int64_t c,
		     int64_t row_bytes)
{
	const struct target *t = p->t;
	int64_t in =
	    (int64_t)((double)(ceil_div(w, t->ia_values_per_cycle) * c) / t->ia_utilization + 0.5);
	int64_t out = ceil_div(w, t->apu_values_per_cycle) * c;

	if (kinds[k].link)
		return 2 * link_cycles((double)row_bytes, t->bandwidth, t->clock_hz);
	if (k == ALLOC_FORMAT)
		return ceil_div(w * c, t->ppu_values_per_cycle);
	if (k == ALLOC_MUX)
		return 1;
	return in > out ? in : out;
}
