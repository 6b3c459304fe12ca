package kernel

import "testing"

// A kernel takes the arguments that it reads and no others.
func TestArgumentsOfAnotherKernel(t *testing.T) {
	for _, c := range []Call{{Op: Gemm, Args: Span{}}, {Op: Add}, {Op: -1, Args: Span{}}, {Op: opCount, Args: Span{}}, {Op: Add, Tasks: -1, Args: Span{}}} {
		if _, err := c.Instr(); err == nil {
			t.Errorf("no error from %+v", c)
		}
	}
	in, err := Call{Op: Add, Tasks: 2, Args: Span{N: 3, Per: 2}}.Instr()
	if err != nil || read[Span](&in).N != 3 || read[Span](&in).Per != 2 || in.Tasks != 2 {
		t.Errorf("got %+v, %v", in, err)
	}
}
