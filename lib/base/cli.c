#include "base/cli.h"
#include "base/base_int.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/outfile.h"
#include "base/par.h"
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPT_FIRST = 256,
	OPT_HELP = 'h',
	OPT_VERSION = 255
};

void cli_usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", log_tool());
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry '%s -h'.\n", log_tool());
	exit(2);
}

static bool is_end(const struct cli_opt *o)
{
	return !o->letter && !o->name;
}

static size_t count(const struct cli_opt *o)
{
	size_t n = 0;

	while (!is_end(o + n))
		n++;
	return n;
}

/* "  -c, --calib-set FILE" */
static int print_left(const struct cli_opt *o)
{
	int n = o->letter ? printf("  -%c%s", o->letter, o->name ? ", " : "") : printf("      ");

	if (o->name)
		n += printf("--%s", o->name);
	if (o->arg)
		n += printf(" %s", o->arg);
	return n;
}

static _Noreturn void print_help(const struct cli_tool *tool)
{
	static const struct cli_opt own[] = {
		{ 'h', "help", NULL, CLI_FLAG, 0, "print this help", 0, 0 },
		{ 0, "version", NULL, CLI_FLAG, 0, "print the version", 0, 0 },
		CLI_END,
	};
	const struct cli_opt *parts[] = { tool->options, own };
	struct err e = { 0 };

	printf("usage: %s [options]%s%s\n%s\n\n", tool->name, tool->operands[0] ? " " : "",
	       tool->operands, tool->summary);
	for (size_t i = 0; i < 2; i++)
		for (const struct cli_opt *o = parts[i]; !is_end(o); o++) {
			if (o->letter == '-') {
				printf("%s\n", o->help);
				continue;
			}
			int n = print_left(o);
			printf("%*s%s\n", n < 30 ? 30 - n : 2, "", o->help);
		}
	if (stdout_finish(&e) < 0)
		die(&e);
	exit(0);
}

static _Noreturn void print_version(const struct cli_tool *tool)
{
	struct err e = { 0 };

	printf("%s (hntools) " HN_VERSION "\n", tool->name);
	if (stdout_finish(&e) < 0)
		die(&e);
	exit(0);
}

/* Strings cut out of option values; they live as long as the process, like argv. */
static struct arena *values(void)
{
	static struct arena a;

	return &a;
}

static void list_add(struct cli_list *l, const char *s)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		const char **v = arena_array(values(), cap, sizeof *v);

		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
}

static void list_split(struct cli_list *l, const char *name, const char *text)
{
	char *s = arena_strdup(values(), text);

	for (;;) {
		char *comma = strchr(s, ',');

		if (comma)
			*comma = '\0';
		if (!*s)
			cli_usage("empty item in the list of %s", name);
		list_add(l, s);
		if (!comma)
			return;
		s = comma + 1;
	}
}

static void store(const struct cli_opt *o, void *cfg, const char *text)
{
	char *at = (char *)cfg + o->offset;
	const char *name = o->name ? arena_printf(values(), "--%s", o->name)
				   : arena_printf(values(), "-%c", o->letter);
	bool bounded = o->max > o->min;
	struct err e = { 0 };
	int64_t i;

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)(void *)at = true;
		break;
	case CLI_COUNT:
		++*(int *)(void *)at;
		break;
	case CLI_STR:
		*(const char **)(void *)at = text;
		break;
	case CLI_INT:
		if (num_int(text, name, bounded ? o->min : INT_MIN, bounded ? o->max : INT_MAX, &i,
			    &e) < 0)
			cli_usage("%s", e.msg);
		*(int *)(void *)at = (int)i;
		break;
	case CLI_DOUBLE:
		if (num_double(text, name, (double *)(void *)at, &e) < 0)
			cli_usage("%s", e.msg);
		break;
	case CLI_LIST:
		list_split((struct cli_list *)(void *)at, name, text);
		break;
	case CLI_REPEAT:
		list_add((struct cli_list *)(void *)at, text);
		break;
	}
}

static bool takes_value(const struct cli_opt *o)
{
	return o->kind != CLI_FLAG && o->kind != CLI_COUNT;
}

/* What getopt_long wants, made from the table.  ":" first: a missing value is told apart. */
static void make_tables(const struct cli_opt *opts, struct option **longs, char **shorts)
{
	size_t n = count(opts);
	struct str s = { 0 };
	size_t k = 0;

	*longs = arena_array(values(), n + 3, sizeof **longs);
	str_puts(&s, ":h");
	for (size_t i = 0; i < n; i++) {
		const struct cli_opt *o = &opts[i];

		if (o->letter == '-')
			continue;
		if (o->letter)
			str_printf(&s, "%c%s", o->letter, takes_value(o) ? ":" : "");
		if (o->name)
			(*longs)[k++] =
			    (struct option){ o->name,
					     takes_value(o) ? required_argument : no_argument, NULL,
					     OPT_FIRST + (int)i };
	}
	(*longs)[k++] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	(*longs)[k++] = (struct option){ "version", no_argument, NULL, OPT_VERSION };
	*shorts = arena_strdup(values(), s.p);
	str_release(&s);
}

/* getopt_long takes abbreviations; a script that uses one breaks when an option is added. */
static void check_exact(const char *name, char *argv[])
{
	const char *arg = argv[optind - 1];
	size_t n = strlen(name);

	if (optarg == arg)
		arg = argv[optind - 2];
	if (strncmp(arg, "--", 2) == 0 &&
	    (strncmp(arg + 2, name, n) != 0 || (arg[2 + n] && arg[2 + n] != '=')))
		cli_usage("unknown option '%s'", quote(arg));
}

static const struct cli_opt *find_letter(const struct cli_opt *o, int letter)
{
	while (!is_end(o) && o->letter != letter)
		o++;
	return is_end(o) ? NULL : o;
}

static void parse_options(const struct cli_tool *tool, void *cfg, int argc, char *argv[])
{
	struct option *longs;
	char *shorts;
	int c;

	make_tables(tool->options, &longs, &shorts);
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct cli_opt *o =
		    c >= OPT_FIRST ? &tool->options[c - OPT_FIRST] : find_letter(tool->options, c);

		if (c >= OPT_FIRST)
			check_exact(o->name, argv);
		if (c == OPT_HELP)
			print_help(tool);
		if (c == OPT_VERSION)
			print_version(tool);
		if (c == ':' && optopt >= OPT_FIRST)
			cli_usage("--%s needs a value", tool->options[optopt - OPT_FIRST].name);
		if (c == ':')
			cli_usage("-%c needs a value", optopt);
		if (c == '?' && (optopt >= OPT_FIRST || optopt == OPT_VERSION))
			cli_usage("'%s' takes no value", quote(argv[optind - 1]));
		if (c == '?' && !optopt)
			cli_usage("unknown option '%s'", quote(argv[optind - 1]));
		if (c == '?')
			cli_usage("unknown option '-%c'", optopt);
		store(o, cfg, optarg);
	}
}

static void take_operands(const struct cli_tool *tool, void *cfg, bool have_input, int n, char *v[])
{
	struct cli_io *io = (struct cli_io *)(void *)((char *)cfg + tool->io_offset);
	bool listed = tool->operands_offset != SIZE_MAX;

	if (n > tool->max_operands)
		cli_usage("unexpected operand '%s'", quote(v[tool->max_operands]));
	if (n > 0 && have_input && !listed)
		cli_usage("both -i and operand '%s' given", quote(v[0]));
	if (n > 0 && !have_input)
		io->in = v[0];
	for (int i = 0; i < n && listed; i++)
		list_add((struct cli_list *)(void *)((char *)cfg + tool->operands_offset), v[i]);
}

/* A closed descriptor 0, 1 or 2 would be given to the next file opened. */
static void occupy_standard(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			exit(1);
}

void cli_parse(const struct cli_tool *tool, void *cfg, int argc, char *argv[])
{
	struct cli_io *io = (struct cli_io *)(void *)((char *)cfg + tool->io_offset);
	const char *in = io->in;

	occupy_standard();
	log_setup(tool->name, 0);
	par_passive(argv);
	parse_options(tool, cfg, argc, argv);
	take_operands(tool, cfg, io->in != in, argc - optind, argv + optind);
	log_setup(tool->name, io->quiet ? -1 : io->verbose);
	par_init(io->threads);
}
