/* The one order of passes.  Each starts from a linked graph with shapes. */
#include "pass/edit.h"
#include "pass/passes.h"

static const struct pass passes[] = {
	/* clang-format off */
	{ "modify",              pass_modify,
	  "first: the script names layers of the parsed model" },
	{ "fold_batch_norm",     pass_fold_batch_norm,
	  "before any scaling: the cut-off looks at the trained variances" },
	{ "plain_batch_norm",    pass_plain_batch_norm,
	  "makes what is left of batch norm a normalization, so that the next passes see one kind" },
	{ "remove_identity",     pass_remove_identity,
	  "before fusing: an identity in between hides a neighbour" },
	{ "merge_normalization", pass_merge_normalization,
	  "chains of scalings become one, which then folds as a whole" },
	{ "fold_normalization",  pass_fold_normalization,
	  "before activation fusing: it folds into linear layers only" },
	{ "fuse_activation",     pass_fuse_activation,
	  "after everything that needs a linear layer in front of it" },
	{ "fuse_add",            pass_fuse_add,
	  "last: the added input stops every other change of the layer" },
	/* clang-format on */
};

const struct pass *pass_list(size_t *n)
{
	*n = sizeof passes / sizeof passes[0];
	return passes;
}

int pass_run(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e)
{
	for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
		if (graph_infer_shapes(g, e) < 0 || passes[i].run(g, w, o, e) < 0)
			return -1;
		edit_sweep(g, w);
	}
	return graph_validate(g, w, e);
}

int pass_fuse(struct graph *g, struct tensors *w, struct err *e)
{
	const struct pass_opts o = { .null_channels_cutoff_factor = 0 };

	return pass_run(g, w, &o, e);
}
