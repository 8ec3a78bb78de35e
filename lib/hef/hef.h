/*
 * HEF files (hef(5)): HailoRT's container with the programme of our machine inside.
 *
 * Reading goes hef_parse (container, checksum, message syntax) -> hef_check (every rule that
 * HailoRT's parser or a device enforces or crashes on) -> hef_programme (the machine's programme).
 */
#ifndef HN_HEF_HEF_H
#define HN_HEF_HEF_H

#include "isa/isa.h"

/* The network around and on the device (graph_part). */
struct hef_host {
	const struct graph *before, *behind; /* what the host does */
	const struct graph *device;          /* NULL: names in the original model are not known */
};

/* Versions of the header, by checksum. */
enum hef_version {
	HEF_MD5, /* words inside the message */
	HEF_CRC32,
	HEF_XXH3,
	HEF_ALIGNED, /* XXH3-64, the words begin with a page of the file */
	HEF_VERSIONS
};
/* What hef_param(...) decides. */
struct hef_form {
	enum hef_version version;
	bool compressed; /* configuration words */
	bool sequencer;
	bool stripped; /* without the description of the physical layers and their names */
	bool ethernet; /* all in the preliminary configuration, of one context */
	uint32_t channels, engines;
	double fps; /* expected; 0: not known */
};
/* The form when a script is silent. */
extern const struct hef_form hef_form_default;
/*
 * The form that the commands hef_param(...) and platform_param(targets=...) ask for, into *f, which
 * holds the defaults; s may be NULL.
 */
struct alls;
int hef_form_read(const struct alls *s, struct hef_form *f, struct err *e);

/*
 * Writes the HEF of a checked programme, in net-flow form.  What the host does goes into the
 * records of streams and operations; work that has no record there is an error.  host NULL: the
 * device does everything.
 */
int hef_write(const struct isa_prog *p, const struct hef_host *host, const struct hef_form *form,
	      struct str *out, struct err *e);

/* A network group: a programme of its own, and what the host does around it. */
struct hef_group {
	const struct isa_prog *p;
	const struct hef_host *host;
	double fps; /* expected; 0: not known */
};
/* The same with several groups, in this order; their programmes have different names. */
int hef_write_groups(const struct hef_group *g, size_t n, const struct hef_form *form,
		     struct str *out, struct err *e);

struct hef;
/*
 * Reads a HEF of any header version from n bytes, which must outlive the result: header,
 * lengths, checksum, reserved words, then the message: syntax, depth, UTF-8.  Errors start with
 * "rule ID".
 */
struct hef *hef_parse(const void *data, size_t n, struct err *e);
void hef_free(struct hef *h); /* NULL is fine */

/* All rules; the first one that is broken is reported as "rule ID: where: what". */
int hef_check(const struct hef *h, struct err *e);

/* One rule of the checker, for the manual and the tests. */
struct hef_rule_text {
	const char *id;
	const char *text; /* what must hold */
};
/* Rule i in the order in which they are checked; false past the end. */
bool hef_rule(size_t i, struct hef_rule_text *out);

/* Network groups of a checked file, at least one, and their names. */
size_t hef_groups(const struct hef *h);
const char *hef_name_of_group(const struct hef *h, size_t group);
/* The programme in a group's configuration words; an error when it is not for our machine. */
struct isa_prog *hef_programme(const struct hef *h, size_t group, struct err *e);

/*
 * What the file says that the host does in front of the device (PART_BEFORE) or behind it
 * (PART_BEHIND): a graph as graph_part gives it, whose inputs or outputs at the device are the
 * programme's streams in order.
 */
struct graph *hef_part(const struct hef *h, size_t group, const struct isa_prog *p,
		       enum graph_part which, struct err *e);

/* Bytes of configuration words of each context, unpacked, in an array that the caller frees. */
uint64_t *hef_context_words(const struct hef *h, size_t group);

/* Appends what `hailortcli parse-hef` prints. */
int hef_info(const struct hef *h, bool streams, bool vstreams, struct str *out, struct err *e);

#endif
