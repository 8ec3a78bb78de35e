/*
 * Runs one fuzz target over files and folders given as operands, without a fuzzing engine: what a
 * fuzzer once found is an ordinary test.  A failure shows as a crash of this program.  Without any
 * input it fails, so that an empty corpus is not a passed test.
 *
 * A target that counts what it read in fuzz_read must read each file whose name has an ending
 * (plain.hef): a seed that is refused, as one of an older version is, no longer reaches what lies
 * behind the reader.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern size_t fuzz_read __attribute__((weak));

enum {
	INPUT_MAX = 1 << 24 /* bytes; a corpus is small files */
};

static size_t refused;

static size_t count_read(void)
{
	return &fuzz_read ? fuzz_read : 0;
}

static int is_seed(const char *path)
{
	const char *name = strrchr(path, '/');

	return &fuzz_read && strchr(name ? name : path, '.') != NULL;
}

static size_t replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t n, before = count_read();

	if (!f || !(data = malloc(INPUT_MAX))) {
		perror(path);
		exit(1);
	}
	n = fread(data, 1, INPUT_MAX, f);
	if (ferror(f) || !feof(f)) {
		fprintf(stderr, "%s: unreadable, or longer than %d bytes\n", path, INPUT_MAX);
		exit(1);
	}
	fclose(f);
	printf("%s: %zu bytes\n", path, n);
	fflush(stdout);
	/* An exact copy, so that a read past the end is seen by the sanitizer. */
	uint8_t *exact = malloc(n ? n : 1);
	if (!exact)
		exit(1);
	memcpy(exact, data, n);
	free(data);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	if (is_seed(path) && count_read() == before) {
		printf("%s: a seed that is refused (tests/fuzz/seeds makes it anew)\n", path);
		refused++;
	}
	return 1;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static size_t replay(const char *path)
{
	struct dirent **names;
	struct stat st;
	size_t done = 0;

	if (stat(path, &st) < 0) {
		perror(path);
		exit(1);
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	int n = scandir(path, &names, visible, alphasort);
	for (int i = 0; i < n; i++) {
		size_t room = strlen(path) + strlen(names[i]->d_name) + 2;
		char *child = malloc(room);

		if (!child)
			exit(1);
		snprintf(child, room, "%s/%s", path, names[i]->d_name);
		done += replay(child);
		free(child);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return done;
}

int main(int argc, char *argv[])
{
	size_t done = 0;

	for (int i = 1; i < argc; i++)
		done += replay(argv[i]);
	printf("%zu inputs replayed\n", done);
	return done && !refused ? 0 : 1;
}
