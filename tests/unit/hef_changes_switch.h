/* Changes of what contexts hand to each other that break a rule. */
#ifndef HN_TESTS_UNIT_HEF_CHANGES_SWITCH_H
#define HN_TESTS_UNIT_HEF_CHANGES_SWITCH_H

#include "hef_verdict.h"

/* Of two contexts: outputs 1 and 2 of the first are read by the second's layer 2. */
enum {
	SENT = 1,
	ALSO_SENT = 2,
	READ = 2
};

CHANGE(many_streams)
{
	for (int i = 0; i < 16; i++)
		APPEND(core(t)->contexts[1]->metadata, edge_layers, edge_layer(t, 1, READ));
}
CHANGE(source_later)
{
	edge_layer(t, 1, READ)->context_switch_info->connected_contexts[0]->index = 1;
}
CHANGE(source_absent)
{
	edge_layer(t, 1, READ)->context_switch_info->connected_contexts[0]->sys_index = 77;
}
CHANGE(source_frame)
{
	base(t, 1, READ)->padded_height++;
}
CHANGE(buffer_twice)
{
	base(t, 0, ALSO_SENT)->sys_index = base(t, 0, SENT)->sys_index;
	base(t, 0, ALSO_SENT)->engine_id = base(t, 0, SENT)->engine_id + 1;
}
CHANGE(ddr_name)
{
	edge_layer(t, 0, 4)->layer_info->name = arena_strdup(&t->arena, "net/elsewhere");
}

#endif
