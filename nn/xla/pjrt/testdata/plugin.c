// A plugin that is broken in the way that the variable PLUGIN says, for tests of what
// no plugin that works can show. It has one function for all places in the table.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../abi.h"

enum { PLACES = 120 };

static struct {
  table head;
  void *functions[PLACES];
} plugin;

static struct error { int code; const char *message; } failed;

static bool is(const char *what) {
  const char *broken = getenv("PLUGIN");
  return broken && !strcmp(broken, what);
}

static error_t_ *fail(int code, const char *message) {
  failed.code = code, failed.message = message;
  return &failed;
}

static error_t_ *work(void *args) { return NULL; }

static void message(error_message_args *a) {
  a->message = a->error->message, a->message_size = a->message ? strlen(a->message) : 0;
}
static error_t_ *code(error_code_args *a) {
  a->code = a->error->code;
  return NULL;
}

static error_t_ *initialize(void *args) { return is("ill") ? fail(9, "the driver is from 1999") : NULL; }

// attributes gives values that have more fields than the caller knows of.
static error_t_ *attributes(plugin_attributes_args *a) {
  static struct { named v; char more[24]; } list[3];
  if (is("mute")) { a->count = 3; return NULL; } // of a list that is not there
  for (int i = 0; i < 3; i++) list[i].v = (named){.size = sizeof list[0], .name = "abc" + i, .name_size = 1, .type = INT64, .number = i, .count = 1};
  list[1].v.type = STRING, list[1].v.text = NULL, list[1].v.count = 5;
  a->attributes = &list[0].v, a->count = 3;
  return NULL;
}

// said is what the options are, in words.
static const char *said(const named *v, size_t n) {
  static char text[1000];
  size_t at = 0;
  for (size_t i = 0; i < n; i++, v = (const named *)((const char *)v + v->size)) {
    at += snprintf(text + at, sizeof text - at, "%.*s=", (int)v->name_size, v->name);
    switch (v->type) {
    case STRING: at += snprintf(text + at, sizeof text - at, "%.*s ", (int)v->count, v->text); break;
    case INT64: at += snprintf(text + at, sizeof text - at, "%lld ", (long long)v->number); break;
    case INT64_LIST:
      for (size_t k = 0; k < v->count; k++) at += snprintf(text + at, sizeof text - at, "%lld ", (long long)v->numbers[k]);
      break;
    case FLOAT: at += snprintf(text + at, sizeof text - at, "%g ", v->fraction); break;
    case BOOL: at += snprintf(text + at, sizeof text - at, v->yes ? "yes " : "no "); break;
    }
  }
  return text;
}

static error_t_ *create(client_create_args *a) {
  if (is("echo")) return fail(3, said(a->options, a->count));
  if (is("full")) return fail(8, "out of memory");
  if (is("silent")) return fail(13, NULL);
  a->client = (client_t_ *)&plugin;
  return NULL;
}

static error_t_ *describe(topology_create_args *a) {
  if (is("nowhere")) return fail(5, said(a->options, a->count));
  a->topology = (topology_t_ *)&plugin;
  return NULL;
}

static error_t_ *compile(compile_args *a) {
  if (a->program->format_size != 4 || memcmp(a->program->format, "mlir", 4)) return fail(3, "what format is this?");
  a->executable = (executable_t_ *)&plugin;
  return NULL;
}

static error_t_ *outputs(executable_outputs_args *a) {
  a->outputs = 3;
  return is("unsure") ? fail(2, "how would it know?") : NULL;
}

static error_t_ *memory(executable_memory_args *a) {
  a->code = 1, a->arguments = 2, a->outputs = 3, a->alias = 4, a->temp = 5, a->peak = 6;
  return NULL;
}

const table *GetPjrtApi(void) {
  if (is("empty")) return NULL;
  memset(&plugin, 0, sizeof plugin);
  plugin.head.size = is("old") ? sizeof(table) + 90 * sizeof(void *) : is("cut off") ? 16 : sizeof plugin;
  plugin.head.version.major = is("major") ? 1 : 0;
  plugin.head.version.minor = is("minor") ? 40 : 100;
  for (int i = 0; i < PLACES; i++) plugin.functions[i] = work;
  plugin.functions[ERROR_MESSAGE] = message;
  plugin.functions[ERROR_CODE] = code;
  plugin.functions[PLUGIN_INITIALIZE] = initialize;
  plugin.functions[PLUGIN_ATTRIBUTES] = attributes;
  plugin.functions[CLIENT_CREATE] = create;
  plugin.functions[TOPOLOGY_CREATE] = describe;
  plugin.functions[COMPILE] = compile;
  plugin.functions[EXECUTABLE_OUTPUTS] = outputs;
  plugin.functions[EXECUTABLE_MEMORY] = memory;
  if (is("lacks")) plugin.functions[COMPILE] = NULL;
  return &plugin.head;
}
