// The arguments of kernels. Made by layout of the structs in Go; do not edit.
#ifndef PIPE_ARGS_H
#define PIPE_ARGS_H

typedef struct {
  int64_t n;
  int64_t per;
  int64_t act;
  float alpha;
} act_args;
_Static_assert(offsetof(act_args, n) == 0, "layout");
_Static_assert(offsetof(act_args, per) == 8, "layout");
_Static_assert(offsetof(act_args, act) == 16, "layout");
_Static_assert(offsetof(act_args, alpha) == 24, "layout");
_Static_assert(sizeof(act_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  float rate;
  float decay;
  float epsilon;
} adagrad_args;
_Static_assert(offsetof(adagrad_args, n) == 0, "layout");
_Static_assert(offsetof(adagrad_args, per) == 8, "layout");
_Static_assert(offsetof(adagrad_args, rate) == 16, "layout");
_Static_assert(offsetof(adagrad_args, decay) == 20, "layout");
_Static_assert(offsetof(adagrad_args, epsilon) == 24, "layout");
_Static_assert(sizeof(adagrad_args) == 32, "layout");

typedef struct {
  int64_t heads;
  int64_t tq;
  int64_t tk;
  int64_t dh;
  int64_t stride_q;
  int64_t stride_k;
  int64_t stride_v;
  int64_t stride_out;
  uint64_t key;
  float scale;
  float drop_scale;
  uint32_t below;
  bool causal;
} attention_args;
_Static_assert(offsetof(attention_args, heads) == 0, "layout");
_Static_assert(offsetof(attention_args, tq) == 8, "layout");
_Static_assert(offsetof(attention_args, tk) == 16, "layout");
_Static_assert(offsetof(attention_args, dh) == 24, "layout");
_Static_assert(offsetof(attention_args, stride_q) == 32, "layout");
_Static_assert(offsetof(attention_args, stride_k) == 40, "layout");
_Static_assert(offsetof(attention_args, stride_v) == 48, "layout");
_Static_assert(offsetof(attention_args, stride_out) == 56, "layout");
_Static_assert(offsetof(attention_args, key) == 64, "layout");
_Static_assert(offsetof(attention_args, scale) == 72, "layout");
_Static_assert(offsetof(attention_args, drop_scale) == 76, "layout");
_Static_assert(offsetof(attention_args, below) == 80, "layout");
_Static_assert(offsetof(attention_args, causal) == 84, "layout");
_Static_assert(sizeof(attention_args) == 88, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t rows;
  int64_t plane;
  float epsilon;
  float momentum;
  bool training;
} batch_norm_args;
_Static_assert(offsetof(batch_norm_args, n) == 0, "layout");
_Static_assert(offsetof(batch_norm_args, per) == 8, "layout");
_Static_assert(offsetof(batch_norm_args, rows) == 16, "layout");
_Static_assert(offsetof(batch_norm_args, plane) == 24, "layout");
_Static_assert(offsetof(batch_norm_args, epsilon) == 32, "layout");
_Static_assert(offsetof(batch_norm_args, momentum) == 36, "layout");
_Static_assert(offsetof(batch_norm_args, training) == 40, "layout");
_Static_assert(sizeof(batch_norm_args) == 48, "layout");

typedef struct {
  int32_t count;
  int32_t step;
} axis_args;
_Static_assert(offsetof(axis_args, count) == 0, "layout");
_Static_assert(offsetof(axis_args, step) == 4, "layout");
_Static_assert(sizeof(axis_args) == 8, "layout");

typedef struct {
  axis_args rows[3];
  axis_args k[3];
  int32_t out[3];
  int32_t m;
  int32_t width;
  int32_t rows_per_task;
  int32_t k_per_task;
  int32_t groups;
  int32_t group_in;
  int32_t group_right;
  int32_t out_base;
  int64_t out_group;
  int64_t out_chunk;
  int64_t base;
  int64_t act;
  float alpha;
  bool bias;
} channels_args;
_Static_assert(offsetof(channels_args, rows) == 0, "layout");
_Static_assert(offsetof(channels_args, k) == 24, "layout");
_Static_assert(offsetof(channels_args, out) == 48, "layout");
_Static_assert(offsetof(channels_args, m) == 60, "layout");
_Static_assert(offsetof(channels_args, width) == 64, "layout");
_Static_assert(offsetof(channels_args, rows_per_task) == 68, "layout");
_Static_assert(offsetof(channels_args, k_per_task) == 72, "layout");
_Static_assert(offsetof(channels_args, groups) == 76, "layout");
_Static_assert(offsetof(channels_args, group_in) == 80, "layout");
_Static_assert(offsetof(channels_args, group_right) == 84, "layout");
_Static_assert(offsetof(channels_args, out_base) == 88, "layout");
_Static_assert(offsetof(channels_args, out_group) == 96, "layout");
_Static_assert(offsetof(channels_args, out_chunk) == 104, "layout");
_Static_assert(offsetof(channels_args, base) == 112, "layout");
_Static_assert(offsetof(channels_args, act) == 120, "layout");
_Static_assert(offsetof(channels_args, alpha) == 128, "layout");
_Static_assert(offsetof(channels_args, bias) == 132, "layout");
_Static_assert(sizeof(channels_args) == 136, "layout");

typedef struct {
  int64_t rows;
  int64_t columns;
  int64_t row_stride;
  int64_t chunk_stride;
  int64_t group_stride;
  int64_t chunks;
  int64_t per;
} channels_sum_args;
_Static_assert(offsetof(channels_sum_args, rows) == 0, "layout");
_Static_assert(offsetof(channels_sum_args, columns) == 8, "layout");
_Static_assert(offsetof(channels_sum_args, row_stride) == 16, "layout");
_Static_assert(offsetof(channels_sum_args, chunk_stride) == 24, "layout");
_Static_assert(offsetof(channels_sum_args, group_stride) == 32, "layout");
_Static_assert(offsetof(channels_sum_args, chunks) == 40, "layout");
_Static_assert(offsetof(channels_sum_args, per) == 48, "layout");
_Static_assert(sizeof(channels_sum_args) == 56, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t k;
  float rest;
  float target;
  float gamma;
} class_loss_args;
_Static_assert(offsetof(class_loss_args, n) == 0, "layout");
_Static_assert(offsetof(class_loss_args, per) == 8, "layout");
_Static_assert(offsetof(class_loss_args, k) == 16, "layout");
_Static_assert(offsetof(class_loss_args, rest) == 24, "layout");
_Static_assert(offsetof(class_loss_args, target) == 28, "layout");
_Static_assert(offsetof(class_loss_args, gamma) == 32, "layout");
_Static_assert(sizeof(class_loss_args) == 40, "layout");

typedef struct {
  int64_t parts;
  float max;
} clip_norm_args;
_Static_assert(offsetof(clip_norm_args, parts) == 0, "layout");
_Static_assert(offsetof(clip_norm_args, max) == 8, "layout");
_Static_assert(sizeof(clip_norm_args) == 16, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t rows;
  int64_t stride;
} col_sum_args;
_Static_assert(offsetof(col_sum_args, n) == 0, "layout");
_Static_assert(offsetof(col_sum_args, per) == 8, "layout");
_Static_assert(offsetof(col_sum_args, rows) == 16, "layout");
_Static_assert(offsetof(col_sum_args, stride) == 24, "layout");
_Static_assert(sizeof(col_sum_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t columns;
  int64_t stride_in;
  int64_t stride_out;
  int64_t column_in;
  int64_t column_out;
} columns_args;
_Static_assert(offsetof(columns_args, n) == 0, "layout");
_Static_assert(offsetof(columns_args, per) == 8, "layout");
_Static_assert(offsetof(columns_args, columns) == 16, "layout");
_Static_assert(offsetof(columns_args, stride_in) == 24, "layout");
_Static_assert(offsetof(columns_args, stride_out) == 32, "layout");
_Static_assert(offsetof(columns_args, column_in) == 40, "layout");
_Static_assert(offsetof(columns_args, column_out) == 48, "layout");
_Static_assert(sizeof(columns_args) == 56, "layout");

typedef struct {
  int64_t images;
  int64_t h;
  int64_t w;
  int64_t m;
  int64_t c;
  int64_t groups;
  int64_t plane;
  int64_t base;
  int64_t out_plane;
  int64_t out_base;
  int32_t a;
  int32_t b;
  int32_t step_h;
  int32_t step_w;
  int32_t tap_a;
  int32_t tap_b;
  int32_t out_h;
  int32_t out_w;
  int32_t pixels_per_task;
  int32_t rows_per_task;
  int64_t act;
  float alpha;
  bool bias;
} conv_args;
_Static_assert(offsetof(conv_args, images) == 0, "layout");
_Static_assert(offsetof(conv_args, h) == 8, "layout");
_Static_assert(offsetof(conv_args, w) == 16, "layout");
_Static_assert(offsetof(conv_args, m) == 24, "layout");
_Static_assert(offsetof(conv_args, c) == 32, "layout");
_Static_assert(offsetof(conv_args, groups) == 40, "layout");
_Static_assert(offsetof(conv_args, plane) == 48, "layout");
_Static_assert(offsetof(conv_args, base) == 56, "layout");
_Static_assert(offsetof(conv_args, out_plane) == 64, "layout");
_Static_assert(offsetof(conv_args, out_base) == 72, "layout");
_Static_assert(offsetof(conv_args, a) == 80, "layout");
_Static_assert(offsetof(conv_args, b) == 84, "layout");
_Static_assert(offsetof(conv_args, step_h) == 88, "layout");
_Static_assert(offsetof(conv_args, step_w) == 92, "layout");
_Static_assert(offsetof(conv_args, tap_a) == 96, "layout");
_Static_assert(offsetof(conv_args, tap_b) == 100, "layout");
_Static_assert(offsetof(conv_args, out_h) == 104, "layout");
_Static_assert(offsetof(conv_args, out_w) == 108, "layout");
_Static_assert(offsetof(conv_args, pixels_per_task) == 112, "layout");
_Static_assert(offsetof(conv_args, rows_per_task) == 116, "layout");
_Static_assert(offsetof(conv_args, act) == 120, "layout");
_Static_assert(offsetof(conv_args, alpha) == 128, "layout");
_Static_assert(offsetof(conv_args, bias) == 132, "layout");
_Static_assert(sizeof(conv_args) == 136, "layout");

typedef struct {
  int64_t rows;
  int64_t c;
  int64_t a;
  int64_t b;
  int64_t row_stride;
  int64_t c_stride;
  int64_t a_stride;
  int64_t b_stride;
  int64_t width;
  int64_t per;
  int64_t batch_stride;
  int64_t out_stride;
  int64_t begin;
} conv_pack_args;
_Static_assert(offsetof(conv_pack_args, rows) == 0, "layout");
_Static_assert(offsetof(conv_pack_args, c) == 8, "layout");
_Static_assert(offsetof(conv_pack_args, a) == 16, "layout");
_Static_assert(offsetof(conv_pack_args, b) == 24, "layout");
_Static_assert(offsetof(conv_pack_args, row_stride) == 32, "layout");
_Static_assert(offsetof(conv_pack_args, c_stride) == 40, "layout");
_Static_assert(offsetof(conv_pack_args, a_stride) == 48, "layout");
_Static_assert(offsetof(conv_pack_args, b_stride) == 56, "layout");
_Static_assert(offsetof(conv_pack_args, width) == 64, "layout");
_Static_assert(offsetof(conv_pack_args, per) == 72, "layout");
_Static_assert(offsetof(conv_pack_args, batch_stride) == 80, "layout");
_Static_assert(offsetof(conv_pack_args, out_stride) == 88, "layout");
_Static_assert(offsetof(conv_pack_args, begin) == 96, "layout");
_Static_assert(sizeof(conv_pack_args) == 104, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  uint64_t key;
  int64_t group;
  float scale;
  uint32_t below;
} dropout_args;
_Static_assert(offsetof(dropout_args, n) == 0, "layout");
_Static_assert(offsetof(dropout_args, per) == 8, "layout");
_Static_assert(offsetof(dropout_args, key) == 16, "layout");
_Static_assert(offsetof(dropout_args, group) == 24, "layout");
_Static_assert(offsetof(dropout_args, scale) == 32, "layout");
_Static_assert(offsetof(dropout_args, below) == 36, "layout");
_Static_assert(sizeof(dropout_args) == 40, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t d;
  int64_t rows;
  float scale;
} embed_args;
_Static_assert(offsetof(embed_args, n) == 0, "layout");
_Static_assert(offsetof(embed_args, per) == 8, "layout");
_Static_assert(offsetof(embed_args, d) == 16, "layout");
_Static_assert(offsetof(embed_args, rows) == 24, "layout");
_Static_assert(offsetof(embed_args, scale) == 32, "layout");
_Static_assert(sizeof(embed_args) == 40, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t d;
  int64_t padding;
  float scale;
} embed_grad_args;
_Static_assert(offsetof(embed_grad_args, n) == 0, "layout");
_Static_assert(offsetof(embed_grad_args, per) == 8, "layout");
_Static_assert(offsetof(embed_grad_args, d) == 16, "layout");
_Static_assert(offsetof(embed_grad_args, padding) == 24, "layout");
_Static_assert(offsetof(embed_grad_args, scale) == 32, "layout");
_Static_assert(sizeof(embed_grad_args) == 40, "layout");

typedef struct {
  int64_t ids;
  int64_t rows;
} embed_sort_args;
_Static_assert(offsetof(embed_sort_args, ids) == 0, "layout");
_Static_assert(offsetof(embed_sort_args, rows) == 8, "layout");
_Static_assert(sizeof(embed_sort_args) == 16, "layout");

typedef struct {
  int64_t m;
  int64_t n;
  int64_t k;
  int64_t row_stride;
  int64_t stride_a;
  int64_t stride_b;
  int64_t stride_c;
  int64_t panels_a;
  int64_t panels_b;
  int64_t batch_tasks;
  int64_t act;
  float alpha;
  int32_t bias;
  bool add;
} gemm_args;
_Static_assert(offsetof(gemm_args, m) == 0, "layout");
_Static_assert(offsetof(gemm_args, n) == 8, "layout");
_Static_assert(offsetof(gemm_args, k) == 16, "layout");
_Static_assert(offsetof(gemm_args, row_stride) == 24, "layout");
_Static_assert(offsetof(gemm_args, stride_a) == 32, "layout");
_Static_assert(offsetof(gemm_args, stride_b) == 40, "layout");
_Static_assert(offsetof(gemm_args, stride_c) == 48, "layout");
_Static_assert(offsetof(gemm_args, panels_a) == 56, "layout");
_Static_assert(offsetof(gemm_args, panels_b) == 64, "layout");
_Static_assert(offsetof(gemm_args, batch_tasks) == 72, "layout");
_Static_assert(offsetof(gemm_args, act) == 80, "layout");
_Static_assert(offsetof(gemm_args, alpha) == 88, "layout");
_Static_assert(offsetof(gemm_args, bias) == 92, "layout");
_Static_assert(offsetof(gemm_args, add) == 96, "layout");
_Static_assert(sizeof(gemm_args) == 104, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t channels;
  int64_t plane;
  int64_t groups;
  float epsilon;
} group_norm_args;
_Static_assert(offsetof(group_norm_args, n) == 0, "layout");
_Static_assert(offsetof(group_norm_args, per) == 8, "layout");
_Static_assert(offsetof(group_norm_args, channels) == 16, "layout");
_Static_assert(offsetof(group_norm_args, plane) == 24, "layout");
_Static_assert(offsetof(group_norm_args, groups) == 32, "layout");
_Static_assert(offsetof(group_norm_args, epsilon) == 40, "layout");
_Static_assert(sizeof(group_norm_args) == 48, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t t;
  float padding;
} id_lengths_args;
_Static_assert(offsetof(id_lengths_args, n) == 0, "layout");
_Static_assert(offsetof(id_lengths_args, per) == 8, "layout");
_Static_assert(offsetof(id_lengths_args, t) == 16, "layout");
_Static_assert(offsetof(id_lengths_args, padding) == 24, "layout");
_Static_assert(sizeof(id_lengths_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t kind;
  int64_t k;
  float f[5];
} loss_args;
_Static_assert(offsetof(loss_args, n) == 0, "layout");
_Static_assert(offsetof(loss_args, per) == 8, "layout");
_Static_assert(offsetof(loss_args, kind) == 16, "layout");
_Static_assert(offsetof(loss_args, k) == 24, "layout");
_Static_assert(offsetof(loss_args, f) == 32, "layout");
_Static_assert(sizeof(loss_args) == 56, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  float rate;
  float decay;
  float beta1;
  float rest1;
  float beta2;
  float rest2;
  float epsilon;
} moments_args;
_Static_assert(offsetof(moments_args, n) == 0, "layout");
_Static_assert(offsetof(moments_args, per) == 8, "layout");
_Static_assert(offsetof(moments_args, rate) == 16, "layout");
_Static_assert(offsetof(moments_args, decay) == 20, "layout");
_Static_assert(offsetof(moments_args, beta1) == 24, "layout");
_Static_assert(offsetof(moments_args, rest1) == 28, "layout");
_Static_assert(offsetof(moments_args, beta2) == 32, "layout");
_Static_assert(offsetof(moments_args, rest2) == 36, "layout");
_Static_assert(offsetof(moments_args, epsilon) == 40, "layout");
_Static_assert(sizeof(moments_args) == 48, "layout");

typedef struct {
  int64_t rows;
  int64_t k;
  int64_t row_stride;
  int64_t k_stride;
  int64_t batch_stride;
  int64_t out_stride;
  int64_t per;
  int64_t batch_tasks;
  bool columns;
} pack_args;
_Static_assert(offsetof(pack_args, rows) == 0, "layout");
_Static_assert(offsetof(pack_args, k) == 8, "layout");
_Static_assert(offsetof(pack_args, row_stride) == 16, "layout");
_Static_assert(offsetof(pack_args, k_stride) == 24, "layout");
_Static_assert(offsetof(pack_args, batch_stride) == 32, "layout");
_Static_assert(offsetof(pack_args, out_stride) == 40, "layout");
_Static_assert(offsetof(pack_args, per) == 48, "layout");
_Static_assert(offsetof(pack_args, batch_tasks) == 56, "layout");
_Static_assert(offsetof(pack_args, columns) == 64, "layout");
_Static_assert(sizeof(pack_args) == 72, "layout");

typedef struct {
  int64_t h;
  int64_t g;
} pack_gates_args;
_Static_assert(offsetof(pack_gates_args, h) == 0, "layout");
_Static_assert(offsetof(pack_gates_args, g) == 8, "layout");
_Static_assert(sizeof(pack_gates_args) == 16, "layout");

typedef struct {
  int64_t n;
  int64_t t;
  int64_t d;
  int64_t h;
  int64_t per;
  bool ones;
  bool reversed;
} pack_steps_args;
_Static_assert(offsetof(pack_steps_args, n) == 0, "layout");
_Static_assert(offsetof(pack_steps_args, t) == 8, "layout");
_Static_assert(offsetof(pack_steps_args, d) == 16, "layout");
_Static_assert(offsetof(pack_steps_args, h) == 24, "layout");
_Static_assert(offsetof(pack_steps_args, per) == 32, "layout");
_Static_assert(offsetof(pack_steps_args, ones) == 40, "layout");
_Static_assert(offsetof(pack_steps_args, reversed) == 41, "layout");
_Static_assert(sizeof(pack_steps_args) == 48, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t h;
  int64_t w;
  int64_t out_h;
  int64_t out_w;
  int64_t top;
  int64_t left;
} pad_args;
_Static_assert(offsetof(pad_args, n) == 0, "layout");
_Static_assert(offsetof(pad_args, per) == 8, "layout");
_Static_assert(offsetof(pad_args, h) == 16, "layout");
_Static_assert(offsetof(pad_args, w) == 24, "layout");
_Static_assert(offsetof(pad_args, out_h) == 32, "layout");
_Static_assert(offsetof(pad_args, out_w) == 40, "layout");
_Static_assert(offsetof(pad_args, top) == 48, "layout");
_Static_assert(offsetof(pad_args, left) == 56, "layout");
_Static_assert(sizeof(pad_args) == 64, "layout");

typedef struct {
  int64_t parts;
} parts_args;
_Static_assert(offsetof(parts_args, parts) == 0, "layout");
_Static_assert(sizeof(parts_args) == 8, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t size;
  float s;
} plane_args;
_Static_assert(offsetof(plane_args, n) == 0, "layout");
_Static_assert(offsetof(plane_args, per) == 8, "layout");
_Static_assert(offsetof(plane_args, size) == 16, "layout");
_Static_assert(offsetof(plane_args, s) == 24, "layout");
_Static_assert(sizeof(plane_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t h;
  int64_t w;
  int32_t out_h;
  int32_t out_w;
  int32_t kh;
  int32_t kw;
  int32_t stride_h;
  int32_t stride_w;
  int32_t top;
  int32_t left;
  bool count_padding;
} pool_args;
_Static_assert(offsetof(pool_args, n) == 0, "layout");
_Static_assert(offsetof(pool_args, per) == 8, "layout");
_Static_assert(offsetof(pool_args, h) == 16, "layout");
_Static_assert(offsetof(pool_args, w) == 24, "layout");
_Static_assert(offsetof(pool_args, out_h) == 32, "layout");
_Static_assert(offsetof(pool_args, out_w) == 36, "layout");
_Static_assert(offsetof(pool_args, kh) == 40, "layout");
_Static_assert(offsetof(pool_args, kw) == 44, "layout");
_Static_assert(offsetof(pool_args, stride_h) == 48, "layout");
_Static_assert(offsetof(pool_args, stride_w) == 52, "layout");
_Static_assert(offsetof(pool_args, top) == 56, "layout");
_Static_assert(offsetof(pool_args, left) == 60, "layout");
_Static_assert(offsetof(pool_args, count_padding) == 64, "layout");
_Static_assert(sizeof(pool_args) == 72, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  float rate;
  float decay;
  float alpha;
  float rest;
  float epsilon;
  float momentum;
} rmsprop_args;
_Static_assert(offsetof(rmsprop_args, n) == 0, "layout");
_Static_assert(offsetof(rmsprop_args, per) == 8, "layout");
_Static_assert(offsetof(rmsprop_args, rate) == 16, "layout");
_Static_assert(offsetof(rmsprop_args, decay) == 20, "layout");
_Static_assert(offsetof(rmsprop_args, alpha) == 24, "layout");
_Static_assert(offsetof(rmsprop_args, rest) == 28, "layout");
_Static_assert(offsetof(rmsprop_args, epsilon) == 32, "layout");
_Static_assert(offsetof(rmsprop_args, momentum) == 36, "layout");
_Static_assert(sizeof(rmsprop_args) == 40, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t t;
  int64_t h;
  bool reversed;
} recurrent_args;
_Static_assert(offsetof(recurrent_args, n) == 0, "layout");
_Static_assert(offsetof(recurrent_args, per) == 8, "layout");
_Static_assert(offsetof(recurrent_args, t) == 16, "layout");
_Static_assert(offsetof(recurrent_args, h) == 24, "layout");
_Static_assert(offsetof(recurrent_args, reversed) == 32, "layout");
_Static_assert(sizeof(recurrent_args) == 40, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t d;
  float epsilon;
  bool rms;
} row_norm_args;
_Static_assert(offsetof(row_norm_args, n) == 0, "layout");
_Static_assert(offsetof(row_norm_args, per) == 8, "layout");
_Static_assert(offsetof(row_norm_args, d) == 16, "layout");
_Static_assert(offsetof(row_norm_args, epsilon) == 24, "layout");
_Static_assert(offsetof(row_norm_args, rms) == 28, "layout");
_Static_assert(sizeof(row_norm_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t k;
} rows_args;
_Static_assert(offsetof(rows_args, n) == 0, "layout");
_Static_assert(offsetof(rows_args, per) == 8, "layout");
_Static_assert(offsetof(rows_args, k) == 16, "layout");
_Static_assert(sizeof(rows_args) == 24, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  float rate;
  float decay;
  float momentum;
  bool nesterov;
} sgd_args;
_Static_assert(offsetof(sgd_args, n) == 0, "layout");
_Static_assert(offsetof(sgd_args, per) == 8, "layout");
_Static_assert(offsetof(sgd_args, rate) == 16, "layout");
_Static_assert(offsetof(sgd_args, decay) == 20, "layout");
_Static_assert(offsetof(sgd_args, momentum) == 24, "layout");
_Static_assert(offsetof(sgd_args, nesterov) == 28, "layout");
_Static_assert(sizeof(sgd_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  float s;
} scale_args;
_Static_assert(offsetof(scale_args, n) == 0, "layout");
_Static_assert(offsetof(scale_args, per) == 8, "layout");
_Static_assert(offsetof(scale_args, s) == 16, "layout");
_Static_assert(sizeof(scale_args) == 24, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t d;
  int64_t each;
} softmax_args;
_Static_assert(offsetof(softmax_args, n) == 0, "layout");
_Static_assert(offsetof(softmax_args, per) == 8, "layout");
_Static_assert(offsetof(softmax_args, d) == 16, "layout");
_Static_assert(offsetof(softmax_args, each) == 24, "layout");
_Static_assert(sizeof(softmax_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
} span_args;
_Static_assert(offsetof(span_args, n) == 0, "layout");
_Static_assert(offsetof(span_args, per) == 8, "layout");
_Static_assert(sizeof(span_args) == 16, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t t;
  int64_t d;
  bool first;
} steps_args;
_Static_assert(offsetof(steps_args, n) == 0, "layout");
_Static_assert(offsetof(steps_args, per) == 8, "layout");
_Static_assert(offsetof(steps_args, t) == 16, "layout");
_Static_assert(offsetof(steps_args, d) == 24, "layout");
_Static_assert(offsetof(steps_args, first) == 32, "layout");
_Static_assert(sizeof(steps_args) == 40, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t a;
  int64_t b;
} swap_args;
_Static_assert(offsetof(swap_args, n) == 0, "layout");
_Static_assert(offsetof(swap_args, per) == 8, "layout");
_Static_assert(offsetof(swap_args, a) == 16, "layout");
_Static_assert(offsetof(swap_args, b) == 24, "layout");
_Static_assert(sizeof(swap_args) == 32, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  int64_t t;
  int64_t d;
  int64_t kind;
} time_pool_args;
_Static_assert(offsetof(time_pool_args, n) == 0, "layout");
_Static_assert(offsetof(time_pool_args, per) == 8, "layout");
_Static_assert(offsetof(time_pool_args, t) == 16, "layout");
_Static_assert(offsetof(time_pool_args, d) == 24, "layout");
_Static_assert(offsetof(time_pool_args, kind) == 32, "layout");
_Static_assert(sizeof(time_pool_args) == 40, "layout");

typedef struct {
  int64_t n;
  int64_t per;
  float rate;
  float decay;
} update_args;
_Static_assert(offsetof(update_args, n) == 0, "layout");
_Static_assert(offsetof(update_args, per) == 8, "layout");
_Static_assert(offsetof(update_args, rate) == 16, "layout");
_Static_assert(offsetof(update_args, decay) == 20, "layout");
_Static_assert(sizeof(update_args) == 24, "layout");

#define ARGS_WORDS 17
#define ARGS_MEMBERS \
  act_args act; \
  adagrad_args adagrad; \
  attention_args attention; \
  batch_norm_args batch_norm; \
  axis_args axis; \
  channels_args channels; \
  channels_sum_args channels_sum; \
  class_loss_args class_loss; \
  clip_norm_args clip_norm; \
  col_sum_args col_sum; \
  columns_args columns; \
  conv_args conv; \
  conv_pack_args conv_pack; \
  dropout_args dropout; \
  embed_args embed; \
  embed_grad_args embed_grad; \
  embed_sort_args embed_sort; \
  gemm_args gemm; \
  group_norm_args group_norm; \
  id_lengths_args id_lengths; \
  loss_args loss; \
  moments_args moments; \
  pack_args pack; \
  pack_gates_args pack_gates; \
  pack_steps_args pack_steps; \
  pad_args pad; \
  parts_args parts; \
  plane_args plane; \
  pool_args pool; \
  rmsprop_args rmsprop; \
  recurrent_args recurrent; \
  row_norm_args row_norm; \
  rows_args rows; \
  sgd_args sgd; \
  scale_args scale; \
  softmax_args softmax; \
  span_args span; \
  steps_args steps; \
  swap_args swap; \
  time_pool_args time_pool; \
  update_args update;
#endif
