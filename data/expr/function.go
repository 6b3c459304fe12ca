package expr

import (
	"fmt"
	"strings"
	"sync"
)

// A Function is one that expressions can call, for documentation.
type Function struct {
	Name  string
	Usage string // as it is called: "round(x, digits)"
	Doc   string
	Group string
}

// A function is one that expressions can call, or an operator.
type function struct {
	name, usage, doc string
	least, most      int // arguments; most below 0: any number
	check            func(c *checker, p *part) error
}

func (f *function) counts() string {
	plural := func(n int) string {
		if n == 1 {
			return "1 argument"
		}
		return fmt.Sprintf("%d arguments", n)
	}
	switch {
	case f.most < 0:
		return "at least " + plural(f.least)
	case f.least == f.most:
		return plural(f.least)
	}
	return fmt.Sprintf("%d to %d arguments", f.least, f.most)
}

// A group is functions of one subject.
type group struct {
	title     string
	functions []function
}

// groups are all functions in the order of the documentation, and the operators.
func groups() []group {
	return []group{
		{"", operators()},
		{"Conditions and missing values", conditions()},
		{"Numbers", numbers()},
		{"Texts", texts()},
		{"Dates and times", times()},
		{"Conversions", casts()},
	}
}

// index finds functions by name. It is filled once and never changed.
var index struct {
	fill sync.Once
	all  map[string]*function
}

func functionNamed(name string) *function {
	index.fill.Do(func() {
		index.all = map[string]*function{}
		for _, g := range groups() {
			for i := range g.functions {
				f := &g.functions[i]
				if f.usage == "" {
					f.usage = f.name + "(x)"
				}
				index.all[f.name] = f
			}
		}
	})
	return index.all[name]
}

// functionNames are those that can be called.
func functionNames() (names []string) {
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return names
}

// Functions lists the functions, by subject.
func Functions() (list []Function) {
	for _, g := range groups()[1:] {
		for _, f := range g.functions {
			list = append(list, Function{f.name, functionNamed(f.name).usage, f.doc, g.title})
		}
	}
	return list
}

// otherNames are what functions are called elsewhere, with what to write here.
var otherNames = map[string]string{
	"len": "write length(x)", "strlen": "write length(x)", "substr": "write slice(x, from, count)", "substring": "write slice(x, from, count)",
	"isnull": "write is_missing(x)", "is_null": "write is_missing(x)", "isna": "write is_missing(x)", "is_na": "write is_missing(x)", "isnan": "write is_missing(x)", "is_nan": "write is_missing(x)",
	"ifnull": "write coalesce(x, other)", "nvl": "write coalesce(x, other)", "fillna": "write coalesce(x, other)", "fill_null": "write coalesce(x, other)",
	"ifelse": "write if(condition, value, other)", "if_else": "write if(condition, value, other)", "iff": "write if(condition, value, other)", "iif": "write if(condition, value, other)", "where": "write if(condition, value, other)",
	"case_when": "write case(condition, value, ..., other)", "ln": "write log(x)", "power": "write pow(x, y), or x ** y", "ceiling": "write ceil(x)",
	"regexp_matches": "write matches(x, 'pattern')", "regexp_like": "write matches(x, 'pattern')", "like": "write matches(x, 'pattern'), contains(x, part) or starts_with(x, part)",
	"startswith": "write starts_with(x, part)", "endswith": "write ends_with(x, part)", "to_lower": "write lower(x)", "to_upper": "write upper(x)", "tolower": "write lower(x)", "toupper": "write upper(x)", "strip": "write trim(x)",
	"int": "write int64(x)", "integer": "write int64(x)", "bigint": "write int64(x)", "float": "write float64(x)", "double": "write float64(x)", "str": "write string(x)", "text": "write string(x)", "varchar": "write string(x)", "boolean": "write bool(x)", "datetime": "write timestamp(x)",
	"cast": "write the type as a function: float64(x)", "try_cast": "write try(float64(x))", "datediff": "write date_diff(unit, from, to)", "dateadd": "write date_add(unit, count, x)", "dayofweek": "write weekday(x)", "dayofyear": "write day_of_year(x)", "weekofyear": "write week(x)",
	"now": "expressions know no clock: the same rows give the same values", "today": "expressions know no clock: the same rows give the same values", "current_date": "expressions know no clock: the same rows give the same values",
	"rand": "expressions draw nothing at random; hash(x, buckets) divides rows evenly", "random": "expressions draw nothing at random; hash(x, buckets) divides rows evenly",
	"sum": "expressions see one row at a time: write a + b for columns", "mean": "expressions see one row at a time", "avg": "expressions see one row at a time", "count": "expressions see one row at a time", "lag": "expressions see one row at a time", "row_number": "expressions see one row at a time",
}

// strictly is a check of a function whose arguments have fixed kinds.
func strictly(result Kind, run kernel, wants ...func(*checker, *part, int) error) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		for i := range p.args {
			want := wants[min(i, len(wants)-1)]
			if err := want(c, p, i); err != nil {
				return err
			}
		}
		p.kind, p.run = result, run
		return nil
	}
}

func aText(c *checker, p *part, i int) error  { return c.wantText(p, i) }
func aBool(c *checker, p *part, i int) error  { return c.wantBool(p, i) }
func aFloat(c *checker, p *part, i int) error { return c.float(p, i) }
func aWhole(c *checker, p *part, i int) error { return c.whole(p, i) }

// DocTable is the table of functions for the documentation, in Markdown.
func DocTable() string {
	var b strings.Builder
	title := ""
	for _, f := range Functions() {
		if f.Group != title {
			title = f.Group
			fmt.Fprintf(&b, "\n### %s\n\n| | |\n|---|---|\n", title)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(f.Usage, "|", `\|`), f.Doc)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// everything lists the arguments of a part.
func everything(p *part) []int {
	all := make([]int, len(p.args))
	for i := range all {
		all[i] = i
	}
	return all
}
