package main

import (
	"reflect"
	"strings"
	"testing"

	"pipe/nn/xla"
	"pipe/stages/train"
)

// A stage can ask for the precisions that XLA has, and for no others.
func TestPrecisionsOfStagesAreThoseOfXLA(t *testing.T) {
	f, _ := reflect.TypeFor[train.Train]().FieldByName("Precision")
	if got, want := f.Tag.Get("enum"), strings.Join(precisions(), ","); got != want {
		t.Errorf("stages have %s, XLA %s", got, want)
	}
	if got := f.Tag.Get("default"); got != string(xla.Float32) {
		t.Errorf("the default is %s: it has to be what the CPU does", got)
	}
}
