/* Transformers by name, and their sizes. */
#include "arch_vit.h"

#define CLASSIFIER(size, n, ...)                                                                   \
	(&(const struct ar_vit){ .patch = 16, .dim = size, .heads = n, .depth = 12, __VA_ARGS__ })
#define CLIP_IMAGE(p, size, n, to)                                                                 \
	(&(const struct ar_vit){ .patch = p,                                                       \
				 .dim = size,                                                      \
				 .heads = (size) / 64,                                             \
				 .depth = n,                                                       \
				 .gate = AR_QUICK_GELU,                                            \
				 .end = AR_CLIP,                                                   \
				 .joint = to })
#define SIGLIP_IMAGE(p, px)                                                                        \
	(&(const struct ar_vit){ .patch = p,                                                       \
				 .size = px,                                                       \
				 .dim = 768,                                                       \
				 .heads = 12,                                                      \
				 .depth = 12,                                                      \
				 .gate = AR_TANH_GELU,                                             \
				 .end = AR_SIGLIP })
#define CLIP_TEXT(size, n)                                                                         \
	(&(const struct ar_text){                                                                  \
	    .tokens = 77, .dim = size, .depth = n, .causal = true, .gate = AR_QUICK_GELU })
#define SIGLIP_TEXT                                                                                \
	(&(const struct ar_text){                                                                  \
	    .tokens = 64, .dim = 768, .depth = 12, .pooled = true, .gate = AR_TANH_GELU })

#define DIMS(...)        ((const int[4]){ __VA_ARGS__ })
#define CLIP_RESNET(...) (&(const struct ar_clip_resnet){ __VA_ARGS__ })
#define LEVIT(...)       (&(const struct ar_levit){ __VA_ARGS__ })
#define SWIN(...)        (&(const struct ar_swin){ __VA_ARGS__ })

const struct arch_row arch_transformers[] = {
	/* clang-format off */
	{ "cas_vit_m",     ar_cas_vit, DIMS(64, 96, 192, 384) },
	{ "cas_vit_s",     ar_cas_vit, DIMS(48, 64, 128, 256) },
	{ "cas_vit_t",     ar_cas_vit, DIMS(96, 128, 256, 512) },
	{ "clip_resnet_50_image_encoder",   ar_clip_resnet, CLIP_RESNET(224, 64, { 3, 4, 6, 3 }, 1024) },
	{ "clip_resnet_50x4_image_encoder", ar_clip_resnet, CLIP_RESNET(288, 80, { 4, 6, 10, 6 }, 640) },
	{ "clip_resnet_50_text_encoder",    ar_text, CLIP_TEXT(512, 12) },
	{ "clip_resnet_50x4_text_encoder",  ar_text, CLIP_TEXT(640, 12) },
	{ "clip_vit_b_16_image_encoder",    ar_vit,  CLIP_IMAGE(16, 768, 12, 512) },
	{ "clip_vit_b_16_text_encoder",     ar_text, CLIP_TEXT(512, 12) },
	{ "clip_vit_b_32_image_encoder",    ar_vit,  CLIP_IMAGE(32, 768, 12, 512) },
	{ "clip_vit_b_32_text_encoder",     ar_text, CLIP_TEXT(512, 12) },
	{ "clip_vit_l_14_text_encoder",     ar_text, CLIP_TEXT(768, 12) },
	{ "davit_tiny",    ar_davit, NULL },
	{ "deit_base",                      ar_vit,  CLASSIFIER(768, 12, .fused = false) },
	{ "deit_small",                     ar_vit,  CLASSIFIER(384, 6, .fused = false) },
	{ "deit_tiny",                      ar_vit,  CLASSIFIER(192, 3, .fused = false) },
	{ "detr_resnet_v1_50", ar_detr, NULL },
	{ "fastvit_sa12",  ar_fastvit, NULL },
	{ "levit128",      ar_levit, LEVIT({ 128, 256, 384 }, { 4, 8, 12 }, 16) },
	{ "levit192",      ar_levit, LEVIT({ 192, 288, 384 }, { 3, 5, 6 }, 32) },
	{ "levit256",      ar_levit, LEVIT({ 256, 384, 512 }, { 4, 6, 8 }, 32) },
	{ "levit384",      ar_levit, LEVIT({ 384, 512, 768 }, { 6, 9, 12 }, 32) },
	{ "nextvit_base",  ar_nextvit, DIMS(3, 4, 20, 3) },
	{ "nextvit_small", ar_nextvit, DIMS(3, 4, 10, 3) },
	{ "segformer_b0_bn", ar_segformer, NULL },
	{ "siglip2_b_16_text_encoder",      ar_text, SIGLIP_TEXT },
	{ "siglip2_b_32_256_image_encoder", ar_vit,  SIGLIP_IMAGE(32, 256) },
	{ "siglip_b_16_image_encoder",      ar_vit,  SIGLIP_IMAGE(16, 224) },
	{ "swin_small",    ar_swin, SWIN(96, { 2, 2, 18, 2 }) },
	{ "swin_tiny",     ar_swin, SWIN(96, { 2, 2, 6, 2 }) },
	{ "tinyclip_vit_39m_16_text_19m_yfcc15m_image_encoder",  ar_vit,  CLIP_IMAGE(16, 512, 12, 512) },
	{ "tinyclip_vit_40m_32_text_19m_laion400m_image_encoder", ar_vit, CLIP_IMAGE(32, 512, 12, 512) },
	{ "tinyclip_vit_40m_32_text_19m_laion400m_text_encoder", ar_text, CLIP_TEXT(512, 6) },
	{ "tinyclip_vit_61m_32_text_29m_laion400m_image_encoder", ar_vit, CLIP_IMAGE(32, 640, 12, 512) },
	{ "tinyclip_vit_61m_32_text_29m_laion400m_text_encoder", ar_text, CLIP_TEXT(512, 9) },
	{ "tinyclip_vit_8m_16_text_3m_yfcc15m_image_encoder",    ar_vit,  CLIP_IMAGE(16, 256, 10, 512) },
	{ "tinyclip_vit_8m_16_text_3m_yfcc15m_text_encoder",     ar_text, CLIP_TEXT(256, 3) },
	{ "vit_base",      ar_vit, CLASSIFIER(768, 12, .fused = true) },
	{ "vit_base_bn",   ar_vit, CLASSIFIER(768, 12, .fused = true, .norm = AR_BN) },
	{ "vit_pose_small",    ar_vit, CLASSIFIER(384, 12, .fused = true, .end = AR_POSE) },
	{ "vit_pose_small_bn", ar_vit, CLASSIFIER(384, 12, .fused = true, .end = AR_POSE, .norm = AR_BN) },
	{ "vit_small",     ar_vit, CLASSIFIER(384, 6, .fused = true) },
	{ "vit_small_bn",  ar_vit, CLASSIFIER(384, 6, .fused = true, .norm = AR_BN) },
	{ "vit_tiny",      ar_vit, CLASSIFIER(192, 3, .fused = true) },
	{ "vit_tiny_bn",   ar_vit, CLASSIFIER(192, 3, .fused = true, .norm = AR_BN) },
	/* clang-format on */
	{ NULL, NULL, NULL },
};
