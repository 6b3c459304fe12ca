//go:build !linux

package exec

// Where orphans cannot be adopted, a process that has left the group of its
// command lives on.

func adoptOrphans()                          {}
func (p *process) killAdopted() (found bool) { return false }
func onFirstThread() bool                    { return false }
func killIn([]string) (found bool)           { return false }
