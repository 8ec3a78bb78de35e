/* What the checker says of a file, and the variants of good files that tests change. */
#ifndef HN_TESTS_UNIT_HEF_VERDICT_H
#define HN_TESTS_UNIT_HEF_VERDICT_H

#include "hef_message.h"

/* Edge layers of the single variant: 0 the input, 1 dense1 (pad 1), 2 conv2 (pad 2). */
enum {
	IN,
	OUT1,
	OUT2
};

#define CHANGE(name) static void change_##name(struct message *t)
#define FIRST_OP(t)  (core(t)->contexts[0]->operations[0])
#define TRIGGER(t)   (FIRST_OP(t)->trigger)
/* The message of parsing and checking a file; empty when it is good. */
static inline struct err verdict(const void *p, size_t n)
{
	struct err e = { 0 };
	struct hef *h = hef_parse(p, n, &e);

	if (h)
		hef_check(h, &e);
	hef_free(h);
	return e;
}

static inline bool names_rule(const char *msg, const char *rule)
{
	size_t n = strlen(rule);

	return strncmp(msg, "rule ", 5) == 0 && strncmp(msg + 5, rule, n) == 0 && msg[5 + n] == ':';
}

#endif
