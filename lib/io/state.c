/* States and names: what the metadata says about a bundle. */
#include "base/mem.h"
#include "io/bundle.h"
#include "io/bundle_int.h"
#include <string.h>

enum {
	NAME_MAX_BYTES = 127
};

static const struct {
	const char *name;
	const char *words; /* as `har info` prints it */
	const char *tool;  /* that makes it */
} states[STATE_COUNT] = {
	/* clang-format off */
	[STATE_UNINITIALIZED]  = { "uninitialized",        "Uninitialized",        "onnx2hn" },
	[STATE_ORIGINAL_MODEL] = { "original_model",       "Original Model",       "onnx2hn" },
	[STATE_HAILO_MODEL]    = { "hailo_model",          "Hailo Model",          "onnx2hn" },
	[STATE_FP_OPTIMIZED]   = { "fp_optimized_model",   "FP Optimized Model",   "hn-normalize" },
	[STATE_QUANTIZED_BASE] = { "quanzited_base_model", "Quantized Base Model", "hn-quantize" },
	[STATE_QUANTIZED]      = { "quantized_model",      "Quantized Model",      "hn-quantize" },
	[STATE_QUANTIZED_SLIM] = { "quantized_slim_model", "Quantized Slim Model", "har-pack --compilation-only" },
	[STATE_COMPILED]       = { "compiled_model",       "Compiled Model",       "hn2hef" },
	[STATE_COMPILED_SLIM]  = { "compiled_slim_model",  "Compiled Slim Model",  "har-pack --compilation-only" },
	/* clang-format on */
};

const char *state_name(enum state s)
{
	return states[s].name;
}

const char *state_words(enum state s)
{
	return states[s].words;
}

int state_from_name(const char *name, enum state *out, struct err *e)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (strcmp(states[i].name, name) == 0) {
			*out = (enum state)i;
			return 0;
		}
	return err_set(e, "unknown state '%s'", quote(name));
}

int bundle_require(const struct bundle *b, enum state min, enum state max, struct err *e)
{
	enum state s = bundle_state(b);

	if (s < min)
		return err_set(e, "state is '%s', '%s' needed (run %s first)", states[s].name,
			       states[min].name, states[min].tool);
	if (s > max)
		return err_set(e, "state is '%s', at most '%s' can be used (%s has already run)",
			       states[s].name, states[max].name, states[s].tool);
	return 0;
}

static bool legal(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

bool name_is_legal(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAME_MAX_BYTES || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!legal(name[i]))
			return false;
	return true;
}

char *name_from_path(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t n = dot && dot != base ? (size_t)(dot - base) : strlen(base);
	char *name;

	if (n > NAME_MAX_BYTES)
		n = NAME_MAX_BYTES;
	name = xstrndup(n ? base : "net", n ? n : 3);
	for (char *s = name; *s; s++)
		if (!legal(*s) || (s == name && *s == '.'))
			*s = '_';
	return name;
}
