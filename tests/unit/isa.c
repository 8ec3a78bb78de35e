/* The programme's binary form: round trips, damage at every byte, checks of every reference. */
#include "kernel/rice.h"
#include "prog.h"

static void image_of(const struct variant *v, struct isa_image *im)
{
	struct isa_prog *p = make_prog(v);
	struct err e = { 0 };

	if (isa_check(p, &e) < 0 || isa_encode(p, im, &e) < 0) {
		printf("FAILED: %s\n", e.msg);
		exit(1);
	}
	isa_free(p);
}

static bool same_programme(const struct isa_prog *a, const struct isa_prog *b)
{
	bool same = a->nlayers == b->nlayers && a->nedges == b->nedges &&
		    a->ntensors == b->ntensors && a->nstreams == b->nstreams &&
		    a->ncontexts == b->ncontexts && strcmp(a->net, b->net) == 0 &&
		    memcmp(&a->machine.hef_arch, &b->machine.hef_arch, sizeof(int32_t)) == 0 &&
		    a->machine.clock_hz == b->machine.clock_hz;

	for (size_t i = 0; same && i < a->nlayers; i++)
		same = qop_equal(&a->layers[i].q, &b->layers[i].q) &&
		       strcmp(a->layers[i].name, b->layers[i].name) == 0 &&
		       a->layers[i].row_cycles == b->layers[i].row_cycles &&
		       a->layers[i].from == b->layers[i].from &&
		       a->layers[i].context == b->layers[i].context;
	for (size_t i = 0; same && i < a->nedges; i++)
		same = a->edges[i].rows == b->edges[i].rows && a->edges[i].to == b->edges[i].to &&
		       a->edges[i].address == b->edges[i].address;
	return same;
}

static void round_trip(const struct variant *v, const char *what)
{
	struct isa_prog *p = make_prog(v);
	struct isa_prog *q;
	struct isa_image im;
	struct err e = { 0 };

	image_of(v, &im);
	q = isa_decode(im.bytes.p, im.bytes.len, &e);
	check(q && same_programme(p, q), what);
	isa_free(q);
	isa_free(p);
	isa_image_release(&im);
}

static void packed_weights_are_smaller(void)
{
	struct isa_image a, b;

	image_of(&(struct variant){ 0 }, &a);
	image_of(&(struct variant){ .w_bits = 4 }, &b);
	check(b.bytes.len < a.bytes.len * 3 / 4, "4-bit weights take less room");
	isa_image_release(&a);
	isa_image_release(&b);
}

/* Whatever is decoded from damaged bytes encodes again to what decodes to the same. */
static bool survives(const void *p, size_t n)
{
	struct err e = { 0 };
	struct isa_prog *a = isa_decode(p, n, &e), *b;
	struct isa_image im;
	bool ok;

	if (!a)
		return err_is(&e);
	ok = isa_encode(a, &im, &e) == 0;
	b = ok ? isa_decode(im.bytes.p, im.bytes.len, &e) : NULL;
	ok = b && same_programme(a, b);
	if (b)
		isa_image_release(&im);
	isa_free(a);
	isa_free(b);
	return ok;
}

static void damage(const struct variant *v)
{
	struct isa_image im;
	size_t bad = 0;
	struct rng r;

	image_of(v, &im);
	for (size_t i = 0; i < im.bytes.len; i++) {
		char old = im.bytes.p[i];

		im.bytes.p[i] = (char)(old ^ (1 << i % 8));
		bad += !survives(im.bytes.p, im.bytes.len);
		im.bytes.p[i] = (char)0xff;
		bad += !survives(im.bytes.p, im.bytes.len);
		im.bytes.p[i] = old;
	}
	check(bad == 0, "a damaged image is an error or another sound programme");
	bad = 0;
	for (size_t n = 0; n < im.bytes.len; n += 8)
		bad += isa_decode(im.bytes.p, n, &(struct err){ 0 }) != NULL;
	check(bad == 0, "a truncated image is an error");
	bad = 0;
	rng_init(&r, 7, "damage");
	for (int k = 0; k < 300; k++) {
		char *copy = xmalloc(im.bytes.len);

		memcpy(copy, im.bytes.p, im.bytes.len);
		for (int i = 0; i < 4; i++)
			copy[rng_u64(&r) % im.bytes.len] = (char)rng_u64(&r);
		bad += !survives(copy, im.bytes.len);
		free(copy);
	}
	check(bad == 0, "an image with several wrong bytes is an error or sound");
	isa_image_release(&im);
}

/* ---- weights in few bits ---- */

/* Two features side by side: n weights of the first one give these bytes, and come back. */
static void few(const int8_t *w, size_t n, const char *bytes, size_t nbytes, const char *what)
{
	int8_t pair[16] = { 0 }, back[16] = { 0 };
	struct str s = { 0 };
	struct err e = { 0 };
	struct cursor c;

	for (size_t i = 0; i < n; i++)
		pair[2 * i] = w[i];
	rice_put(pair, n, 2, &s);
	c = cur_make(s.p, s.len, &e);
	check(s.len == nbytes && memcmp(s.p, bytes, nbytes) == 0 &&
		  rice_bytes(pair, n, 2) == nbytes && rice_get(&c, back, n, 2) == 0 &&
		  cur_left(&c) == 0 && memcmp(pair, back, sizeof pair) == 0,
	      what);
	str_release(&s);
}

static bool refused(const char *bytes, size_t n)
{
	int8_t w[2];
	struct err e = { 0 };
	struct cursor c = cur_make(bytes, n, &e);

	return rice_get(&c, w, 2, 1) < 0 && err_is(&e);
}

/* By hand: 0 -1 1 3 are z = 0 1 2 6; with k = 1 the bits 00 01 100 11100, low ones first. */
static void few_bits(void)
{
	few((int8_t[]){ 0, -1, 1, 3 }, 4, "\x01\x98\x03", 3, "a Rice code");
	few((int8_t[]){ 127, -128 }, 2, "\x08\x7f\x80", 3, "whole bytes");
	few((int8_t[]){ 7, -8 }, 2, "\x09\x87", 2, "nibbles");
	few((int8_t[]){ 0, 0, 0, 0, 0, 0, 0, 0 }, 8, "\x00\x00", 2, "nothing but zeros");
	check(refused("\x0a\x00", 2), "an unknown way");
	check(refused("\x07\xff\xff", 3), "a code of no weight");
	check(refused("\x08\x01", 2), "too few bytes");
	check(refused("", 0), "no bytes");
}

/* ---- configuration words ---- */

/* Writes and loads all chunks; *written is set to the bytes of the writes. */
static int load(const struct isa_image *im, bool packed, struct str *out, size_t *written,
		struct err *e)
{
	struct str ccws = { 0 };
	int r = 0;

	*written = 0;
	for (size_t i = 0; i < im->nchunks && r == 0; i++) {
		const struct isa_chunk *c = &im->chunks[i];

		ccws.len = 0;
		for (size_t done = 0; done < c->size;)
			done += isa_ccw_write(im, c->offset + done, c->size - done, packed, &ccws);
		*written += ccws.len;
		check(isa_ccw_room(ccws.p, ccws.len) == c->size + 8, "room of a chunk's words");
		r = isa_ccw_load(ccws.p, ccws.len, out, e);
	}
	str_release(&ccws);
	return r;
}

/* An image of one chunk of n zero bytes and one that is 1, in writes of 65536 words. */
static void flat(size_t n)
{
	struct isa_chunk chunk = { 0, 0, n };
	struct isa_image im = { .chunks = &chunk, .nchunks = 1 };
	struct str ccws = { 0 }, out = { 0 };
	struct err e = { 0 };
	void *zeros = xcalloc(1, n);

	str_add(&im.bytes, zeros, n);
	im.bytes.p[n / 2] = 1;
	for (size_t done = 0; done < n;)
		done += isa_ccw_write(&im, done, n - done, true, &ccws);
	check(ccws.len < n / 32 && ccws.len >= n / 64, "what is nearly empty is packed 1 to 64");
	check(isa_ccw_load(ccws.p, ccws.len, &out, &e) == 0 && out.len == n &&
		  memcmp(out.p, im.bytes.p, n) == 0,
	      "and unpacked");
	for (size_t i = 0; i < 16; i++) {
		ccws.p[i] = (char)(ccws.p[i] ^ 0x10);
		out.len = 0;
		e = (struct err){ 0 };
		check(isa_ccw_load(ccws.p, ccws.len, &out, &e) < 0 ||
			  (out.len == n && memcmp(out.p, im.bytes.p, n) == 0),
		      "a packed write with a wrong header is refused");
		ccws.p[i] = (char)(ccws.p[i] ^ 0x10);
	}
	str_release(&ccws);
	str_release(&out);
	str_release(&im.bytes);
	free(zeros);
}

static void words(void)
{
	static const uint8_t noop[8], hole[16] = { 1, 0, 0, 0, 9, 0, 0, 0 },
				      shortened[8] = { 9, 0, 0, 0, 1, 0, 0, 0 };
	struct isa_image im;
	struct str out = { 0 };
	struct err e = { 0 };
	size_t plain, packed;

	image_of(&(struct variant){ .contexts = 2 }, &im);
	check(load(&im, false, &out, &plain, &e) == 0 && out.len == im.bytes.len &&
		  memcmp(out.p, im.bytes.p, out.len) == 0,
	      "the chunks' words rebuild the image");
	out.len = 0;
	check(load(&im, true, &out, &packed, &e) == 0 && out.len == im.bytes.len &&
		  memcmp(out.p, im.bytes.p, out.len) == 0 && packed < plain,
	      "so do packed ones, which are fewer");
	flat(1000000);
	check(isa_ccw_load(noop, 8, &out, &e) == 0 && out.len == im.bytes.len,
	      "eight zero bytes do nothing");
	check(isa_ccw_load(hole, 16, &out, &e) < 0, "a hole is refused");
	e = (struct err){ 0 };
	check(isa_ccw_load(shortened, 8, &out, &e) < 0, "missing words are refused");
	e = (struct err){ 0 };
	check(isa_ccw_load(hole, 12, &out, &e) < 0, "odd bytes are refused");
	str_release(&out);
	isa_image_release(&im);
}

/* ---- references ---- */

typedef void (*change_fn)(struct isa_prog *p);

#define CHANGE(name, statement)                                                                    \
	static void name(struct isa_prog *p)                                                       \
	{                                                                                          \
		statement;                                                                         \
	}
CHANGE(no_clock, p->machine.clock_hz = 0)
CHANGE(nan_clock, p->machine.clock_hz = 0.0 / 0.0)
CHANGE(no_batch, p->machine.batch = 0)
CHANGE(tensor_shape, p->tensors[T_CONV2].w = 9)
CHANGE(tensor_huge, p->tensors[T_IN].h = 1 << 25)
CHANGE(tensor_zp, p->tensors[T_ADD].zp = 256)
CHANGE(tensor_scale, p->tensors[T_ADD].scale.v[0] = -1)
CHANGE(tensor_rank, p->tensors[T_CONV1].rank = 2)
CHANGE(bad_context, p->layers[L_CONV2].context = 1)
CHANGE(bad_cluster, p->layers[L_CONV2].cluster = 8)
CHANGE(bad_input, p->layers[L_CONV2].in.v[0] = NTENSORS)
CHANGE(early_input, p->layers[L_CONV2].in.v[0] = T_ADD)
CHANGE(bad_output, p->layers[L_CONV2].out.v[0] = -1)
CHANGE(written_twice, p->layers[L_ADD].out.v[0] = T_CONV2)
CHANGE(bad_rows, p->layers[L_CONV2].rows = 7)
CHANGE(gap, p->layers[L_CONV1B].from = MID / 2 + 1)
CHANGE(overlap, p->layers[L_CONV1B].from = MID / 2 - 1)
CHANGE(no_columns, p->layers[L_CONV2].column_to = 0)
CHANGE(far_columns, p->layers[L_CONV2].column_from = INT32_MIN)
CHANGE(some_columns, p->layers[L_CONV2].column_to--)
CHANGE(columns_and_features, p->layers[L_CONV1A].column_to--)
CHANGE(columns_of_dense, p->tensors[T_DENSE].w = 2; p->layers[L_DENSE].column_to = 1)
CHANGE(in_column, p->layers[L_CONV2].in_column = 1)
CHANGE(wrong_kernel, p->layers[L_CONV2].q.kernel.n = 7)
CHANGE(edge_backwards, p->edges[4].from = L_DENSE)
CHANGE(edge_elsewhere, p->edges[4].to = L_DENSE)
CHANGE(edge_twice, p->edges[5] = p->edges[6])
CHANGE(edge_missing, p->nedges--)
CHANGE(edge_rows, p->edges[2].rows = 0)
CHANGE(edge_kind, p->edges[2].kind = EDGE_INTER_CONTEXT)
CHANGE(edge_address, p->edges[2].address = -64)
CHANGE(edge_odd_address, p->edges[2].address = 100)
CHANGE(edge_outside, p->edges[2].address = 128 * 32768)
CHANGE(stream_tensor, p->streams[1].tensor = T_CONV1)
CHANGE(stream_layer, p->streams[1].layer = L_ADD)
CHANGE(stream_order, struct isa_stream s = p->streams[0]; p->streams[0] = p->streams[1];
       p->streams[1] = s)
CHANGE(stream_missing, free(p->streams[2].name); free(p->streams[2].io_layer); p->nstreams--)
/* conv2 and ew_add1 share a controller of cluster 3. */
static void join(struct isa_prog *p)
{
	p->layers[L_ADD].cluster = p->layers[L_CONV2].cluster;
	p->layers[L_CONV2].group = p->layers[L_ADD].group = L_CONV2;
}
CHANGE(merged_elsewhere, join(p); p->layers[L_ADD].cluster = 1)
CHANGE(merged_later, join(p); p->layers[L_CONV2].group = L_ADD)
CHANGE(merged_chain, join(p); p->layers[L_CONV2].group = -1)
CHANGE(merged_part, p->layers[L_CONV1A].group = L_CONV1A)
CHANGE(merged_outside, p->layers[L_IN].group = L_IN)
CHANGE(merged_nowhere, p->layers[L_ADD].group = -7)
CHANGE(too_many_lcus, join(p); p->layers[L_ADD].lcus = p->machine.lcus + 1)

/* Of a programme with a relay, edges 5 and 6 lead to it, 10 to what it feeds. */
CHANGE(relay_tensor, p->layers[L_ADD].out.v[0] = T_CONV2)
CHANGE(relay_rows, p->layers[L_ADD].rows = 3)
CHANGE(relay_range, p->layers[L_ADD].to--)
CHANGE(relay_columns, p->layers[L_ADD].column_from = INT32_MIN)
CHANGE(relay_half, p->edges[6] = p->edges[--p->nedges])
CHANGE(relay_and_direct, p->edges[p->nedges] = p->edges[10]; p->edges[p->nedges++].from = L_CONV1A)
CHANGE(relay_of_nothing, p->edges[5] = p->edges[9]; p->edges[6] = p->edges[10]; p->nedges -= 2)

struct change {
	change_fn change;
	const char *says;
};
static const struct change relay_changes[] = {
	{ relay_tensor, "passes on other tensors" },
	{ relay_rows, "3 rows" },
	{ relay_range, "features 0 to 7" },
	{ relay_columns, "columns -2147483648 to 8 of 8" },
	{ relay_half, "1 edges for input 1, 2 expected" },
	{ relay_and_direct, "arrives twice" },
	{ relay_of_nothing, "no edge for input 0" },
};
static const struct change changes[] = {
	{ no_clock, "clock" },
	{ nan_clock, "clock" },
	{ no_batch, "batches of 0" },
	{ tensor_shape, "is not tensor" },
	{ tensor_huge, "out of range" },
	{ tensor_zp, "zero point 256" },
	{ tensor_scale, "not a positive number" },
	{ tensor_rank, "rank 2" },
	{ bad_context, "context 1" },
	{ bad_cluster, "cluster 8" },
	{ merged_elsewhere, "merged with 'net/conv2' of another cluster" },
	{ merged_later, "merged with layer 4" },
	{ merged_chain, "which is not the first of its group" },
	{ merged_part, "merged, but no whole layer of a cluster" },
	{ merged_outside, "merged, but no whole layer of a cluster" },
	{ merged_nowhere, "merged with layer -7" },
	{ too_many_lcus, "cluster 3 of context 0 does not hold it" },
	{ bad_input, "does not exist" },
	{ early_input, "before it is complete" },
	{ bad_output, "does not exist" },
	{ written_twice, "expected next" },
	{ bad_rows, "7 rows" },
	{ gap, "is not tensor" },
	{ overlap, "is not tensor" },
	{ no_columns, "columns 0 to 0" },
	{ far_columns, "columns -2147483648 to 8 of 8" },
	{ some_columns, "is not tensor" },
	{ columns_and_features, "cannot compute columns" },
	{ columns_of_dense, "rank" },
	{ in_column, "reads from column 1" },
	{ wrong_kernel, "kernel" },
	{ edge_backwards, "joins layers" },
	{ edge_elsewhere, "is not input" },
	{ edge_twice, "edges for input" },
	{ edge_missing, "edges for input" },
	{ edge_rows, "buffer of 0 rows" },
	{ edge_kind, "kind 2" },
	{ edge_address, "buffer at -64" },
	{ edge_odd_address, "buffer at 100" },
	{ edge_outside, "memory has" },
	{ stream_tensor, "does not match" },
	{ stream_layer, "does not match" },
	{ stream_order, "out of place" },
	{ stream_missing, "output streams" },
};

static void references(const struct variant *v, const struct change *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct isa_prog *p = make_prog(v);
		struct err e = { 0 };
		char what[1200];

		c[i].change(p);
		check(isa_check(p, &e) < 0, c[i].says);
		snprintf(what, sizeof what, "'%s' expected in '%s'", c[i].says, e.msg);
		check(strstr(e.msg, c[i].says) != NULL, what);
		isa_free(p);
	}
}

int main(void)
{
	round_trip(&(struct variant){ 0 }, "one context comes back");
	round_trip(&(struct variant){ .contexts = 2 }, "two contexts come back");
	round_trip(&(struct variant){ .partial = true, .per_feature = true },
		   "a scale per feature");
	round_trip(&(struct variant){ .w_bits = 4 }, "4-bit weights come back");
	packed_weights_are_smaller();
	round_trip(&(struct variant){ .packed = true }, "packed weights come back");
	round_trip(&(struct variant){ .packed = true, .w_bits = 4 }, "packed 4-bit weights, too");
	round_trip(&(struct variant){ .relay = true, .contexts = 2 }, "a relay comes back");
	words();
	damage(&(struct variant){ .contexts = 2, .w_bits = 4 });
	damage(&(struct variant){ .packed = true });
	damage(&(struct variant){ .packed = true, .w_bits = 4 });
	few_bits();
	references(&(struct variant){ 0 }, changes, sizeof changes / sizeof *changes);
	references(&(struct variant){ .relay = true }, relay_changes,
		   sizeof relay_changes / sizeof *relay_changes);
	return finish();
}
