package kernel

// #include "instr.h"
import "C"

import (
	"fmt"
	"reflect"
	"unsafe"
)

// A Call is an instruction without its operands. Args is a value of the struct
// that its kernel reads: GemmArgs for Gemm, nil for one that reads none.
type Call struct {
	Op    Op
	Tasks int
	Args  any
}

// argsWords is the room for arguments in an instruction, in words of 64 bits.
const argsWords = C.ARGS_WORDS

// Instr makes the instruction of a call. It is an error if its arguments are not
// those of its kernel.
func (c Call) Instr(operands ...unsafe.Pointer) (Instr, error) {
	in := Instr{Op: c.Op, Tasks: int32(c.Tasks)}
	if c.Op < 0 || c.Op >= opCount || len(operands) > len(in.P) || c.Tasks < 0 || c.Tasks > 1<<30 {
		return in, fmt.Errorf("kernel %d with %d operands and %d tasks", c.Op, len(operands), c.Tasks)
	}
	if got, want := reflect.TypeOf(c.Args), reflect.TypeOf(argsOf(c.Op)); got != want {
		return in, fmt.Errorf("kernel %d reads %v, got %v", c.Op, want, got)
	}
	v := reflect.New(reflect.TypeOf(c.Args))
	v.Elem().Set(reflect.ValueOf(c.Args))
	size := v.Type().Elem().Size()
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&in.Args)), size), unsafe.Slice((*byte)(v.UnsafePointer()), size))
	copy(in.P[:], operands)
	return in, nil
}

// read is the arguments of an instruction.
func read[T any](in *Instr) *T { return (*T)(unsafe.Pointer(&in.Args)) }

// argsOf is the struct that a kernel reads.
func argsOf(op Op) any {
	switch op {
	case Pack:
		return PackArgs{}
	case Gemm:
		return GemmArgs{}
	case Activate, ActivateGrad, OutputGrad:
		return ActArgs{}
	case Scale, Fill:
		return ScaleArgs{}
	case ColSum:
		return ColSumArgs{}
	case WeightedMean:
		return PartsArgs{}
	case ClipNorm:
		return ClipNormArgs{}
	case Dropout:
		return DropoutArgs{}
	case Pad:
		return PadArgs{}
	case ConvPack:
		return ConvPackArgs{}
	case ConvPlanes:
		return ConvArgs{}
	case Channels:
		return ChannelsArgs{}
	case ChannelsSum:
		return ChannelsSumArgs{}
	case PlaneSum, PlaneMax, PlaneMaxGrad, PlaneFill:
		return PlaneArgs{}
	case MaxPool, MaxPoolGrad, AvgPool, AvgPoolGrad:
		return PoolArgs{}
	case RowNorm, RowNormGrad:
		return RowNormArgs{}
	case BatchNorm, BatchNormGrad:
		return BatchNormArgs{}
	case GroupNorm, GroupNormGrad:
		return GroupNormArgs{}
	case Softmax, SoftmaxGrad:
		return SoftmaxArgs{}
	case PackGates:
		return PackGatesArgs{}
	case PackSteps:
		return PackStepsArgs{}
	case LSTM, LSTMGrad, GRU, GRUGrad:
		return RecurrentArgs{}
	case PickStep, PickStepGrad, ReverseSteps:
		return StepsArgs{}
	case CopyColumns:
		return ColumnsArgs{}
	case Attention, AttentionGrad:
		return AttentionArgs{}
	case SwapAxes:
		return SwapArgs{}
	case Embed:
		return EmbedArgs{}
	case EmbedSort:
		return EmbedSortArgs{}
	case EmbedGrad:
		return EmbedGradArgs{}
	case AddRows, StepMask:
		return RowsArgs{}
	case IDLengths:
		return IDLengthsArgs{}
	case TimePool, TimePoolGrad:
		return TimePoolArgs{}
	case LossRows, LossGrad:
		return LossArgs{}
	case ClassLoss, ClassLossGrad:
		return ClassLossArgs{}
	case SGD:
		return SGDArgs{}
	case Adam, Lion:
		return MomentsArgs{}
	case RMSprop:
		return RMSpropArgs{}
	case Adagrad:
		return AdagradArgs{}
	case Regularize:
		return UpdateArgs{}
	}
	return Span{}
}
