/* Rules on operations (hef(5), RULES). */
#include "base/cursor.h"
#include "hef/rules.h"

RULE(trigger_kind)
{
	return s->kind ? 0 : err_set(e, "no trigger");
}

RULE(trigger_received)
{
	if (s->kind != HEF__TRIGGER__KIND_ALL_DATA_WAS_RECEIVED)
		return 0;
	return err_set(e, "trigger_all_data_was_received");
}

RULE(action_kind)
{
	return s->kind ? 0 : err_set(e, "no action");
}

RULE(action_ethernet)
{
	if (s->kind != HEF__ACTION__KIND_WRITE_DATA &&
	    s->kind != HEF__ACTION__KIND_WRITE_COMPRESSED_DATA)
		return 0;
	return err_set(e, "an action of kind %d", s->kind);
}

/* Version 0 has no section to point at. */
RULE(ccw_inline)
{
	bool old = s->h->file.version == HEF_MD5;

	if (s->kind !=
	    (old ? HEF__ACTION__KIND_WRITE_DATA_CCW_PTR : HEF__ACTION__KIND_WRITE_DATA_CCW))
		return 0;
	return err_set(e, "%s, header version %u", old ? "write_data_ccw_ptr" : "write_data_ccw",
		       s->h->file.version);
}

static const Hef__WriteDataCcwPtr *ccw_ptr(const Hef__Action *a)
{
	return a->kind_case == HEF__ACTION__KIND_WRITE_DATA_CCW_PTR ? a->write_data_ccw_ptr : NULL;
}

RULE(ccw_channel)
{
	uint32_t n = s->core->metadata ? s->core->metadata->cfg_channels_count : 0;
	struct hef_words w;

	if (!hef_words_of(s->h, s->action, &w) || w.channel < (n ? n : 1))
		return 0;
	return err_set(e, "channel %u of %u", w.channel, n ? n : 1);
}

RULE(ccw_range)
{
	const Hef__WriteDataCcwPtr *p = ccw_ptr(s->action);
	size_t n = s->h->file.nccws;

	if (!p || (p->offset <= n && p->size <= n - p->offset))
		return 0;
	return err_set(e, "%u bytes at %llu of %zu", p->size, (unsigned long long)p->offset, n);
}

RULE(ccw_words)
{
	struct err why = { 0 };
	struct hef_words w;
	struct cursor c;

	if (!hef_words_of(s->h, s->action, &w))
		return 0;
	if (w.n % 8)
		return err_set(e, "%zu bytes", w.n);
	c = cur_make(w.p, w.n, &why);
	while (cur_left(&c)) {
		struct isa_ccw one;

		if (isa_ccw_next(&c, &one, e) < 0)
			return -1;
		if (one.packed && !hef_has(s->m, EXT_COMPRESSED))
			return err_set(e, "a packed write without extension 5");
	}
	return 0;
}

RULE(ccw_run)
{
	uint32_t run[256] = { 0 };

	for (size_t i = 0; i < s->context->n_operations; i++) {
		const Hef__Operation *o = s->context->operations[i];

		for (size_t k = 0; k < o->n_actions; k++) {
			const Hef__WriteDataCcwPtr *p = ccw_ptr(o->actions[k]);

			if (!p)
				memset(run, 0, sizeof run);
			else if (p->cfg_channel_index < 256 && ++run[p->cfg_channel_index] > 65535)
				return err_set(e, "more on channel %u", p->cfg_channel_index);
		}
	}
	return 0;
}

RULE(dataflow_connection)
{
	const Hef__AllowInputDataflow *a = s->action->allow_input_dataflow;

	if (s->kind != HEF__ACTION__KIND_ALLOW_INPUT_DATAFLOW || a->connection_type <= CONN_CACHE)
		return 0;
	return err_set(e, "connection_type is %u", a->connection_type);
}

RULE(dataflow)
{
	size_t runs = 0;
	bool in_run = false;

	for (size_t i = 0; i < s->context->n_operations; i++) {
		const Hef__Operation *o = s->context->operations[i];

		for (size_t k = 0; k < o->n_actions; k++) {
			bool now =
			    o->actions[k]->kind_case == HEF__ACTION__KIND_ALLOW_INPUT_DATAFLOW;

			runs += now && !in_run;
			in_run = now;
		}
	}
	return runs == 1 ? 0 : err_set(e, "%zu runs", runs);
}

RULE(debug)
{
	const Hef__Debug *d = s->action->debug;

	if (s->kind != HEF__ACTION__KIND_DEBUG)
		return 0;
	if (d->type > 1 ||
	    d->kind_case != (d->type ? HEF__DEBUG__KIND_HALT : HEF__DEBUG__KIND_SLEEP))
		return err_set(e, "type %u, field %d is set", d->type, (int)d->kind_case);
	if (d->type == 0 && d->sleep->duration_in_usec < 1000)
		return err_set(e, "%llu us", (unsigned long long)d->sleep->duration_in_usec);
	return 0;
}

RULE(enable_nms)
{
	const Hef__EnableNms *n = s->action->enable_nms;

	if (s->kind != HEF__ACTION__KIND_ENABLE_NMS || (n->number_of_classes && n->burst_size))
		return 0;
	return err_set(e, "%u classes, burst size %u", n->number_of_classes, n->burst_size);
}

RULE(by_type)
{
	const Hef__WriteDataByType *w = s->action->write_data_by_type;

	if (s->kind != HEF__ACTION__KIND_WRITE_DATA_BY_TYPE)
		return 0;
	if (w->address > UINT32_MAX || w->address % 4 || w->data_type > 1 || w->data.len > 4)
		return err_set(e, "type %u, %zu bytes to %llu", w->data_type, w->data.len,
			       (unsigned long long)w->address);
	return 0;
}

RULE(sequencer_l3)
{
	const Hef__InitialL3 *l3;

	if (s->kind != HEF__ACTION__KIND_ENABLE_SEQUENCER ||
	    !(l3 = s->action->enable_sequencer->initial_l3_info))
		return 0;
	if (l3->initial_l3_index <= 255 && l3->initial_l3_offset <= 65535)
		return 0;
	return err_set(e, "index %u, offset %u", l3->initial_l3_index, l3->initial_l3_offset);
}
