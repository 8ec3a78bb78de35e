/* Script commands about matmul layers; transform_attention.c is what they change of the graph. */
#include "quant/script_int.h"

static int no_matmul(const struct alls_stmt *st, const struct layer *l, struct err *e)
{
	err_set(e, "layer '%s' is no matmul", quote(l->name));
	return alls_in_value(st, alls_get(st, "layers"), e);
}

static int balance(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	/* Public scripts say {*}. */
	if (l->type != HN_MATMUL)
		return alls_by_glob(st) ? 0 : no_matmul(st, l, e);
	quant_info(q, l)->balance = alls_get_switch(st, "policy") == 1;
	q->balance = q->balance || quant_info(q, l)->balance;
	return 0;
}

int script_matmul_equalization(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	return script_each(q, st, balance, e);
}

static int precision(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const char *name = alls_get_text(st, "precision_mode");
	struct qmode mode;

	if (l->type != HN_MATMUL)
		return alls_by_glob(st) ? 0 : no_matmul(st, l, e);
	/* Other modes are stored: alls/table_pre.c. */
	if (alls_get_switch(st, "policy") == 1 && precision_parse(name ? name : "a16_w8", &mode) &&
	    mode.w != 4)
		quant_info(q, l)->mode = mode;
	return 0;
}

int script_matmul_decomposition(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	return script_each(q, st, precision, e);
}
