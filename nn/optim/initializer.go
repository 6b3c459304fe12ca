package optim

import (
	"fmt"
	"math"
	"slices"

	"pipe/base/random"
)

// An Initializer says how weights are drawn before training.
type Initializer string

// The initialisers. With n inputs and m outputs, the variance is what stands
// behind them; the uniform ones draw from ±sqrt(3 variance).
const (
	HeUniform     Initializer = "he_uniform"     // 2/n: He et al., "Delving Deep into Rectifiers", 2015
	HeNormal      Initializer = "he_normal"      // 2/n
	GlorotUniform Initializer = "glorot_uniform" // 2/(n+m): Glorot and Bengio, 2010
	GlorotNormal  Initializer = "glorot_normal"  // 2/(n+m)
	LeCunUniform  Initializer = "lecun_uniform"  // 1/n: LeCun et al., "Efficient BackProp", 1998
	LeCunNormal   Initializer = "lecun_normal"   // 1/n

	// Orthogonal draws a matrix whose rows, or columns if there are fewer of
	// them, have length 1 and are orthogonal, uniformly from all such (Saxe et
	// al., "Exact solutions to the nonlinear dynamics of learning in deep linear
	// neural networks", 2014). It takes longer dimension times shorter dimension
	// squared: about a second for 512 by 512 numbers.
	Orthogonal Initializer = "orthogonal"
)

// Auto is the rule that fits what follows a weight, which the network knows.
const Auto Initializer = "auto"

// Enum implements settings.Enum.
func (Initializer) Enum() []string {
	list := []Initializer{Auto, HeUniform, HeNormal, GlorotUniform, GlorotNormal, LeCunUniform, LeCunNormal, Orthogonal}
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = string(r)
	}
	return names
}

// Validate says that there is no such initialiser.
func (r Initializer) Validate() error {
	if slices.Contains(r.Enum(), string(r)) {
		return nil
	}
	return fmt.Errorf("unknown initializer %.40q", string(r))
}

// A Fan is the number of inputs that an output of a product has, and of outputs
// that an input goes to: those of a convolution are channels times the size of
// its kernel.
type Fan struct{ In, Out int }

// Draw fills w, a matrix of so many rows, row-major, with numbers of a stream.
// The same arguments give the same bits on every machine.
func (r Initializer) Draw(w []float32, rows int, fan Fan, s random.Stream) {
	variance := 1 / float64(fan.In)
	switch r {
	case HeUniform, HeNormal:
		variance = 2 / float64(fan.In)
	case GlorotUniform, GlorotNormal:
		variance = 2 / float64(fan.In+fan.Out)
	case Orthogonal:
		orthogonal(w, rows, len(w)/rows, s)
		return
	}
	switch r {
	case HeNormal, GlorotNormal, LeCunNormal:
		deviation := math.Sqrt(variance)
		for i := range w {
			w[i] = float32(deviation * s.Normal(uint64(i)))
		}
	default:
		limit := float32(math.Sqrt(3 * variance))
		for i := range w {
			w[i] = limit * (2*s.Float32(uint64(i)) - 1)
		}
	}
}

// orthogonal draws a matrix of normal numbers and orthogonalises the shorter of
// its rows and columns, which is the Q of a QR decomposition whose R has a
// positive diagonal: such a Q is uniform (Mezzadri, "How to generate random
// matrices from the classical compact groups", 2007). Gram-Schmidt, done twice to
// be exact (Giraud et al., 2005), in float64.
func orthogonal(w []float32, rows, cols int, s random.Stream) {
	n, long := min(rows, cols), max(rows, cols)
	v := make([][]float64, n)
	for i := range v {
		v[i] = make([]float64, long)
		for j := range v[i] {
			v[i][j] = s.Normal(uint64(i*long + j))
		}
		for range 2 {
			for _, q := range v[:i] {
				c := dot(v[i], q)
				for j := range q {
					v[i][j] -= float64(c * q[j])
				}
			}
		}
		length := math.Sqrt(dot(v[i], v[i]))
		for j := range v[i] {
			v[i][j] /= length
			if rows <= cols {
				w[i*cols+j] = float32(v[i][j])
			} else {
				w[j*cols+i] = float32(v[i][j])
			}
		}
	}
}

// dot is a scalar product in four fixed lanes.
func dot(a, b []float64) float64 {
	var l [4]float64
	j := 0
	for ; j+4 <= len(a); j += 4 {
		for k := range l {
			l[k] += float64(a[j+k] * b[j+k])
		}
	}
	for ; j < len(a); j++ {
		l[0] += float64(a[j] * b[j])
	}
	return (l[0] + l[2]) + (l[1] + l[3])
}
