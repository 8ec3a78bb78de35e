/* Changes that leave a file good: forms which the writer does not make. */
#ifndef HN_TESTS_UNIT_HEF_CHANGES_GOOD_H
#define HN_TESTS_UNIT_HEF_CHANGES_GOOD_H

#include "hef_verdict.h"

CHANGE(softmax)
{
	add_logits(t, 1, 1);
}
CHANGE(argmax)
{
	add_logits(t, 0, 2);
}
CHANGE(yolov8)
{
	add_yolov8(t);
}
CHANGE(yolov5)
{
	add_yolov5(t);
}
CHANGE(yolov5_bbox)
{
	add_yolov5(t)->bbox_decoding_only = true;
}
CHANGE(seg)
{
	add_seg(t, "net/conv2");
}
CHANGE(yolov8_bbox)
{
	add_yolov8(t)->bbox_decoding_only = true;
}
CHANGE(background)
{
	Hef__NmsOp *n = add_yolov8(t);

	n->classes = 3;
	n->background_removal = true;
	n->background_removal_index = 2;
}
CHANGE(yolox)
{
	add_yolox(t);
}
CHANGE(ssd)
{
	add_ssd(t);
}
CHANGE(iou)
{
	NEW(i, Hef__IouNms, hef__iou_nms);

	make_nms_info(t, OUT2);
	add_nms(t, HEF__NMS_OP__KIND_IOU)->iou = i;
}
CHANGE(burst)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);

	add_extension(t, 19);
	n->burst_type = 1;
	n->burst_size = 30;
	n->input_division_factor = 2;
}
CHANGE(fused)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);
	NEW(d, Hef__DefuseInfo, hef__defuse_info);

	d->original_name = arena_strdup(&t->arena, "net/fused");
	n->is_defused = true;
	n->defuse_info = d;
	make_fused(t, "net/fused", OUT1);
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names, d->original_name);
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names,
	       arena_strdup(&t->arena, "net/conv2"));
}
CHANGE(networks)
{
	add_optional(t, 8);
	core(t)->networks_names[0] = group(t)->networks_names[0] = arena_strdup(&t->arena, "a");
}
CHANGE(nhcw)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	t->m->n_optional_extensions = 0;
	b->format = 1;
	b->padded_width = 16;
	b->core_bytes_per_buffer = 128;
}
CHANGE(transposed)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	edge_layer(t, 0, OUT2)->layer_info->transposed = true;
	b->width = 4;
}
CHANGE(sixteen)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	b->data_bytes = 2;
	b->core_bytes_per_buffer *= 2;
}
CHANGE(hailo15h)
{
	t->m->header->hw_arch = HEF__HW_ARCH__HAILO15H;
	add_yolov8(t);
}
CHANGE(mux)
{
	make_mux(t, IN);
}
CHANGE(planes)
{
	make_planes(t);
}
CHANGE(nms)
{
	make_nms_info(t, OUT1);
}
CHANGE(legacy)
{
	Hef__NetworkGroup *g = group(t);

	g->contexts = core(t)->contexts;
	g->n_contexts = core(t)->n_contexts;
	g->preliminary_config = core(t)->preliminary_config;
	g->n_ops = 0;
	remove_extension(t, 13);
}

#endif
