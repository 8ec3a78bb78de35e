/* What har-pack does with a bundle beside reading and writing it.  har-pack(1), har(5). */
#ifndef HN_IO_HAR_H
#define HN_IO_HAR_H

#include "base/cli.h"
#include "io/bundle.h"

/* Member names, one a line; with sizes in bytes in front when `sizes` is set. */
void har_list(const struct bundle *b, bool sizes, struct str *out);

/* Name, state, NMS, SDK, architecture and members, as `hailo har info` prints them. */
int har_info(struct bundle *b, struct str *out, struct err *e);

/*
 * Writes every member into dir, which is made when it is not there.  On failure the files that are
 * new are removed again.
 */
int har_extract(const struct bundle *b, const char *dir, struct err *e);

/*
 * A bundle from loose files: an HN, its weights (NULL: none), and any further members, named by
 * their file names; NAME.metadata.json among them sets the metadata (else: state hailo_model).
 */
struct bundle *har_pack(const char *hn, const char *npz, const struct cli_list *add, struct err *e);

/* Keeps what compilation needs: the state becomes quantized_slim_model or compiled_slim_model. */
int har_slim(struct bundle *b, struct err *e);

/* A member by its file name or by what follows "NETWORK."; NULL with the list of members. */
const void *har_member(const struct bundle *b, const char *name, size_t *n, struct err *e);

#endif
