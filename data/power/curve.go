// Package power has the curves that make a distribution more normal: Yeo and Johnson's,
// and Box and Cox's.
package power

import (
	"math"

	"pipe/base/exact"
)

// A Family is a set of curves, one for each exponent, that make a distribution more
// normal.
type Family string

const (
	YeoJohnson Family = "yeo_johnson" // of any number
	BoxCox     Family = "box_cox"     // of numbers above 0
)

// A Curve is one of a family, but for a shift and a factor, which whoever scales what
// comes out does not see: about a pivot where all values have one sign, so that no
// digits are lost where they lie far from 0 and near to each other.
type Curve struct {
	Family Family  `json:"family"`
	Lambda float64 `json:"lambda"`
	Pivot  float64 `json:"pivot,omitempty"` // 0 for the curve itself; else a value, of box_cox above 0
}

// exponentials are (e^w - 1) / w and its counterpart (e^w (w-1) + 1) / w^2.
func exponentials(w float64) (e1, e2 float64) {
	if math.Abs(w) < 0.02 {
		return 1 + float64(w*(1.0/2+float64(w*(1.0/6+float64(w*(1.0/24+float64(w*(1.0/120+float64(w*(1.0/720)))))))))),
			1.0/2 + float64(w*(1.0/3+float64(w*(1.0/8+float64(w*(1.0/30+float64(w*(1.0/144+float64(w*(1.0/840))))))))))
	}
	e := exact.ExpUlp(w)
	return (e - 1) / w, (float64(e*(w-1)) + 1) / float64(w*w)
}

// Relative is log(x/of) for positive numbers, to the last digits where they are near.
func Relative(x, difference, of float64) float64 {
	if r := x / of; r < 0.5 || r > 2 {
		return exact.Log(r)
	}
	return exact.Log1p(difference / of)
}

// Log gives what the exponent multiplies: the curve of x is (e^(wu) - 1)/w, times the
// sign, for the w of the exponent.
func (c *Curve) Log(x float64) (u, sign float64) {
	switch {
	case c.Family == BoxCox && c.Pivot == 0:
		return exact.Log(x), 1
	case c.Family == BoxCox:
		return Relative(x, x-c.Pivot, c.Pivot), 1
	case c.Pivot > 0:
		return Relative(1+x, x-c.Pivot, 1+c.Pivot), 1
	case c.Pivot < 0:
		return Relative(1-x, c.Pivot-x, 1-c.Pivot), -1
	case x < 0:
		return exact.Log1p(-x), -1
	}
	return exact.Log1p(x), 1
}

// At is the curve at x. Where x has another sign than the values that the curve was
// fitted to, it goes on as the curve itself does.
func (c *Curve) At(x float64) float64 {
	if c.Family == YeoJohnson && (c.Pivot > 0 && x < 0 || c.Pivot < 0 && x >= 0) {
		plain, factor := c.plain()
		return (plain.At(x) - plain.At(c.Pivot)) * factor
	}
	y, _ := c.From(c.Log(x))
	return y
}

// plain is the curve about no pivot, and what a difference of its values is times as
// large about the pivot.
func (c *Curve) plain() (*Curve, float64) {
	w := c.Lambda
	if c.Pivot < 0 {
		w = 2 - w
	}
	return &Curve{Family: c.Family, Lambda: c.Lambda}, exact.ExpUlp(-w * exact.Log1p(math.Abs(c.Pivot)))
}

// Invert is the x of which y is the curve. Where there is none it is the end of all
// numbers that is nearest, infinite or, of box_cox, 0.
func (c *Curve) Invert(y float64) float64 {
	switch {
	case c.Family == BoxCox && c.Pivot == 0:
		return exact.ExpUlp(shrink(y, c.Lambda))
	case c.Family == BoxCox:
		return away(c.Pivot, 0, shrink(y, c.Lambda))
	case c.Pivot > 0:
		if y < c.At(0) {
			return c.beyond(y, math.Inf(-1))
		}
		return away(c.Pivot, 1, shrink(y, c.Lambda))
	case c.Pivot < 0:
		if y >= c.At(0) {
			return c.beyond(y, math.Inf(1))
		}
		return -away(-c.Pivot, 1, shrink(-y, 2-c.Lambda))
	case y < 0:
		return -exact.Expm1Ulp(shrink(-y, 2-c.Lambda))
	}
	return exact.Expm1Ulp(shrink(y, c.Lambda))
}

// beyond is Invert where the number has not the sign of the pivot.
func (c *Curve) beyond(y, end float64) float64 {
	plain, factor := c.plain()
	if z := y/factor + plain.At(c.Pivot); z == z {
		return plain.Invert(z)
	}
	return end
}

// away is what lies u away from the pivot in the logarithm of a number and an offset.
func away(pivot, offset, u float64) float64 {
	of := offset + pivot
	if e := exact.ExpUlp(u); e < 0.5 || e > 2 {
		return float64(of*e) - offset
	}
	return pivot + float64(of*exact.Expm1Ulp(u))
}

// shrink is the u of which (e^(wu) - 1) / w is y, infinite where there is none.
func shrink(y, w float64) float64 {
	switch q := float64(w * y); {
	case w == 0:
		return y
	case q > -1:
		return exact.Log1p(q) / w
	case w > 0:
		return math.Inf(-1)
	}
	return math.Inf(1)
}

// From is the curve with what Log gives, and its derivative by the exponent.
func (c *Curve) From(u, sign float64) (y, slope float64) {
	w := c.Lambda
	if sign < 0 {
		w = 2 - w
	}
	e1, e2 := exponentials(float64(w * u))
	return float64(sign * float64(u*e1)), float64(float64(u*u) * e2)
}

// Factor is what a difference of values is, of the curve with the exponent 1.
func (c *Curve) Factor() float64 {
	switch {
	case c.Family == BoxCox:
		return c.Pivot
	case c.Pivot != 0:
		return 1 + math.Abs(c.Pivot)
	}
	return 1
}
