/*
 * mkarch ARCH OUT.onnx [--thin N] [--size N] [--classes N] [--raw] [--opset N]: the ONNX model of a
 * well-known architecture with seeded weights.  --thin divides the channel counts, --size is the
 * image's, --raw leaves the decoding of boxes out.  Without operands: the architectures.
 */
#include "arch/arch.h"
#include <stdio.h>

static const struct {
	const char *name;
	void (*make)(struct arch *a);
} archs[] = {
	/* clang-format off */
	{ "mobilenet_v1", arch_mobilenet_v1 },
	{ "mobilenet_v2", arch_mobilenet_v2 },
	{ "resnet_v1_18", arch_resnet_v1_18 },
	{ "resnet_v1_50", arch_resnet_v1_50 },
	{ "ssd_mobilenet_v1", arch_ssd_mobilenet_v1 },
	{ "ssd_mobilenet_v2", arch_ssd_mobilenet_v2 },
	{ "yolov5m_6.1",  arch_yolov5m_6_1 },
	{ "yolov5n_seg",  arch_yolov5n_seg },
	{ "yolov5s",      arch_yolov5s },
	{ "yolov5s_2.0",  arch_yolov5s_2_0 },
	{ "yolov6n",      arch_yolov6n },
	{ "yolov6n_0.2",  arch_yolov6n_0_2 },
	{ "yolov7",       arch_yolov7 },
	{ "yolov7_tiny",  arch_yolov7_tiny },
	{ "yolov8n",      arch_yolov8n },
	{ "yolov8s",      arch_yolov8s },
	{ "yolox_s",      arch_yolox_s },
	/* clang-format on */
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int usage(void)
{
	fprintf(stderr, "usage: mkarch ARCH OUT.onnx [--thin N] [--size N] [--classes N] [--raw] "
			"[--opset N]\n");
	return 2;
}

static int options(struct arch *a, int64_t *opset, int n, char **v)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(v[i], "--raw") == 0) {
			a->raw = true;
			continue;
		}
		if (i + 1 == n)
			return -1;
		if (strcmp(v[i], "--thin") == 0)
			a->thin = (int)onnxw_integer(v[++i]);
		else if (strcmp(v[i], "--size") == 0)
			a->size = (int)onnxw_integer(v[++i]);
		else if (strcmp(v[i], "--classes") == 0)
			a->classes = (int)onnxw_integer(v[++i]);
		else if (strcmp(v[i], "--opset") == 0)
			*opset = onnxw_integer(v[++i]);
		else
			return -1;
	}
	return a->thin < 1 ? -1 : 0;
}

int main(int argc, char *argv[])
{
	struct arch a = { .thin = 1, .rng = 1 };
	int64_t opset = 13;

	for (size_t i = 0; argc == 1 && i < COUNT(archs); i++)
		puts(archs[i].name);
	if (argc == 1)
		return 0;
	if (argc < 3 || options(&a, &opset, argc - 3, argv + 3) < 0)
		return usage();
	for (size_t i = 0; i < COUNT(archs); i++)
		if (strcmp(argv[1], archs[i].name) == 0) {
			archs[i].make(&a);
			onnxw_model(&a.graph, opset, argv[2]);
			return 0;
		}
	fprintf(stderr, "mkarch: there is no architecture '%s'\n", argv[1]);
	return 2;
}
