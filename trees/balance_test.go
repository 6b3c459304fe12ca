package trees

import (
	"testing"

	"pipe/nn"
)

// Classes that count more are found more often; with the shares of training put back, the mean
// probability is the share of the class.
func TestTreesOfBalancedClasses(t *testing.T) {
	rare := func(x []float32, noise float64) float64 {
		if number(x, 10*noise) > 3 {
			return 1
		}
		return 0
	}
	d := some(1, 4000, rare)
	share := 0.
	for _, y := range d.Target {
		share += y / 4000
	}
	mean := func(change func(*Config)) float64 {
		cfg := usual()
		cfg.Rounds, cfg.MaxLeaves = 40, 8
		change(&cfg)
		m, sum := trained(t, two, d, d, cfg), 0.
		for _, p := range asked(t, m, d) {
			sum += p / 4000
		}
		return sum
	}
	weighted := mean(func(c *Config) { c.BalanceClasses = true })
	w := nn.Balanced([]int{4000 - int(share*4000+.5), int(share*4000 + .5)})
	if listed := mean(func(c *Config) { c.ClassWeights = w }); listed != weighted {
		t.Errorf("balanced weights make %v, the same ones as a list %v", weighted, listed)
	}
	for name, change := range map[string]func(*Config){
		"weights": func(c *Config) { c.BalanceClasses = true },
		"over":    func(c *Config) { c.Sampling = &nn.Sampling{Over: true, Ratio: 1} },
		"under":   func(c *Config) { c.Sampling = &nn.Sampling{Ratio: 1} },
	} {
		high := mean(change)
		if high < 1.5*share {
			t.Errorf("%s: the mean probability is %.3f, and the share of the class %.3f", name, high, share)
		}
		back := mean(func(c *Config) {
			change(c)
			c.Prior = true
		})
		if back > 1.35*share || back < share/1.35 {
			t.Errorf("%s: with the shares of training the mean probability is %.3f, and the share of the class %.3f", name, back, share)
		}
	}
}
