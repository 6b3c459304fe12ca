package kernel

/*
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
static const size_t huge = (size_t)2 << 20;
static void *memory_make(size_t n) {
#ifdef __linux__
  // Fresh pages are zero, and cost nothing until they are used. Large ones mean
  // fewer misses of the TLB; no harm if the system refuses.
  if (n >= huge) {
    n = (n + huge - 1) & ~(huge - 1);
    char *p = mmap(0, n + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return 0;
    size_t head = -(uintptr_t)p & (huge - 1);
    if (head) munmap(p, head);
    munmap(p + head + n, huge - head);
    madvise(p + head, n, MADV_HUGEPAGE);
    return p + head;
  }
#endif
  void *p = 0;
  if (posix_memalign(&p, 64, n)) return 0;
  memset(p, 0, n);
  return p;
}
static void memory_free(void *p, size_t n) {
#ifdef __linux__
  if (n >= huge) {
    munmap(p, (n + huge - 1) & ~(huge - 1));
    return;
  }
#endif
  free(p);
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// A Memory is zeroed memory outside of Go's heap, aligned to 64 bytes or more,
// so that C may keep pointers to it and into it. Free it once.
type Memory struct {
	p     unsafe.Pointer
	bytes int
}

// NewMemory makes a memory of so many bytes. The error says how much was asked for.
func NewMemory(bytes int) (*Memory, error) {
	if bytes < 0 {
		return nil, fmt.Errorf("memory of %d bytes", bytes)
	}
	p := C.memory_make(C.size_t(max(bytes, 64)))
	if p == nil {
		return nil, fmt.Errorf("the system gives no memory of %d bytes", bytes)
	}
	return &Memory{p: p, bytes: bytes}, nil
}

// Pointer is the begin of the memory.
func (m *Memory) Pointer() unsafe.Pointer { return m.p }

// Bytes is its size.
func (m *Memory) Bytes() int { return m.bytes }

// Floats is the memory as numbers. It dies with the memory.
func (m *Memory) Floats() []float32 { return unsafe.Slice((*float32)(m.p), m.bytes/4) }

// Instrs is the memory as instructions. It dies with the memory.
func (m *Memory) Instrs() []Instr {
	return unsafe.Slice((*Instr)(m.p), m.bytes/int(unsafe.Sizeof(Instr{})))
}

// Free gives the memory back. Nothing may use it any more.
func (m *Memory) Free() {
	if m.p != nil {
		C.memory_free(m.p, C.size_t(max(m.bytes, 64)))
	}
	m.p, m.bytes = nil, 0
}
