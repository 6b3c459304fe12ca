#include "textflag.h"

// SPREAD puts the byte in AX into all bytes of X.
#define SPREAD(X) \
	MOVD      AX, X;    \
	PUNPCKLBW X, X;     \
	PSHUFLW   $0, X, X; \
	PSHUFD    $0, X, X

// LOOK finds the signs of 16 bytes: quotes in AX, ends in BX, others in CX.
#define LOOK(from) \
	MOVOU    from, X5;  \
	PMOVMSKB X5, CX;    \
	MOVO     X5, X6;    \
	PCMPEQB  X1, X6;    \
	PMOVMSKB X6, AX;    \
	MOVO     X5, X6;    \
	MOVO     X5, X7;    \
	PCMPEQB  X0, X6;    \
	PCMPEQB  X2, X7;    \
	POR      X7, X6;    \
	PMOVMSKB X6, BX;    \
	PCMPEQB  X3, X5;    \
	POR      X5, X4

// JOIN puts them behind those that are in R8, R9 and R10.
#define JOIN(by) \
	SHLQ $by, AX; \
	SHLQ $by, BX; \
	SHLQ $by, CX; \
	ORQ  AX, R8;  \
	ORQ  BX, R9;  \
	ORQ  CX, R10

// func findSignsSSE2(to *signs, data *byte, n int, delim, quote byte) (returns uint64)
TEXT ·findSignsSSE2(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ data+8(FP), SI
	MOVQ n+16(FP), DX
	MOVBLZX delim+24(FP), AX
	SPREAD(X0)
	MOVBLZX quote+25(FP), AX
	SPREAD(X1)
	MOVL $'\n', AX
	SPREAD(X2)
	MOVL $'\r', AX
	SPREAD(X3)
	PXOR X4, X4 // where there are carriage returns

next:
	LOOK(0(SI))
	MOVQ AX, R8
	MOVQ BX, R9
	MOVQ CX, R10
	LOOK(16(SI))
	JOIN(16)
	LOOK(32(SI))
	JOIN(32)
	LOOK(48(SI))
	JOIN(48)
	MOVQ R8, 0(DI)
	MOVQ R9, 8(DI)
	MOVQ R10, 16(DI)
	ADDQ $64, SI
	ADDQ $24, DI
	DECQ DX
	JNZ  next

	PMOVMSKB X4, AX
	MOVQ AX, returns+32(FP)
	RET
