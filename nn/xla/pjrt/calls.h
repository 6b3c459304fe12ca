// A C function for each call of a plugin that Go makes.
#pragma once
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

// ARGS declares the struct of a call, zero. A plugin that is newer takes a struct that
// ends early for a mistake, and one that is longer than it knows for one of a newer
// caller: so there is room for what was added since, and none of it is given.
enum { LATER = 128 };
#define ARGS(t)                                                    \
  char room[sizeof(t) + LATER] __attribute__((aligned(8))) = {0}; \
  t *const a = (t *)room;                                          \
  a->size = sizeof room
// CALL calls a function of the table, which gives an error or NULL.
#define CALL(p, function) (((error_t_ *(*)(void *))(p)->functions[function])(a))

// plugin_open loads a library and finds its table.
static inline const table *plugin_open(const char *path, const char **why) {
  setenv("TF_CPP_MIN_LOG_LEVEL", "3", 0); // else XLA writes to the terminal; what fails it says in its errors
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) { *why = dlerror(); return NULL; }
  const table *(*get)(void) = (const table *(*)(void))dlsym(library, "GetPjrtApi");
  if (!get) { *why = "it has no function GetPjrtApi"; return NULL; }
  const table *p = get();
  if (!p) *why = "its GetPjrtApi gives nothing";
  else if (p->size < sizeof *p) { *why = "its table of functions is cut off"; return NULL; }
  return p;
}

// plugin_has says whether the table goes as far as a function, and has it.
static inline bool plugin_has(const table *p, int function) {
  return p->size >= sizeof(table) + (function + 1) * sizeof(void *) && p->functions[function];
}
// plugin_lacks names a function that the plugin has to have and does not.
static inline const char *plugin_lacks(const table *p) {
#define LACKS(name, place) if (!plugin_has(p, place)) return #name;
  NEEDED(LACKS)
  return NULL;
}

static inline void error_free(const table *p, error_t_ *e) {
  ARGS(error_destroy_args);
  a->error = e;
  ((void (*)(void *))p->functions[ERROR_DESTROY])(a);
}
static inline void error_text(const table *p, error_t_ *e, const char **text, size_t *n) {
  ARGS(error_message_args);
  a->error = e;
  ((void (*)(void *))p->functions[ERROR_MESSAGE])(a);
  *text = a->message, *n = a->message_size;
}
static inline int error_code(const table *p, error_t_ *e) {
  ARGS(error_code_args);
  a->error = e;
  error_t_ *other = CALL(p, ERROR_CODE);
  if (other) { error_free(p, other); return 2; }
  return a->code;
}

static inline error_t_ *plugin_initialize(const table *p) {
  ARGS(plugin_initialize_args);
  return CALL(p, PLUGIN_INITIALIZE);
}
static inline error_t_ *plugin_attributes(const table *p, const named **list, size_t *n) {
  ARGS(plugin_attributes_args);
  error_t_ *e = CALL(p, PLUGIN_ATTRIBUTES);
  *list = a->attributes, *n = a->count;
  return e;
}

static inline error_t_ *event_await(const table *p, event_t_ *event) {
  ARGS(event_args);
  a->event = event;
  return CALL(p, EVENT_AWAIT);
}
static inline void event_free(const table *p, event_t_ *event) {
  ARGS(event_args);
  a->event = event;
  error_t_ *e = CALL(p, EVENT_DESTROY);
  if (e) error_free(p, e);
}

static inline error_t_ *client_create(const table *p, const named *options, size_t n, client_t_ **client) {
  ARGS(client_create_args);
  a->options = options, a->count = n;
  error_t_ *e = CALL(p, CLIENT_CREATE);
  *client = a->client;
  return e;
}
static inline error_t_ *client_destroy(const table *p, client_t_ *client) {
  ARGS(client_args);
  a->client = client;
  return CALL(p, CLIENT_DESTROY);
}
static inline error_t_ *client_text(const table *p, client_t_ *client, int function, const char **text, size_t *n) {
  ARGS(client_text_args);
  a->client = client;
  error_t_ *e = CALL(p, function);
  *text = a->text, *n = a->text_size;
  return e;
}
static inline error_t_ *client_devices(const table *p, client_t_ *client, device_t_ *const **devices, size_t *n) {
  ARGS(client_devices_args);
  a->client = client;
  error_t_ *e = CALL(p, CLIENT_DEVICES);
  *devices = a->devices, *n = a->count;
  return e;
}
static inline error_t_ *device_kind(const table *p, device_t_ *device, const char **text, size_t *n) {
  description_t_ *description;
  {
    ARGS(device_description_args);
    a->device = device;
    error_t_ *e = CALL(p, DEVICE_DESCRIPTION);
    if (e) return e;
    description = a->description;
  }
  ARGS(description_kind_args);
  a->description = description;
  error_t_ *e = CALL(p, DESCRIPTION_KIND);
  *text = a->text, *n = a->text_size;
  return e;
}
static inline error_t_ *device_memory(const table *p, device_t_ *device, int64_t out[3]) {
  ARGS(device_memory_args);
  a->device = device;
  error_t_ *e = CALL(p, DEVICE_MEMORY);
  out[0] = a->in_use, out[1] = a->peak_set ? a->peak : 0, out[2] = a->limit_set ? a->limit : 0;
  return e;
}

static inline void text_program(program *g, char *code, size_t n) {
  memset(g, 0, sizeof *g);
  g->size = UP_TO(program, format_size);
  g->code = code, g->code_size = n, g->format = "mlir", g->format_size = 4;
}
static inline error_t_ *client_compile(const table *p, client_t_ *client, char *code, size_t n, const char *options, size_t options_size, loaded_t_ **loaded) {
  program g;
  text_program(&g, code, n);
  ARGS(client_compile_args);
  a->client = client, a->program = &g, a->options = options, a->options_size = options_size;
  error_t_ *e = CALL(p, CLIENT_COMPILE);
  *loaded = a->loaded;
  return e;
}
static inline error_t_ *executable_load(const table *p, client_t_ *client, const char *bytes, size_t n, loaded_t_ **loaded) {
  ARGS(executable_load_args);
  a->client = client, a->bytes = bytes, a->byte_count = n;
  error_t_ *e = CALL(p, EXECUTABLE_LOAD);
  *loaded = a->loaded;
  return e;
}
static inline error_t_ *loaded_executable(const table *p, loaded_t_ *loaded, executable_t_ **executable) {
  ARGS(loaded_executable_args);
  a->loaded = loaded;
  error_t_ *e = CALL(p, LOADED_EXECUTABLE);
  *executable = a->executable;
  return e;
}
static inline error_t_ *loaded_free(const table *p, loaded_t_ *loaded) {
  ARGS(loaded_args);
  a->loaded = loaded;
  return CALL(p, LOADED_DESTROY);
}
static inline error_t_ *executable_free(const table *p, executable_t_ *executable) {
  ARGS(executable_args);
  a->executable = executable;
  return CALL(p, EXECUTABLE_DESTROY);
}
static inline error_t_ *executable_outputs(const table *p, executable_t_ *executable, size_t *n) {
  ARGS(executable_outputs_args);
  a->executable = executable;
  error_t_ *e = CALL(p, EXECUTABLE_OUTPUTS);
  *n = a->outputs;
  return e;
}
static inline error_t_ *executable_memory(const table *p, executable_t_ *executable, int64_t out[6]) {
  ARGS(executable_memory_args);
  a->executable = executable;
  error_t_ *e = CALL(p, EXECUTABLE_MEMORY);
  out[0] = a->arguments, out[1] = a->outputs, out[2] = a->alias, out[3] = a->temp, out[4] = a->code, out[5] = a->peak;
  return e;
}
static inline error_t_ *executable_serialize(const table *p, executable_t_ *executable, executable_serialize_args *out) {
  ARGS(executable_serialize_args);
  a->executable = executable;
  error_t_ *e = CALL(p, EXECUTABLE_SERIALIZE);
  *out = *a;
  return e;
}
static inline void serialized_free(executable_serialize_args *a) {
  if (a->free_owner) a->free_owner(a->owner);
}

enum { MAX_DEVICES = 64 };

// execute runs a program on devices: the arguments of one behind those of the last,
// and so the results.
static inline error_t_ *execute(const table *p, loaded_t_ *loaded, buffer_t_ **in, size_t n, buffer_t_ **out, size_t outs, size_t devices) {
  char more[sizeof(execute_options) + LATER] __attribute__((aligned(8))) = {0};
  execute_options *const o = (execute_options *)more;
  o->size = sizeof more;
  buffer_t_ *const *ins[MAX_DEVICES];
  buffer_t_ **results[MAX_DEVICES];
  for (size_t i = 0; i < devices; i++) ins[i] = in + i * n, results[i] = out + i * outs;
  ARGS(execute_args);
  a->loaded = loaded, a->options = o, a->arguments = ins, a->devices = devices, a->argument_count = n, a->results = results;
  return CALL(p, LOADED_EXECUTE);
}

static inline error_t_ *from_host(const table *p, client_t_ *client, device_t_ *device, const void *data, int type, const int64_t *dims, size_t n,
                                  int semantics, buffer_t_ **buffer, event_t_ **done) {
  ARGS(from_host_args);
  a->client = client, a->device = device, a->data = data, a->type = type, a->dims = dims, a->dim_count = n, a->semantics = semantics;
  error_t_ *e = CALL(p, CLIENT_BUFFER_FROM_HOST);
  *buffer = a->buffer, *done = a->done;
  return e;
}
static inline error_t_ *to_host(const table *p, buffer_t_ *buffer, void *to, size_t bytes, event_t_ **event) {
  ARGS(to_host_args);
  a->buffer = buffer, a->to = to, a->bytes = bytes;
  error_t_ *e = CALL(p, BUFFER_TO_HOST);
  *event = a->event;
  return e;
}
// to_host_bytes is how many bytes a copy takes: the plugin says so if there is no place
// to copy to.
static inline error_t_ *to_host_bytes(const table *p, buffer_t_ *buffer, size_t *bytes) {
  ARGS(to_host_args);
  a->buffer = buffer;
  error_t_ *e = CALL(p, BUFFER_TO_HOST);
  *bytes = a->bytes;
  return e;
}
static inline void buffer_free(const table *p, buffer_t_ *buffer) {
  ARGS(buffer_args);
  a->buffer = buffer;
  error_t_ *e = CALL(p, BUFFER_DESTROY);
  if (e) error_free(p, e);
}
static inline error_t_ *buffer_deleted(const table *p, buffer_t_ *buffer, bool *deleted) {
  ARGS(buffer_deleted_args);
  a->buffer = buffer;
  error_t_ *e = CALL(p, BUFFER_DELETED);
  *deleted = a->deleted;
  return e;
}
static inline error_t_ *dma_map(const table *p, client_t_ *client, void *data, size_t n) {
  ARGS(dma_map_args);
  a->client = client, a->data = data, a->bytes = n;
  return CALL(p, CLIENT_DMA_MAP);
}
static inline error_t_ *dma_unmap(const table *p, client_t_ *client, void *data) {
  ARGS(dma_unmap_args);
  a->client = client, a->data = data;
  return CALL(p, CLIENT_DMA_UNMAP);
}

static inline error_t_ *topology_create(const table *p, const char *name, size_t n, const named *options, size_t count, topology_t_ **t) {
  ARGS(topology_create_args);
  a->name = name, a->name_size = n, a->options = options, a->count = count;
  error_t_ *e = CALL(p, TOPOLOGY_CREATE);
  *t = a->topology;
  return e;
}
static inline void topology_free(const table *p, topology_t_ *t) {
  ARGS(topology_args);
  a->topology = t;
  error_t_ *e = CALL(p, TOPOLOGY_DESTROY);
  if (e) error_free(p, e);
}
static inline error_t_ *compile_for(const table *p, topology_t_ *t, char *code, size_t n, const char *options, size_t options_size, executable_t_ **executable) {
  program g;
  text_program(&g, code, n);
  ARGS(compile_args);
  a->topology = t, a->program = &g, a->options = options, a->options_size = options_size;
  error_t_ *e = CALL(p, COMPILE);
  *executable = a->executable;
  return e;
}

static inline void name_value(named *v, const char *name, int type, const char *text, int64_t number, float fraction, const int64_t *numbers, size_t count) {
  memset(v, 0, sizeof *v);
  v->size = UP_TO(named, count), v->name = name, v->name_size = strlen(name), v->type = type, v->count = count;
  switch (type) {
  case STRING: v->text = text; break;
  case INT64: v->number = number; break;
  case INT64_LIST: v->numbers = numbers; break;
  case FLOAT: v->fraction = fraction; break;
  case BOOL: v->yes = number != 0; break;
  }
}
static inline const char *named_text(const named *v) { return v->text; }
static inline int64_t named_number(const named *v) { return v->number; }
static inline const int64_t *named_numbers(const named *v) { return v->numbers; }
static inline float named_fraction(const named *v) { return v->fraction; }
static inline bool named_yes(const named *v) { return v->yes; }
// named_next goes by the size that the plugin gives, which may know of more fields.
static inline const named *named_next(const named *v) {
  return (const named *)((const char *)v + (v->size > sizeof *v ? v->size : sizeof *v));
}
