/* What the box of a layer says. */
#include "report/picture_int.h"

static const char *unscoped(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

/* "3", or "3x1" when height and width differ. */
static void put_pair(struct str *s, int32_t h, int32_t w)
{
	str_printf(s, "%d", h);
	if (h != w)
		str_printf(s, "\xc3\x97%d", w);
}

static void put_shape(struct str *s, const struct hn_shape *p)
{
	if (p->rank == 2)
		str_printf(s, "%d", p->c);
	else
		str_printf(s, "%d \xc3\x97 %d \xc3\x97 %d", p->h, p->w, p->c);
}

/* "conv 3x3 /2": kernel, stride, dilation, groups where they are not 1. */
static void put_kernel(struct str *s, const struct layer *l)
{
	const struct hn_params *p = &l->p;

	str_puts(s, hn_type_name(l->type));
	if (hn_is(l->type, HNF_WINDOW)) {
		str_printf(s, " %d\xc3\x97%d", p->kernel[0], p->kernel[1]);
		if (p->stride[0] > 1 || p->stride[1] > 1) {
			str_puts(s, " /");
			put_pair(s, p->stride[0], p->stride[1]);
		}
		if (p->dilation[0] > 1 || p->dilation[1] > 1) {
			str_puts(s, " dilation ");
			put_pair(s, p->dilation[0], p->dilation[1]);
		}
	}
	if (hn_is(l->type, HNF_KERNEL) && p->groups > 1 && l->type != HN_DW)
		str_printf(s, " groups %d", p->groups);
}

static void put_part(struct str *s, const char *text)
{
	if (s->len)
		str_puts(s, " \xc2\xb7 ");
	str_puts(s, text);
}

/* "64 -> 128", "relu", "+ add", what a format conversion does. */
static void put_more(struct str *s, const struct layer *l)
{
	const struct hn_params *p = &l->p;

	if (hn_is(l->type, HNF_KERNEL | HNF_BIAS) && l->nin && !hn_is(l->type, HNF_ELTWISE))
		str_printf(s, "%d \xe2\x86\x92 %d", layer_in_shape(l, 0)->c, l->out[0].c);
	if (p->conversion)
		put_part(s, quote(p->conversion));
	if (p->io_type)
		put_part(s, quote(p->io_type));
	if (p->batch_norm)
		put_part(s, "batch norm");
	if (p->elementwise_add)
		put_part(s, "add");
	if (p->activation != ACT_LINEAR)
		put_part(s, hn_act_name(p->activation));
	if (l->quant.precision_mode)
		put_part(s, quote(l->quant.precision_mode));
}

static const char *family_fill(const struct layer *l)
{
	static const char *const fills[][2] = { { "io", "#dfe3e8" },      { "conv", "#cfe2ff" },
						{ "matmul", "#d5d9ff" },  { "pool", "#d3f3df" },
						{ "act", "#ffe3d3" },     { "norm", "#e9dcfb" },
						{ "eltwise", "#ffefc2" }, { "move", "#ececea" },
						{ "resize", "#d2f1f3" },  { "softmax", "#ffd9e3" },
						{ "reduce", "#dcefc8" },  { "nms", "#ffd9e3" } };
	const char *family = hn_type_family(l->type);
	size_t i;

	for (i = 0; i < sizeof fills / sizeof fills[0]; i++)
		if (strcmp(fills[i][0], family) == 0)
			return fills[i][1];
	return "#ffffff";
}

static void take(struct arena *a, struct label *out, struct str *s)
{
	if (s->len)
		out->line[out->n++] = arena_strdup(a, s->p);
	str_release(s);
}

void label_make(struct arena *a, const struct layer *l, const struct picture_opts *o,
		struct label *out)
{
	struct str s = { 0 };

	*out = (struct label){ .fill = family_fill(l),
			       .added = o->before && !graph_find(o->before, l->name) };
	str_puts(&s, quote(unscoped(l->name)));
	take(a, out, &s);
	put_kernel(&s, l);
	take(a, out, &s);
	put_more(&s, l);
	take(a, out, &s);
	for (size_t i = 0; i < l->nout && i < 4; i++) {
		str_puts(&s, i ? ",  " : "");
		put_shape(&s, &l->out[i]);
	}
	if (l->nout > 4)
		str_printf(&s, " and %zu more", l->nout - 4);
	take(a, out, &s);
}

char *label_details(struct arena *a, const struct layer *l)
{
	struct str s = { 0 };
	char *text;

	str_printf(&s, "%s (%s)", quote(l->name), hn_type_name(l->type));
	for (size_t i = 0; i < l->nin; i++)
		str_printf(&s, "\nfrom %s %s", quote(l->in[i].layer->name),
			   hn_shape_text(layer_in_shape(l, i)));
	for (size_t i = 0; i < l->noriginal && i < 16; i++)
		str_printf(&s, "%s%s", i ? ", " : "\noriginally ", quote(l->original_names[i]));
	if (l->quant.bias_mode)
		str_printf(&s, "\nbias %s", quote(l->quant.bias_mode));
	text = arena_strdup(a, s.p);
	str_release(&s);
	return text;
}

bool label_is_added_input(const struct layer *l, size_t i)
{
	return l->p.elementwise_add && i + 1 == l->nin;
}
