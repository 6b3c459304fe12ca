package main

import (
	"bytes"
	"os"
	"testing"
)

// A layout that differs does not compile; files that are old fail here.
func TestWhatCKnows(t *testing.T) {
	made, err := headers("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made {
		if got, err := os.ReadFile("../" + name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what Go says (%v): go run ./nn/cpu/kernel/layout nn/cpu/kernel", name, err)
		}
	}
}

func TestNamesInC(t *testing.T) {
	for name, want := range map[string]string{"RowStride": "row_stride", "KStride": "k_stride", "IDLengths": "id_lengths", "IDs": "ids",
		"RMS": "rms", "N": "n", "OutH": "out_h", "KH": "kh", "RMSprop": "rmsprop", "KPerTask": "k_per_task", "Rest1": "rest1", "SGD": "sgd"} {
		if got := snake(name); got != want {
			t.Errorf("snake(%s) = %s, want %s", name, got, want)
		}
	}
}
