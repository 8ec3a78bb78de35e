/*
 * mkarch ARCH OUT.onnx [--thin N] [--size N] [--classes N] [--raw] [--opset N]: the ONNX model of a
 * well-known architecture with seeded weights.  --thin divides the channel counts, --size is the
 * image's, --raw leaves the decoding of boxes out.  Without operands: the architectures.
 * mkarch ARCH --count [OPTION...]: how many weights it has, and products per image, in place of a
 * model.
 */
#include "arch/arch.h"
#include <stdio.h>

static const struct {
	const char *name;
	void (*make)(struct arch *a);
} archs[] = {
	/* clang-format off */
	{ "centernet_resnet_v1_18",           arch_centernet_resnet_v1_18 },
	{ "centernet_resnet_v1_50",           arch_centernet_resnet_v1_50 },
	{ "deeplab_v3_mobilenet_v2",          arch_deeplab_v3_mobilenet_v2 },
	{ "deeplab_v3_mobilenet_v2_wo_dilation", arch_deeplab_v3_mobilenet_v2_wo_dilation },
	{ "densenet121",                      arch_densenet121 },
	{ "dncnn3",                           arch_dncnn3 },
	{ "dncnn_color_blind",                arch_dncnn_color_blind },
	{ "efficientnet_l",                   arch_efficientnet_l },
	{ "efficientnet_lite0",               arch_efficientnet_lite0 },
	{ "efficientnet_lite1",               arch_efficientnet_lite1 },
	{ "efficientnet_lite2",               arch_efficientnet_lite2 },
	{ "efficientnet_lite3",               arch_efficientnet_lite3 },
	{ "efficientnet_lite4",               arch_efficientnet_lite4 },
	{ "efficientnet_m",                   arch_efficientnet_m },
	{ "efficientnet_s",                   arch_efficientnet_s },
	{ "espcn_x2",                         arch_espcn_x2 },
	{ "espcn_x3",                         arch_espcn_x3 },
	{ "espcn_x4",                         arch_espcn_x4 },
	{ "fcn8_resnet_v1_18",                arch_fcn8_resnet_v1_18 },
	{ "hardnet39ds",                      arch_hardnet39ds },
	{ "hardnet68",                        arch_hardnet68 },
	{ "inception_v1",                     arch_inception_v1 },
	{ "mobilenet_v1",                     arch_mobilenet_v1 },
	{ "mobilenet_v2",                     arch_mobilenet_v2 },
	{ "mobilenet_v2_1.4",                 arch_mobilenet_v2_1_4 },
	{ "mobilenet_v3_large",               arch_mobilenet_v3_large },
	{ "mobilenet_v3_large_minimalistic",  arch_mobilenet_v3_large_minimalistic },
	{ "person_attr_resnet_v1_18",         arch_person_attr_resnet_v1_18 },
	{ "regnetx_1.6gf",                    arch_regnetx_1_6gf },
	{ "regnetx_800mf",                    arch_regnetx_800mf },
	{ "repvgg_a0",                        arch_repvgg_a0 },
	{ "repvgg_a0_person_reid_2048",       arch_repvgg_a0_reid_2048 },
	{ "repvgg_a0_person_reid_512",        arch_repvgg_a0_reid_512 },
	{ "repvgg_a1",                        arch_repvgg_a1 },
	{ "repvgg_a2",                        arch_repvgg_a2 },
	{ "resnet_1001",                      arch_resnet_1001 },
	{ "resnet_v1_18",                     arch_resnet_v1_18 },
	{ "resnet_v1_34",                     arch_resnet_v1_34 },
	{ "resnet_v1_50",                     arch_resnet_v1_50 },
	{ "resnext26_32x4d",                  arch_resnext26_32x4d },
	{ "resnext50_32x4d",                  arch_resnext50_32x4d },
	{ "shufflenet_v2",                    arch_shufflenet_v2 },
	{ "squeezenet_v1.1",                  arch_squeezenet_v1_1 },
	{ "ssd_mobilenet_v1",                 arch_ssd_mobilenet_v1 },
	{ "ssd_mobilenet_v2",                 arch_ssd_mobilenet_v2 },
	{ "stdc1",                            arch_stdc1 },
	{ "tddfa_mobilenet_v1",               arch_tddfa_mobilenet_v1 },
	{ "tiny_yolov3",                      arch_tiny_yolov3 },
	{ "tiny_yolov4",                      arch_tiny_yolov4 },
	{ "tiny_yolov4_license_plates",       arch_tiny_yolov4_license_plates },
	{ "unet",                             arch_unet },
	{ "yolov3",                           arch_yolov3 },
	{ "yolov3_416",                       arch_yolov3_416 },
	{ "yolov4_leaky",                     arch_yolov4_leaky },
	{ "yolov5l_seg",                      arch_yolov5l_seg },
	{ "yolov5m",                          arch_yolov5m },
	{ "yolov5m_6.1",                      arch_yolov5m_6_1 },
	{ "yolov5m_seg",                      arch_yolov5m_seg },
	{ "yolov5m_wo_spp",                   arch_yolov5m_wo_spp },
	{ "yolov5n_seg",                      arch_yolov5n_seg },
	{ "yolov5s",                          arch_yolov5s },
	{ "yolov5s_2.0",                      arch_yolov5s_2_0 },
	{ "yolov5s_seg",                      arch_yolov5s_seg },
	{ "yolov5xs_wo_spp",                  arch_yolov5xs_wo_spp },
	{ "yolov6n",                          arch_yolov6n },
	{ "yolov6n_0.2",                      arch_yolov6n_0_2 },
	{ "yolov7",                           arch_yolov7 },
	{ "yolov7_tiny",                      arch_yolov7_tiny },
	{ "yolov8l",                          arch_yolov8l },
	{ "yolov8m",                          arch_yolov8m },
	{ "yolov8m_pose",                     arch_yolov8m_pose },
	{ "yolov8m_seg",                      arch_yolov8m_seg },
	{ "yolov8n",                          arch_yolov8n },
	{ "yolov8n_seg",                      arch_yolov8n_seg },
	{ "yolov8s",                          arch_yolov8s },
	{ "yolov8s_pose",                     arch_yolov8s_pose },
	{ "yolov8s_seg",                      arch_yolov8s_seg },
	{ "yolov8x",                          arch_yolov8x },
	{ "yolox_l_leaky",                    arch_yolox_l },
	{ "yolox_s",                          arch_yolox_s },
	{ "yolox_s_wide_leaky",               arch_yolox_s_wide },
	{ "yolox_tiny",                       arch_yolox_tiny },
	{ "zero_dce",                         arch_zero_dce },
	/* clang-format on */
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct arch_row *const families[] = {
	arch_transformers,
	arch_yolov11,
	arch_small,
	arch_pyramid,
	arch_face,
	arch_damoyolo,
	arch_deep_yolo,
	arch_ocr,
	arch_yolov5,
	arch_zoo,
};
/* clang-format on */

static int usage(void)
{
	fprintf(stderr, "usage: mkarch ARCH OUT.onnx|--count [--thin N] [--size N] [--classes N] "
			"[--raw] [--opset N]\n");
	return 2;
}

static int options(struct arch *a, int n, char **v)
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
			a->opset = onnxw_integer(v[++i]);
		else
			return -1;
	}
	return a->thin < 1 ? -1 : 0;
}

static int list(void)
{
	for (size_t i = 0; i < COUNT(archs); i++)
		puts(archs[i].name);
	for (size_t i = 0; i < COUNT(families); i++)
		for (const struct arch_row *r = families[i]; r->name; r++)
			puts(r->name);
	return 0;
}

static int make(struct arch *a, const char *name)
{
	for (size_t i = 0; i < COUNT(archs); i++)
		if (strcmp(name, archs[i].name) == 0) {
			archs[i].make(a);
			return 0;
		}
	for (size_t i = 0; i < COUNT(families); i++)
		for (const struct arch_row *r = families[i]; r->name; r++)
			if (strcmp(name, r->name) == 0) {
				r->make(a, r->with);
				return 0;
			}
	fprintf(stderr, "mkarch: there is no architecture '%s'\n", name);
	return -1;
}

int main(int argc, char *argv[])
{
	struct arch a = { .thin = 1, .rng = 1, .opset = 13 };

	if (argc == 1)
		return list();
	if (argc < 3 || options(&a, argc - 3, argv + 3) < 0)
		return usage();
	a.count = strcmp(argv[2], "--count") == 0;
	if (make(&a, argv[1]) < 0)
		return 2;
	if (a.count)
		printf("%.0f %.0f\n", a.params, a.macs);
	else
		onnxw_model(&a.graph, a.opset, argv[2]);
	str_release(&a.graph);
	return 0;
}
