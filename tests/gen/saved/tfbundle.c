/* The files of variables. */
#include "base/outfile.h"
#include "tfnet.h"
#include <stdlib.h>

void tfn_write(const char *path, const struct str *s)
{
	struct err e = { 0 };
	struct outfile *o = outfile_open(path, OUT_BINARY, &e);

	if (!o || outfile_write(o, s->len ? s->p : "", s->len, &e) < 0 || outfile_commit(o, &e) < 0)
		die(&e);
}

struct bundle {
	const struct tfn_opts *o;
	struct tfw_table table;
	struct str *data; /* of each shard */
	int next;
};

/* An entry's words, and its bytes in the next shard. */
static void entry(struct bundle *b, struct str *e, const struct tfw_tensor *t,
		  const struct str *bytes, uint32_t crc)
{
	const int shard = b->next++ % b->o->shards;
	struct str shape = { 0 };

	pb_int(e, 1, b->o->say_type ? b->o->say_type : t->type->number);
	tfw_shape(&shape, t->rank, t->dim);
	pb_put(e, 2, &shape);
	if (b->o->say_shard || shard)
		pb_int(e, 3, b->o->say_shard ? b->o->say_shard : shard);
	pb_int(e, 4, (int64_t)b->data[shard].len + b->o->say_offset);
	pb_int(e, 5, (int64_t)bytes->len + b->o->say_size);
	pb_fixed32(e, 6, tfw_mask(crc));
	str_add(&b->data[shard], bytes->len ? bytes->p : "", bytes->len);
}

static void one_piece(struct bundle *b, const char *key, const struct tfw_tensor *t)
{
	struct str bytes = { 0 }, e = { 0 };

	tfw_elements(&bytes, t);
	entry(b, &e, t, &bytes, tfw_crc(0, bytes.p, bytes.len));
	tfw_put(&b->table, key, strlen(key), &e);
	str_release(&bytes);
}

/* Rows from `from` on of the first dimension. */
static void part(struct bundle *b, const char *key, const struct tfw_tensor *t,
		 const struct str *all, int64_t from, int64_t n)
{
	struct tfw_tensor some = *t;
	const size_t row = all->len / (size_t)t->dim[0];
	struct str bytes = { 0 }, e = { 0 }, name = { 0 };
	int64_t extent[8][2];

	some.dim[0] = n;
	for (int i = 0; i < t->rank; i++) {
		extent[i][0] = i ? 0 : from;
		extent[i][1] = i ? -1 : n;
	}
	str_add(&bytes, all->p + (size_t)from * row, (size_t)n * row);
	entry(b, &e, &some, &bytes, tfw_crc(0, bytes.p, bytes.len));
	tfw_part_key(&name, key, (size_t)t->rank, (const int64_t(*)[2])extent);
	tfw_put(&b->table, name.p, name.len, &e);
	str_release(&bytes);
	str_release(&name);
}

/* The list of parts in the whole's entry, and the parts themselves. */
static void parted(struct bundle *b, const char *key, const struct tfw_tensor *t)
{
	const int64_t n = b->o->parts, step = (t->dim[0] + n - 1) / n;
	struct str all = { 0 }, e = { 0 }, m = { 0 };

	tfw_elements(&all, t);
	pb_int(&e, 1, t->type->number);
	tfw_shape(&m, t->rank, t->dim);
	pb_put(&e, 2, &m);
	for (int64_t i = 0; i * step < t->dim[0]; i++) {
		const int64_t from = i * step, left = t->dim[0] - from;
		int64_t rows = left < step ? left : step;
		struct str extent = { 0 };

		if (b->o->gap && i == 0)
			rows--;
		if (b->o->overlap && i == 0)
			rows++;
		part(b, key, t, &all, from, rows);
		pb_int(&extent, 1, from);
		pb_int(&extent, 2, rows);
		pb_put(&m, 1, &extent);
		for (int k = 1; k < t->rank; k++)
			pb_put(&m, 1, &extent);
		pb_put(&e, 7, &m);
	}
	tfw_put(&b->table, key, strlen(key), &e);
	str_release(&all);
}

/* The list of objects: their full names and keys, as one string. */
static void objects(struct bundle *b, const struct tfn *net, const char *suffix)
{
	const struct tfw_tensor t = { .type = tfw_type("string") };
	struct str graph = { 0 }, bytes = { 0 }, e = { 0 };
	uint32_t size, crc;

	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *n = &net->main.node[i];
		struct str node = { 0 }, attr = { 0 };
		char *key;

		if (n->kind != TFN_VAR)
			continue;
		key = xasprintf("%s%s", n->name, suffix);
		pb_text(&attr, 1, "VARIABLE_VALUE");
		pb_text(&attr, 2, b->o->same_name ? b->o->same_name : n->name);
		pb_text(&attr, 3, key);
		pb_put(&node, 2, &attr);
		pb_put(&graph, 1, &node);
		free(key);
	}
	size = (uint32_t)graph.len;
	pb_varint(&bytes, size);
	crc = tfw_crc(0, &size, 4);
	size = tfw_mask(crc);
	str_add(&bytes, &size, 4);
	crc = tfw_crc(crc, &size, 4);
	str_add(&bytes, graph.p ? graph.p : "", graph.len);
	crc = tfw_crc(crc, graph.p, graph.len);
	entry(b, &e, &t, &bytes, crc);
	tfw_put(&b->table, "_CHECKPOINTABLE_OBJECT_GRAPH", 28, &e);
	str_release(&bytes);
	str_release(&graph);
}

static void header(struct bundle *b)
{
	struct str h = { 0 }, version = { 0 };

	pb_int(&h, 1, b->o->say_shards ? b->o->say_shards : b->o->shards);
	if (b->o->say_endian)
		pb_int(&h, 2, 1);
	pb_int(&version, 1, 1);
	pb_put(&h, 3, &version);
	tfw_put(&b->table, "", 0, &h);
}

void tfn_bundle(const struct tfn *net, const char *prefix, const char *suffix, int with_objects,
		const struct tfn_opts *o)
{
	const struct tfw_table_opts how = { o->snappy, (size_t)o->block, o->compression,
					    o->unsorted };
	struct bundle b = { .o = o };
	struct str file = { 0 };

	b.data = xcalloc((size_t)o->shards, sizeof *b.data);
	for (int i = 0; i < o->shards; i++)
		for (int k = 0; k < o->pad; k++)
			str_add(&b.data[i], "", 1);
	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *n = &net->main.node[i];
		char *key = xasprintf("%s%s", n->name, suffix);

		if (n->kind == TFN_VAR && (!o->skip || strcmp(o->skip, n->name) != 0)) {
			if (o->parts > 1 && n->t.rank)
				parted(&b, key, &n->t);
			else
				one_piece(&b, key, &n->t);
		}
		free(key);
	}
	if (with_objects)
		objects(&b, net, suffix);
	if (!o->no_header)
		header(&b);
	tfw_table_write(&file, &b.table, &how);
	tfn_write(xasprintf("%s.index", prefix), &file);
	for (int i = 0; i < o->shards; i++)
		tfn_write(xasprintf("%s.data-%05d-of-%05d", prefix, i, o->shards), &b.data[i]);
}
