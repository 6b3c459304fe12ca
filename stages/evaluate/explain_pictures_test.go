package evaluate

import "testing"

func TestLeftOut(t *testing.T) {
	const why = ", since it takes about 5×10¹⁰ operations each; explain: {rows: 4} has it for all."
	for without, want := range map[int]string{
		1: "Of one of these rows this was left out", 3: "Of 3 of these rows this was left out", 4: "What counts in them was left out",
	} {
		if got := leftOut(4, without, 5e10); got != want+why {
			t.Errorf("of %d: %s", without, got)
		}
	}
}
