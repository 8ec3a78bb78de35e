#include "base/log.h"
#include "base/base_int.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Set once by log_setup, before any thread starts. */
static struct {
	const char *tool;
	int verbosity;
} state = { "hntools", 0 };

void log_setup(const char *tool, int verbosity)
{
	state.tool = tool;
	state.verbosity = verbosity;
}

const char *log_tool(void)
{
	return state.tool;
}

__attribute__((format(printf, 2, 0))) static void line(const char *kind, const char *fmt,
						       va_list ap)
{
	char text[2048];
	va_list again;
	size_t need;

	va_copy(again, ap);
	need = (size_t)vsnprintf(text, sizeof text, fmt, ap) + 1;
	if (need <= sizeof text) {
		fprintf(stderr, "%s: %s%s\n", state.tool, kind, text);
	} else { /* tables are long */
		char *whole = xreallocarray(NULL, need, 1);

		vsnprintf(whole, need, fmt, again);
		fprintf(stderr, "%s: %s%s\n", state.tool, kind, whole);
		free(whole);
	}
	va_end(again);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("warning: ", fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	if (state.verbosity < 0)
		return;
	va_start(ap, fmt);
	line("", fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (state.verbosity < 1)
		return;
	va_start(ap, fmt);
	line("", fmt, ap);
	va_end(ap);
}

void progress(const char *what, size_t done, size_t total)
{
	if (state.verbosity < 0 || total == 0 || !isatty(STDERR_FILENO))
		return;
	/* At most 200 rewrites however many steps there are. */
	if (done != total && done > 0 && total > 200 &&
	    done / (total / 200) == (done - 1) / (total / 200))
		return;
	fprintf(stderr, "\r%s: %s: %zu/%zu%s", state.tool, what, done, total,
		done == total ? "\n" : "");
}
