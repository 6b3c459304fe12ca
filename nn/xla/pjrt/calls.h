#pragma once
// One function for each call of the ABI.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include "abi.h"

typedef const PJRT_Api *(*get_api)(void);

static inline void *lib_open(const char *path, const PJRT_Api **api, const char **err) {
  void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!h) { *err = dlerror(); return 0; }
  get_api f = (get_api)dlsym(h, "GetPjrtApi");
  if (!f) { *err = "it has no GetPjrtApi"; return 0; }
  *api = f();
  return h;
}

// ARGS declares the arguments of a call: zero, with their size filled in, which
// is how the ABI tells what this header knows of.
#define ARGS(T) T##_Args a; memset(&a, 0, sizeof a); a.struct_size = T##_Args_STRUCT_SIZE

static void error_text(const PJRT_Api *p, PJRT_Error *e, const char **s, size_t *n) {
  ARGS(PJRT_Error_Message); a.error = e; p->PJRT_Error_Message(&a); *s = a.message; *n = a.message_size;
}
static void error_free(const PJRT_Api *p, PJRT_Error *e) { ARGS(PJRT_Error_Destroy); a.error = e; p->PJRT_Error_Destroy(&a); }

static PJRT_Error *plugin_init(const PJRT_Api *p) { ARGS(PJRT_Plugin_Initialize); return p->PJRT_Plugin_Initialize(&a); }
static PJRT_Error *plugin_attrs(const PJRT_Api *p, const PJRT_NamedValue **v, size_t *n) {
  ARGS(PJRT_Plugin_Attributes); PJRT_Error *e = p->PJRT_Plugin_Attributes(&a); *v = a.attributes; *n = a.num_attributes; return e;
}
static PJRT_Error *client_create(const PJRT_Api *p, const PJRT_NamedValue *o, size_t n, PJRT_Client **c) {
  ARGS(PJRT_Client_Create); a.create_options = o; a.num_options = n; PJRT_Error *e = p->PJRT_Client_Create(&a); *c = a.client; return e;
}
static PJRT_Error *client_destroy(const PJRT_Api *p, PJRT_Client *c) { ARGS(PJRT_Client_Destroy); a.client = c; return p->PJRT_Client_Destroy(&a); }
static PJRT_Error *client_version(const PJRT_Api *p, PJRT_Client *c, const char **s, size_t *n) {
  ARGS(PJRT_Client_PlatformVersion); a.client = c; PJRT_Error *e = p->PJRT_Client_PlatformVersion(&a); *s = a.platform_version; *n = a.platform_version_size; return e;
}
static PJRT_Error *client_platform(const PJRT_Api *p, PJRT_Client *c, const char **s, size_t *n) {
  ARGS(PJRT_Client_PlatformName); a.client = c; PJRT_Error *e = p->PJRT_Client_PlatformName(&a); *s = a.platform_name; *n = a.platform_name_size; return e;
}
static PJRT_Error *client_devices(const PJRT_Api *p, PJRT_Client *c, PJRT_Device *const **d, size_t *n) {
  ARGS(PJRT_Client_AddressableDevices); a.client = c; PJRT_Error *e = p->PJRT_Client_AddressableDevices(&a);
  *d = a.addressable_devices; *n = a.num_addressable_devices; return e;
}
static PJRT_Device *device_at(PJRT_Device *const *d, size_t i) { return d[i]; }
static PJRT_Error *device_kind(const PJRT_Api *p, PJRT_Device *d, const char **s, size_t *n) {
  ARGS(PJRT_Device_GetDescription); a.device = d; PJRT_Error *e = p->PJRT_Device_GetDescription(&a); if (e) return e;
  PJRT_DeviceDescription *desc = a.device_description;
  { ARGS(PJRT_DeviceDescription_Kind); a.device_description = desc; e = p->PJRT_DeviceDescription_Kind(&a); *s = a.device_kind; *n = a.device_kind_size; }
  return e;
}
static PJRT_Error *device_memory(const PJRT_Api *p, PJRT_Device *d, int64_t out[4]) {
  ARGS(PJRT_Device_MemoryStats); a.device = d; PJRT_Error *e = p->PJRT_Device_MemoryStats(&a);
  out[0] = a.bytes_in_use; out[1] = a.peak_bytes_in_use; out[2] = a.bytes_limit; out[3] = a.num_allocs; return e;
}
static PJRT_Error *compile(const PJRT_Api *p, PJRT_Client *c, char *code, size_t n, const char *opts, size_t on, PJRT_LoadedExecutable **x) {
  PJRT_Program prog; memset(&prog, 0, sizeof prog); prog.struct_size = PJRT_Program_STRUCT_SIZE;
  prog.code = code; prog.code_size = n; prog.format = "mlir"; prog.format_size = 4;
  ARGS(PJRT_Client_Compile); a.client = c; a.program = &prog; a.compile_options = opts; a.compile_options_size = on;
  PJRT_Error *e = p->PJRT_Client_Compile(&a); *x = a.executable; return e;
}
static PJRT_Error *loaded_exec(const PJRT_Api *p, PJRT_LoadedExecutable *l, PJRT_Executable **x) {
  ARGS(PJRT_LoadedExecutable_GetExecutable); a.loaded_executable = l; PJRT_Error *e = p->PJRT_LoadedExecutable_GetExecutable(&a); *x = a.executable; return e;
}
static PJRT_Error *exec_outputs(const PJRT_Api *p, PJRT_Executable *x, size_t *n) {
  ARGS(PJRT_Executable_NumOutputs); a.executable = x; PJRT_Error *e = p->PJRT_Executable_NumOutputs(&a); *n = a.num_outputs; return e;
}
static PJRT_Error *exec_fingerprint(const PJRT_Api *p, PJRT_Executable *x, const char **s, size_t *n) {
  ARGS(PJRT_Executable_Fingerprint); a.executable = x; PJRT_Error *e = p->PJRT_Executable_Fingerprint(&a);
  *s = a.executable_fingerprint; *n = a.executable_fingerprint_size; return e;
}
static PJRT_Error *exec_memory(const PJRT_Api *p, PJRT_Executable *x, int64_t out[6]) {
  ARGS(PJRT_Executable_GetCompiledMemoryStats); a.executable = x; PJRT_Error *e = p->PJRT_Executable_GetCompiledMemoryStats(&a);
  out[0] = a.argument_size_in_bytes; out[1] = a.output_size_in_bytes; out[2] = a.alias_size_in_bytes; out[3] = a.temp_size_in_bytes;
  out[4] = a.generated_code_size_in_bytes; out[5] = a.peak_memory_in_bytes; return e;
}
static PJRT_Error *exec_cost(const PJRT_Api *p, PJRT_Executable *x, const PJRT_NamedValue **v, size_t *n) {
  ARGS(PJRT_Executable_GetCostAnalysis); a.executable = x; PJRT_Error *e = p->PJRT_Executable_GetCostAnalysis(&a); *v = a.properties; *n = a.num_properties; return e;
}
static PJRT_Error *exec_serialize(const PJRT_Api *p, PJRT_Executable *x, PJRT_Executable_Serialize_Args *a) {
  memset(a, 0, sizeof *a); a->struct_size = PJRT_Executable_Serialize_Args_STRUCT_SIZE; a->executable = x; return p->PJRT_Executable_Serialize(a);
}
static void serialized_free(PJRT_Executable_Serialize_Args *a) { if (a->serialized_executable_deleter) a->serialized_executable_deleter(a->serialized_executable); }
static PJRT_Error *exec_load(const PJRT_Api *p, PJRT_Client *c, const char *s, size_t n, PJRT_LoadedExecutable **x) {
  ARGS(PJRT_Executable_DeserializeAndLoad); a.client = c; a.serialized_executable = s; a.serialized_executable_size = n;
  PJRT_Error *e = p->PJRT_Executable_DeserializeAndLoad(&a); *x = a.loaded_executable; return e;
}
static void exec_free(const PJRT_Api *p, PJRT_Executable *x) { ARGS(PJRT_Executable_Destroy); a.executable = x; p->PJRT_Executable_Destroy(&a); }
static void loaded_free(const PJRT_Api *p, PJRT_LoadedExecutable *x) { ARGS(PJRT_LoadedExecutable_Destroy); a.executable = x; p->PJRT_LoadedExecutable_Destroy(&a); }
static PJRT_Error *execute(const PJRT_Api *p, PJRT_LoadedExecutable *x, PJRT_Buffer **in, size_t n, PJRT_Buffer **out,
                           const int64_t *keep, size_t nkeep, PJRT_Event **done) {
  PJRT_ExecuteOptions o; memset(&o, 0, sizeof o); o.struct_size = PJRT_ExecuteOptions_STRUCT_SIZE;
  o.non_donatable_input_indices = keep; o.num_non_donatable_input_indices = nkeep;
  PJRT_Buffer *const *ins[1] = {in}; PJRT_Buffer **outs[1] = {out};
  ARGS(PJRT_LoadedExecutable_Execute); a.executable = x; a.options = &o; a.argument_lists = ins; a.num_devices = 1; a.num_args = n;
  a.output_lists = outs; a.device_complete_events = done;
  return p->PJRT_LoadedExecutable_Execute(&a);
}
// execute_many runs on n devices: the arguments of one device behind those of the last.
static PJRT_Error *execute_many(const PJRT_Api *p, PJRT_LoadedExecutable *x, PJRT_Buffer **in, size_t n, PJRT_Buffer **out, size_t nout, size_t devices) {
  PJRT_ExecuteOptions o; memset(&o, 0, sizeof o); o.struct_size = PJRT_ExecuteOptions_STRUCT_SIZE;
  PJRT_Buffer *const *ins[64]; PJRT_Buffer **outs[64];
  for (size_t i = 0; i < devices; i++) ins[i] = in + i * n, outs[i] = out + i * nout;
  ARGS(PJRT_LoadedExecutable_Execute); a.executable = x; a.options = &o; a.argument_lists = ins; a.num_devices = devices; a.num_args = n; a.output_lists = outs;
  return p->PJRT_LoadedExecutable_Execute(&a);
}
static PJRT_Error *from_host(const PJRT_Api *p, PJRT_Client *c, PJRT_Device *d, const void *data, int type, const int64_t *dims, size_t nd,
                             int semantics, PJRT_Buffer **b, PJRT_Event **done) {
  ARGS(PJRT_Client_BufferFromHostBuffer); a.client = c; a.data = data; a.type = (PJRT_Buffer_Type)type; a.dims = dims; a.num_dims = nd;
  a.host_buffer_semantics = (PJRT_HostBufferSemantics)semantics; a.device = d;
  PJRT_Error *e = p->PJRT_Client_BufferFromHostBuffer(&a); *b = a.buffer; *done = a.done_with_host_buffer; return e;
}
static PJRT_Error *to_host(const PJRT_Api *p, PJRT_Buffer *b, void *dst, size_t n, PJRT_Event **ev) {
  ARGS(PJRT_Buffer_ToHostBuffer); a.src = b; a.dst = dst; a.dst_size = n; PJRT_Error *e = p->PJRT_Buffer_ToHostBuffer(&a); *ev = a.event; return e;
}
static PJRT_Error *buffer_ready(const PJRT_Api *p, PJRT_Buffer *b, PJRT_Event **ev) {
  ARGS(PJRT_Buffer_ReadyEvent); a.buffer = b; PJRT_Error *e = p->PJRT_Buffer_ReadyEvent(&a); *ev = a.event; return e;
}
static void buffer_free(const PJRT_Api *p, PJRT_Buffer *b) { ARGS(PJRT_Buffer_Destroy); a.buffer = b; p->PJRT_Buffer_Destroy(&a); }
static PJRT_Error *event_await(const PJRT_Api *p, PJRT_Event *ev) { ARGS(PJRT_Event_Await); a.event = ev; return p->PJRT_Event_Await(&a); }
static void event_free(const PJRT_Api *p, PJRT_Event *ev) { ARGS(PJRT_Event_Destroy); a.event = ev; p->PJRT_Event_Destroy(&a); }
static PJRT_Error *dma_map(const PJRT_Api *p, PJRT_Client *c, void *data, size_t n) {
  ARGS(PJRT_Client_DmaMap); a.client = c; a.data = data; a.size = n; return p->PJRT_Client_DmaMap(&a);
}
static PJRT_Error *topology(const PJRT_Api *p, const char *name, size_t n, const PJRT_NamedValue *o, size_t no, PJRT_TopologyDescription **t) {
  ARGS(PJRT_TopologyDescription_Create); a.topology_name = name; a.topology_name_size = n; a.create_options = o; a.num_options = no;
  PJRT_Error *e = p->PJRT_TopologyDescription_Create(&a); *t = a.topology; return e;
}
static PJRT_Error *compile_for(const PJRT_Api *p, PJRT_TopologyDescription *t, char *code, size_t n, const char *opts, size_t on, PJRT_Executable **x) {
  PJRT_Program prog; memset(&prog, 0, sizeof prog); prog.struct_size = PJRT_Program_STRUCT_SIZE;
  prog.code = code; prog.code_size = n; prog.format = "mlir"; prog.format_size = 4;
  ARGS(PJRT_Compile); a.topology = t; a.program = &prog; a.compile_options = opts; a.compile_options_size = on;
  PJRT_Error *e = p->PJRT_Compile(&a); *x = a.executable; return e;
}
static void named(PJRT_NamedValue *v, const char *name, int type, const char *s, int64_t i, float f) {
  memset(v, 0, sizeof *v); v->struct_size = PJRT_NamedValue_STRUCT_SIZE; v->name = name; v->name_size = strlen(name); v->type = (PJRT_NamedValue_Type)type;
  switch (type) {
  case PJRT_NamedValue_kString: v->string_value = s; v->value_size = strlen(s); break;
  case PJRT_NamedValue_kInt64: v->int64_value = i; v->value_size = 1; break;
  case PJRT_NamedValue_kFloat: v->float_value = f; v->value_size = 1; break;
  case PJRT_NamedValue_kBool: v->bool_value = i != 0; v->value_size = 1; break;
  }
}
static const PJRT_NamedValue *named_at(const PJRT_NamedValue *v, size_t i) { return v + i; }
static const char *named_string(const PJRT_NamedValue *v) { return v->string_value; }
static int64_t named_int(const PJRT_NamedValue *v) { return v->int64_value; }
static float named_float(const PJRT_NamedValue *v) { return v->float_value; }
static int named_bool(const PJRT_NamedValue *v) { return v->bool_value; }
static int64_t named_list(const PJRT_NamedValue *v, size_t i) { return v->int64_array_value[i]; }
static void versions(const PJRT_Api *p, int *major, int *minor) { *major = p->pjrt_api_version.major_version; *minor = p->pjrt_api_version.minor_version; }
