/* PNG and JPEG: pixels, forms, sizes, and damage at every byte. */
#include "io/image.h"
#include "base/mem.h"
#include "base/outfile.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int passed, failed;
static char *cases; /* tests/cases/images, found beside the build folder that holds this program */

static void check(bool ok, const char *what)
{
	if (ok)
		passed++;
	else
		printf("not as expected: %s\n", what);
	failed += !ok;
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", cases, name);
}

static bool read_case(const char *name, int64_t h, int64_t w, int64_t c, struct tensor *t,
		      struct err *e)
{
	char *path = path_of(name);
	bool ok = image_read(path, h, w, c, NULL, t, e) == 0;

	free(path);
	return ok;
}

static bool uniform(const char *name, int64_t c)
{
	struct err e = { 0 };
	struct tensor t;
	bool ok = read_case(name, 32, 32, c, &t, &e);

	for (size_t i = 0; ok && i < tensor_count(&t); i++)
		ok = tensor_get_int(&t, i) == 128;
	if (ok)
		tensor_release(&t);
	return ok;
}

static void test_pixels(void)
{
	struct err e = { 0 };
	struct tensor t;
	bool ok = read_case("rgb.png", 4, 6, 3, &t, &e) && t.rank == 4 && t.dim[0] == 1 &&
		  t.dim[1] == 4 && t.dim[2] == 6 && t.dim[3] == 3 && t.dtype == DT_U8;

	for (size_t i = 0; ok && i < 72; i++)
		ok = tensor_get_int(&t, i) == (int64_t)(3 * i);
	check(ok, "png: RGB pixels in NHWC order");
	if (ok)
		tensor_release(&t);
	ok = read_case("alpha.png", 4, 6, 3, &t, &e);
	check(ok && tensor_get_int(&t, 0) == 10 && tensor_get_int(&t, 71) == 30,
	      "png: opaque alpha");
	if (ok)
		tensor_release(&t);
	check(uniform("gray.jpg", 1) && uniform("rgb.jpg", 3), "jpeg: gray and colour");
	check(uniform("gray.jpg", 3) && uniform("rgb.jpg", 1), "jpeg: gray as colour and back");
}

static void test_refused(void)
{
	struct err e = { 0 };
	struct tensor t;

	check(!read_case("large.png", 32, 32, 1, &t, &e) &&
		  strstr(e.msg, "large.png: image is 40 pixels high and 40 wide, the network's "
				"input 32 and 32"),
	      "png: another size");
	e.msg[0] = '\0';
	check(!read_case("gray.jpg", 32, 33, 1, &t, &e) && strstr(e.msg, "32 wide"),
	      "jpeg: another size");
	e.msg[0] = '\0';
	check(!read_case("rgb.png", 4, 6, 4, &t, &e) && strstr(e.msg, "1 or 3 features"),
	      "four features");
	e.msg[0] = '\0';
	check(!read_case("none.png", 4, 6, 3, &t, &e) && strstr(e.msg, "No such file"), "no file");
	e.msg[0] = '\0';
	check(image_folder("/", 9, 4, 6, 3, NULL, &t, &e) < 0 && strstr(e.msg, "no .png or .jpg"),
	      "no image");
}

static void test_folder(void)
{
	struct err e = { 0 };
	struct tensor all, two;
	char *dir = path_of("gray");
	bool ok = image_folder(dir, 99, 32, 32, 1, NULL, &all, &e) == 0 &&
		  image_folder(dir, 2, 32, 32, 1, NULL, &two, &e) == 0;

	check(ok && all.dim[0] == 4 && two.dim[0] == 2 &&
		  memcmp(all.data, two.data, tensor_bytes(&two)) == 0,
	      "a folder, and its beginning");
	if (ok) {
		tensor_release(&all);
		tensor_release(&two);
	}
	free(dir);
}

/* Triangle weights by hand: at half size 1, 3, 3, 1 eighths, cut off at the borders. */
static void test_scale(void)
{
	static const float ramp[8] = { 0, 8, 16, 24, 32, 40, 48, 56 };
	static const float half[4] = { (3 * 0 + 3 * 8 + 16) / 7.0f, 20, 36,
				       (40 + 3 * 48 + 3 * 56) / 7.0f };
	static const float twice[4] = { 0, 2, 6, 8 };
	static const uint8_t grey[4] = { 0, 1, 254, 255 };
	float f[8];
	uint8_t b[2];
	bool ok = true;

	scale_f32(ramp, 1, 8, 1, f, 1, 4);
	for (int i = 0; i < 4; i++)
		ok = ok && fabsf(f[i] - half[i]) < 1e-5f;
	scale_f32(ramp, 8, 1, 1, f, 4, 1);
	for (int i = 0; i < 4; i++)
		ok = ok && fabsf(f[i] - half[i]) < 1e-5f;
	check(ok, "a ramp at half its width and height");
	scale_f32(ramp, 1, 2, 1, f, 1, 4);
	check(memcmp(f, twice, sizeof twice) == 0, "two pixels become four");
	scale_f32(ramp, 2, 2, 2, f, 2, 2);
	check(memcmp(f, ramp, sizeof ramp) == 0, "the same size is the same image");
	scale_u8(grey, 1, 4, 1, b, 1, 2);
	/* (0 + 3 + 254 ...) / 7: by hand (3*0 + 3*1 + 254) / 7 = 36.7, (1 + 3*254 + 3*255) / 7 =
	 * 218.3 */
	check(b[0] == 37 && b[1] == 218, "bytes are rounded");
}

static bool refuses(const struct image_fit *fit, const char *part)
{
	static const uint8_t in[12] = { 0 };
	uint8_t out[12];
	struct err e = { 0 };

	return image_fit_apply(fit, in, 3, 4, 1, out, 2, 2, &e) < 0 && strstr(e.msg, part);
}

static void test_fit(void)
{
	uint8_t in[5 * 7 * 3], out[3 * 3 * 3];
	const struct image_fit crop = { .crop = true }, none = { .h = 3, .w = 4 };
	const struct image_fit small = { .shorter = 1, .crop = true };
	struct image_fit fit = { 0 };
	struct err e = { 0 };
	bool ok;

	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	ok = image_fit_apply(&crop, in, 5, 7, 3, out, 3, 3, &e) == 0;
	for (size_t i = 0; ok && i < sizeof out; i++)
		ok = out[i] == ((1 + i / 9) * 7 + 2) * 3 + i % 9;
	check(ok, "the middle is cut out");
	check(refuses(&none, "3 high and 4 wide after scaling") || refuses(&none, "--crop"),
	      "another size after scaling");
	check(refuses(&small, "too small to cut"), "too small to cut from");
	ok = image_fit_parse("256", &fit, &e) == 0 && fit.shorter == 256 && !fit.h;
	fit = (struct image_fit){ 0 };
	ok = ok && image_fit_parse("20x30", &fit, &e) == 0 && fit.h == 20 && fit.w == 30;
	ok = ok && image_fit_parse("0", &fit, &e) < 0;
	e.msg[0] = '\0';
	ok = ok && image_fit_parse("3x", &fit, &e) < 0;
	check(ok, "sizes in words");
}

static void put(const unsigned char *p, size_t n)
{
	FILE *f = fopen("cut.png", "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		exit(1);
}

/* Neither cut nor changed files crash the decoders; a cut one is never an image. */
static void damage(const char *name, int64_t h, int64_t w, int64_t c)
{
	char *path = path_of(name);
	struct err e = { 0 };
	size_t n;
	unsigned char *p = read_file(path, 1 << 20, &n, &e);
	struct tensor t;
	bool ok = true;

	if (!p)
		die(&e);
	for (size_t i = 0; i < n; i++) {
		e.msg[0] = '\0';
		put(p, i);
		/* A PNG's end chunk and a JPEG's end mark carry no pixels. */
		if (image_read("cut.png", h, w, c, NULL, &t, &e) == 0) {
			ok = ok && i + 16 > n;
			tensor_release(&t);
		}
	}
	check(ok, "a cut image is an error");
	for (size_t i = 0; i < n; i++) {
		e.msg[0] = '\0';
		p[i] ^= 0x55;
		put(p, n);
		if (image_read("cut.png", h, w, c, NULL, &t, &e) == 0)
			tensor_release(&t);
		else
			ok = ok && err_is(&e);
		p[i] ^= 0x55;
	}
	check(ok, "a changed image is an error or another image");
	free(p);
	free(path);
}

int main(int argc, char *argv[])
{
	const char *self = argc > 0 ? argv[0] : "";
	const char *cut = strstr(self, "build/");

	cases = xasprintf("%.*stests/cases/images", cut ? (int)(cut - self) : 0, self);
	test_pixels();
	test_refused();
	test_folder();
	test_scale();
	test_fit();
	damage("rgb.png", 4, 6, 3);
	damage("gray.jpg", 32, 32, 1);
	free(cases);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
