#include "io/har.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "io/npy.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void har_list(const struct bundle *b, bool sizes, struct str *out)
{
	const char *file;
	const void *data;
	uint64_t n;

	for (size_t i = 0; bundle_at(b, i, &file, &data, &n); i++) {
		if (sizes)
			str_printf(out, "%12llu ", (unsigned long long)n);
		str_printf(out, "%s\n", quote(file));
	}
}

/* The first letter of each word is upper case: "nn_core" is shown as "Nn_Core". */
static void put_title(struct str *out, const char *text)
{
	bool start = true;

	for (const char *s = quote(text); *s; s++) {
		unsigned char c = (unsigned char)*s;
		char shown = (char)(start ? toupper(c) : c);

		str_add(out, &shown, 1);
		start = !isalnum(c);
	}
}

static void put_line(struct str *out, const char *label, const json_t *value, bool title)
{
	if (!json_is_string(value))
		return;
	str_printf(out, "%-24s", label);
	if (title)
		put_title(out, json_string_value(value));
	else
		str_puts(out, quote(json_string_value(value)));
	str_puts(out, "\n");
}

int har_info(struct bundle *b, struct str *out, struct err *e)
{
	const json_t *m = bundle_metadata(b);
	const char *file;
	const void *data;
	uint64_t n;

	if (!bundle_has(b, "hn"))
		return err_set(e, "no member '%s.hn'", bundle_name(b));
	str_printf(out, "%-24s%s\n", "Model Name:", bundle_name(b));
	str_printf(out, "%-24s%s\n", "State:", state_words(bundle_state(b)));
	put_line(out, "NMS Meta Architecture:", json_object_get(m, "nms_meta_arch"), true);
	put_line(out, "NMS Target Device:", json_object_get(m, "nms_engine"), true);
	put_line(out, "SDK Version:", json_object_get(m, "sdk_version"), false);
	put_line(out, "Hardware Architecture:", json_object_get(m, "hw_arch"), false);
	str_puts(out, "HAR Files:\n");
	for (size_t i = 0; bundle_at(b, i, &file, &data, &n); i++)
		str_printf(out, "  %-40s %12llu bytes\n", quote(file), (unsigned long long)n);
	return 0;
}

/* Files written so far that were not there before. */
struct written {
	char **v;
	size_t n;
	size_t cap;
};

static void forget(struct written *w, bool undo)
{
	for (size_t i = 0; i < w->n; i++) {
		if (undo)
			unlink(w->v[i]);
		free(w->v[i]);
	}
	free(w->v);
}

static int extract_all(const struct bundle *b, const char *dir, struct written *w, struct err *e)
{
	const char *file;
	const void *data;
	uint64_t n;

	for (size_t i = 0; bundle_at(b, i, &file, &data, &n); i++) {
		char *path = xasprintf("%s/%s", dir, file);
		bool fresh = access(path, F_OK) < 0;

		if (outfile_put(path, OUT_BINARY, data, n, e) < 0) {
			free(path);
			return -1;
		}
		if (!fresh) {
			free(path);
			continue;
		}
		VEC_GROW(w->v, w->n, &w->cap);
		w->v[w->n++] = path;
	}
	return 0;
}

int har_extract(const struct bundle *b, const char *dir, struct err *e)
{
	bool made = mkdir(dir, 0777) == 0;
	struct written w = { 0 };
	int rc;

	if (!made && errno != EEXIST)
		return err_sys(e, "cannot make folder %s", quote(dir));
	rc = extract_all(b, dir, &w, e);
	forget(&w, rc < 0);
	if (rc < 0 && made)
		rmdir(dir);
	return rc;
}

/* The network's name is the HN's own. */
static struct bundle *start(struct buf *hn, struct err *e)
{
	json_t *j = json_parse(buf_data(hn), buf_size(hn), e);
	struct bundle *b = NULL;
	const char *name;

	if (!j)
		return NULL;
	if (json_need_string(j, "name", &name, e) == 0) {
		if (name_is_legal(name))
			b = bundle_new(name);
		else
			err_set(e, "network name '%s' is not legal", quote(name));
	}
	json_decref(j);
	return b;
}

static int add_npz(struct bundle *b, const char *path, struct err *e)
{
	struct buf *f = buf_read(path, LIMIT_MEMBER_BYTES, e);
	struct tensors *s;

	if (!f)
		return -1;
	s = npz_parse(buf_data(f), buf_size(f), f, e);
	if (!s) {
		buf_unref(f);
		return err_in(e, "%s", quote(path));
	}
	tensors_free(s);
	bundle_put_buf(b, "npz", f, buf_size(f));
	return 0;
}

static int add_file(struct bundle *b, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct buf *f = buf_read(path, LIMIT_MEMBER_BYTES, e);

	if (!f)
		return -1;
	return bundle_add_file(b, slash ? slash + 1 : path, f, e);
}

static int add_parts(struct bundle *b, const char *npz, const struct cli_list *add, struct err *e)
{
	if (npz && add_npz(b, npz, e) < 0)
		return -1;
	for (size_t i = 0; i < add->n; i++)
		if (add_file(b, add->v[i], e) < 0)
			return -1;
	return 0;
}

struct bundle *har_pack(const char *hn, const char *npz, const struct cli_list *add, struct err *e)
{
	struct buf *f = buf_read(hn, LIMIT_MEMBER_BYTES, e);
	struct bundle *b;

	if (!f)
		return NULL;
	b = start(f, e);
	if (!b) {
		buf_unref(f);
		err_in(e, "%s", quote(hn));
		return NULL;
	}
	bundle_set_state(b, STATE_HAILO_MODEL);
	bundle_put_buf(b, "hn", f, buf_size(f));
	if (add_parts(b, npz, add, e) == 0)
		return b;
	bundle_free(b);
	return NULL;
}

int har_slim(struct bundle *b, struct err *e)
{
	/* Earlier stages and what only they need. */
	static const char *const dropped[] = { "native.hn", "fp.hn",     "npz",
					       "fpo.npz",   "stats.npz", "original.onnx" };

	if (bundle_require(b, STATE_QUANTIZED, STATE_COMPILED_SLIM, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
		bundle_remove(b, dropped[i]);
	bundle_set_state(b, bundle_state(b) < STATE_COMPILED ? STATE_QUANTIZED_SLIM
							     : STATE_COMPILED_SLIM);
	return 0;
}

const void *har_member(const struct bundle *b, const char *name, size_t *n, struct err *e)
{
	struct str names = { 0 };
	const char *file;
	const void *data;
	uint64_t size;

	for (size_t i = 0; bundle_at(b, i, &file, &data, &size); i++)
		if (strcmp(file, name) == 0) {
			*n = (size_t)size;
			return data;
		}
	data = bundle_get(b, name, n);
	if (data)
		return data;
	for (size_t i = 0; bundle_at(b, i, &file, &data, &size); i++)
		str_printf(&names, "%s%s", i ? ", " : "", file);
	err_set(e, "no member '%s' (there are: %s)", quote(name), quote(names.p));
	str_release(&names);
	return NULL;
}
