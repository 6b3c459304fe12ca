package pipelinetest_test

import (
	"testing"

	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

// The stage of the tutorial passes the suite.
func TestTutorial(t *testing.T) {
	numbers := make([]int64, 30)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	in := tabletest.Table(t, "n", numbers)
	c := pipelinetest.Case{Kind: headKind(), With: "rows: 7", Inputs: map[string][]byte{"table": in}}
	pipelinetest.Conform(t, c)
	for with, want := range map[string]int64{"rows: 7": 7, "": 10, "rows: 30": 30, "rows: 99": 30} {
		c.With = with
		if got := tabletest.Rows(t, pipelinetest.Run(t, c).Outputs["table"]).NumRows(); got != want {
			t.Errorf("%s: %d rows, want %d", with, got, want)
		}
	}
}
