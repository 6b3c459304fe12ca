// What a PJRT plugin and its caller have to agree on: where things are in memory.
// These are the parts that are used, as facts of the ABI of version 0, in the words
// of this project. The ABI is described by OpenXLA (xla/pjrt/c).
//
// A plugin has a table of functions. Each takes one struct, which begins with its
// size, so that either side knows how much of it the other knows of: structs grow
// at their end only, and the table too.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Things of the plugin. Nothing is known of what they point to.
typedef struct error error_t_;
typedef struct event event_t_;
typedef struct client client_t_;
typedef struct device device_t_;
typedef struct description description_t_;
typedef struct executable executable_t_;
typedef struct loaded loaded_t_;
typedef struct buffer buffer_t_;
typedef struct topology topology_t_;

// The functions that a plugin has to have, with their places in the table, and those
// that it may lack.
#define NEEDED(F)                \
  F(ERROR_DESTROY, 0)            \
  F(ERROR_MESSAGE, 1)            \
  F(ERROR_CODE, 2)               \
  F(PLUGIN_INITIALIZE, 3)        \
  F(PLUGIN_ATTRIBUTES, 4)        \
  F(EVENT_DESTROY, 5)            \
  F(EVENT_AWAIT, 8)              \
  F(CLIENT_CREATE, 10)           \
  F(CLIENT_DESTROY, 11)          \
  F(CLIENT_PLATFORM_NAME, 12)    \
  F(CLIENT_PLATFORM_VERSION, 14) \
  F(CLIENT_DEVICES, 16)          \
  F(CLIENT_COMPILE, 20)          \
  F(CLIENT_BUFFER_FROM_HOST, 22) \
  F(DESCRIPTION_KIND, 26)        \
  F(DEVICE_DESCRIPTION, 29)      \
  F(DEVICE_MEMORY, 34)           \
  F(EXECUTABLE_DESTROY, 40)      \
  F(EXECUTABLE_OUTPUTS, 44)      \
  F(EXECUTABLE_SERIALIZE, 49)    \
  F(LOADED_DESTROY, 50)          \
  F(LOADED_EXECUTABLE, 51)       \
  F(LOADED_EXECUTE, 55)          \
  F(EXECUTABLE_LOAD, 56)         \
  F(BUFFER_DESTROY, 58)          \
  F(BUFFER_DELETED, 68)          \
  F(BUFFER_TO_HOST, 70)          \
  F(TOPOLOGY_CREATE, 82)         \
  F(TOPOLOGY_DESTROY, 83)        \
  F(COMPILE, 89)                 \
  F(EXECUTABLE_MEMORY, 96)
#define OPTIONAL(F)      \
  F(CLIENT_DMA_MAP, 110) \
  F(CLIENT_DMA_UNMAP, 111)
#define PLACE(name, place) name = place,
enum { NEEDED(PLACE) OPTIONAL(PLACE) };

// The versions of the ABI: of another major one everything may be elsewhere; minor ones
// before the first that was tried are not looked into.
enum { MAJOR = 0, MINOR_FROM = 81 };

typedef struct {
  size_t size; // of the table with what is before it
  void *extensions;
  struct {
    size_t size;
    void *extensions;
    int major, minor;
  } version;
  void *functions[];
} table;

// Element types, as far as they are used.
enum { TYPE_S32 = 4, TYPE_U8 = 6, TYPE_U32 = 8, TYPE_U64 = 9, TYPE_F32 = 11, TYPE_BF16 = 13 };

// How long memory of the host stays as it is while it is copied.
enum { DURING_CALL = 0, UNTIL_COPIED = 1 };

enum { STRING = 0, INT64 = 1, INT64_LIST = 2, FLOAT = 3, BOOL = 4 };

// Every struct begins with this.
#define HEAD size_t size; void *extensions

typedef struct {
  HEAD;
  const char *name;
  size_t name_size;
  int type;
  union {
    const char *text;
    int64_t number;
    const int64_t *numbers;
    float fraction;
    bool yes;
  };
  size_t count; // of elements; 1 of what is no list
} named;

typedef struct { HEAD; char *code; size_t code_size; const char *format; size_t format_size; } program;

typedef struct {
  HEAD;
  void *send, *receive;
  size_t sends, receives;
  int launch;
  const int64_t *kept; // arguments that are not donated
  size_t kept_count;
} execute_options;

typedef struct { HEAD; error_t_ *error; } error_destroy_args;
typedef struct { HEAD; const error_t_ *error; const char *message; size_t message_size; } error_message_args;
typedef struct { HEAD; const error_t_ *error; int code; } error_code_args;
typedef struct { HEAD; } plugin_initialize_args;
typedef struct { HEAD; const named *attributes; size_t count; } plugin_attributes_args;
typedef struct { HEAD; event_t_ *event; } event_args;
typedef struct {
  HEAD;
  const named *options;
  size_t count;
  void *get, *get_arg, *put, *put_arg;
  client_t_ *client;
} client_create_args;
typedef struct { HEAD; client_t_ *client; } client_args;
typedef struct { HEAD; client_t_ *client; const char *text; size_t text_size; } client_text_args;
typedef struct { HEAD; client_t_ *client; device_t_ *const *devices; size_t count; } client_devices_args;
typedef struct {
  HEAD;
  client_t_ *client;
  const program *program;
  const char *options;
  size_t options_size;
  loaded_t_ *loaded;
} client_compile_args;
typedef struct {
  HEAD;
  client_t_ *client;
  const void *data;
  int type;
  const int64_t *dims;
  size_t dim_count;
  const int64_t *strides;
  size_t stride_count;
  int semantics;
  device_t_ *device;
  void *memory, *layout;
  event_t_ *done;
  buffer_t_ *buffer;
} from_host_args;
typedef struct { HEAD; client_t_ *client; void *data; size_t bytes; } dma_map_args;
typedef struct { HEAD; client_t_ *client; void *data; } dma_unmap_args;
typedef struct { HEAD; device_t_ *device; description_t_ *description; } device_description_args;
typedef struct { HEAD; description_t_ *description; const char *text; size_t text_size; } description_kind_args;
typedef struct {
  HEAD;
  device_t_ *device;
  int64_t in_use;
  int64_t peak; bool peak_set;
  int64_t allocations; bool allocations_set;
  int64_t largest; bool largest_set;
  int64_t limit; bool limit_set;
  // and more that is not used, which the size has to cover
  struct { int64_t value; bool set; } rest[6];
} device_memory_args;
typedef struct { HEAD; executable_t_ *executable; } executable_args;
typedef struct { HEAD; executable_t_ *executable; size_t outputs; } executable_outputs_args;
typedef struct {
  HEAD;
  executable_t_ *executable;
  int64_t code, arguments, outputs, alias, temp;
  int64_t host[5];
  int64_t peak;
} executable_memory_args;
typedef struct {
  HEAD;
  const executable_t_ *executable;
  const char *bytes;
  size_t byte_count;
  void *owner;
  void (*free_owner)(void *owner);
} executable_serialize_args;
typedef struct {
  HEAD;
  client_t_ *client;
  const char *bytes;
  size_t byte_count;
  loaded_t_ *loaded;
} executable_load_args;
typedef struct { HEAD; loaded_t_ *loaded; } loaded_args;
typedef struct { HEAD; loaded_t_ *loaded; executable_t_ *executable; } loaded_executable_args;
typedef struct {
  HEAD;
  loaded_t_ *loaded;
  execute_options *options;
  buffer_t_ *const *const *arguments;
  size_t devices;
  size_t argument_count;
  buffer_t_ **const *results;
  event_t_ **events;
  device_t_ *device;
} execute_args;
typedef struct { HEAD; buffer_t_ *buffer; } buffer_args;
typedef struct { HEAD; buffer_t_ *buffer; bool deleted; } buffer_deleted_args;
typedef struct {
  HEAD;
  buffer_t_ *buffer;
  void *layout;
  void *to;
  size_t bytes;
  event_t_ *event;
} to_host_args;
typedef struct {
  HEAD;
  const char *name;
  size_t name_size;
  const named *options;
  size_t count;
  topology_t_ *topology;
} topology_create_args;
typedef struct { HEAD; topology_t_ *topology; } topology_args;
typedef struct {
  HEAD;
  const topology_t_ *topology;
  const program *program;
  const char *options;
  size_t options_size;
  client_t_ *client;
  executable_t_ *executable;
} compile_args;

// The sizes that the caller and the plugin mean: up to the end of the last field.
#define UP_TO(t, field) (offsetof(t, field) + sizeof(((t *)0)->field))
#define CHECK(t, field, bytes) _Static_assert(UP_TO(t, field) == bytes, #t " is laid out otherwise")

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8 && sizeof(int) == 4, "the ABI is that of 64 bits");
CHECK(table, version, 40);
_Static_assert(offsetof(table, functions) == 40, "the functions are elsewhere");
CHECK(named, count, 56);
CHECK(program, format_size, 48);
CHECK(execute_options, kept_count, 72);
CHECK(error_destroy_args, error, 24);
CHECK(error_message_args, message_size, 40);
CHECK(error_code_args, code, 28);
CHECK(plugin_initialize_args, extensions, 16);
CHECK(plugin_attributes_args, count, 32);
CHECK(event_args, event, 24);
CHECK(client_create_args, client, 72);
CHECK(client_args, client, 24);
CHECK(client_text_args, text_size, 40);
CHECK(client_devices_args, count, 40);
CHECK(client_compile_args, loaded, 56);
CHECK(from_host_args, buffer, 120);
CHECK(dma_map_args, bytes, 40);
CHECK(dma_unmap_args, data, 32);
CHECK(device_description_args, description, 32);
CHECK(description_kind_args, text_size, 40);
CHECK(device_memory_args, limit_set, 89);
CHECK(device_memory_args, rest, 192);
CHECK(executable_args, executable, 24);
CHECK(executable_outputs_args, outputs, 32);
CHECK(executable_memory_args, peak, 112);
CHECK(executable_serialize_args, free_owner, 56);
CHECK(executable_load_args, loaded, 48);
CHECK(loaded_args, loaded, 24);
CHECK(loaded_executable_args, executable, 32);
CHECK(execute_args, device, 80);
CHECK(buffer_args, buffer, 24);
CHECK(buffer_deleted_args, deleted, 25);
CHECK(to_host_args, event, 56);
CHECK(topology_create_args, topology, 56);
CHECK(topology_args, topology, 24);
CHECK(compile_args, executable, 64);
