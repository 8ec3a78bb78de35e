/*
 * The bundle: what flows between the tools and what a .har file holds (man 5 har).  A tar of flat
 * members that are prefixed with the network's name: X.metadata.json, X.hn, X.npz ...
 * Members are kept in memory or refer to a mapping of the input file; unknown ones pass through.
 */
#ifndef HN_IO_BUNDLE_H
#define HN_IO_BUNDLE_H

#include "io/json.h"
#include "io/tensor.h"

/* The guide's states (8.2), in order of the pipeline. */
enum state {
	STATE_UNINITIALIZED,
	STATE_ORIGINAL_MODEL,
	STATE_HAILO_MODEL,
	STATE_FP_OPTIMIZED,
	STATE_QUANTIZED_BASE, /* "quanzited_base_model", as the guide spells it */
	STATE_QUANTIZED,
	STATE_QUANTIZED_SLIM,
	STATE_COMPILED,
	STATE_COMPILED_SLIM,
	STATE_COUNT
};
const char *state_name(enum state s);
const char *state_words(enum state s); /* "Quantized Model": as `har info` prints it */
/* The state with this name; -1 when there is none. */
int state_from_name(const char *name, enum state *out, struct err *e);

enum compression {
	COMPRESS_NONE,
	COMPRESS_GZIP,
	COMPRESS_ZSTD
};

struct bundle; /* owns its name, metadata and members */

/* A new bundle; name must be a legal network name (see name_is_legal). */
struct bundle *bundle_new(const char *name);
void bundle_free(struct bundle *b);

/*
 * Reads a bundle from a file or "-": tar, gzip, zstd, or bare HN JSON (first byte '{'), by content.
 * weights_npz: an .npz to go with bare HN JSON, or NULL (weightless).  Errors: truncated archive,
 * absolute or ".." member names, duplicate members, no metadata, limits.
 */
struct bundle *bundle_read(const char *path, const char *weights_npz, struct err *e);
/* The same from memory (for fuzzing and tests). */
struct bundle *bundle_parse(const void *data, size_t n, struct err *e);

/* Writes a POSIX tar in fixed member order, mtime 0, uid/gid 0, mode 0644. */
int bundle_write(struct bundle *b, const char *path, enum compression z, struct err *e);

const char *bundle_name(const struct bundle *b);
enum state bundle_state(const struct bundle *b);
void bundle_set_state(struct bundle *b, enum state s);
/* The metadata object (borrowed); keys: state, hn, sdk_version, hw_arch, ... unknown ones stay. */
json_t *bundle_metadata(struct bundle *b);

/* Error naming the tool to run when the state is before `min` (or after `max`). */
int bundle_require(const struct bundle *b, enum state min, enum state max, struct err *e);

/* Members by suffix after "X.": "hn", "npz", "native.hn", "alls", "auto.alls", "hef" ... */
bool bundle_has(const struct bundle *b, const char *suffix);
/* Borrowed bytes, NULL when absent. */
const void *bundle_get(const struct bundle *b, const char *suffix, size_t *n);
void bundle_put(struct bundle *b, const char *suffix, const void *data, size_t n); /* copies */
void bundle_put_buf(struct bundle *b, const char *suffix, struct buf *buf,
		    size_t n); /* takes buf */
/*
 * Adds or replaces a member by its full file name; "X.metadata.json" replaces the metadata.  Takes
 * over buf, also on failure: a name that a bundle cannot hold, metadata that are not sound.
 */
int bundle_add_file(struct bundle *b, const char *file, struct buf *buf, struct err *e);
void bundle_remove(struct bundle *b, const char *suffix);
/* Member i in writing order: full file name and size; false past the end. */
bool bundle_at(const struct bundle *b, size_t i, const char **file, const void **data, uint64_t *n);

/* JSON and NPZ members.  bundle_tensors maps arrays in place; the set is the caller's. */
json_t *bundle_get_json(const struct bundle *b, const char *suffix, struct err *e);
void bundle_put_json(struct bundle *b, const char *suffix, const json_t *j);
struct tensors *bundle_get_npz(const struct bundle *b, const char *suffix, struct err *e);
/* Written to an unlinked temporary file, so that large weights are not held twice. */
int bundle_put_npz(struct bundle *b, const char *suffix, const struct tensors *s, struct err *e);

/* Letters, digits, '_', '-', '.', not starting with '.', at most 127 bytes. */
bool name_is_legal(const char *name);
/* A legal name made from a file path: stem, other characters replaced by '_'. The caller frees it.
 */
char *name_from_path(const char *path);

#endif
