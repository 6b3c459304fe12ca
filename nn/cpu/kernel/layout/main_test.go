package main

import (
	"bytes"
	"os"
	"testing"
)

// A layout that differs does not compile; a file that is old fails here.
func TestArgsInC(t *testing.T) {
	want, err := header("..")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile("../args.h"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("args.h is not what args.go says (%v): go run ./nn/cpu/kernel/layout nn/cpu/kernel", err)
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
