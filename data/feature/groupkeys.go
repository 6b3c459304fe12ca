package feature

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
)

const (
	// keyDrawers is how many parts of the groups are sorted one after the other.
	keyDrawers = 64
	keyBytes   = 12
)

// A groupKey is a number of a group, by its key.
type groupKey struct {
	group uint32
	key   uint64
}

func compareGroupKeys(a, b groupKey) int {
	switch {
	case a.group != b.group:
		return int(int64(a.group) - int64(b.group))
	case a.key < b.key:
		return -1
	case a.key > b.key:
		return 1
	}
	return 0
}

// groupKeys holds the numbers of many groups. A drawer has those of every 64th group.
type groupKeys struct {
	folder func() (string, error)
	most   int // how many are in memory; what is beyond is in a file
	file   *os.File
	size   int64
	held   int
	drawer [keyDrawers]struct {
		held []groupKey
		put  [][2]int64 // where the file has more: offset and number
	}
}

// groupKeys are put aside until the transform is learned.
func (s *scratch) groupKeys() *groupKeys {
	p := &groupKeys{folder: s.folder, most: s.largeGroup()}
	s.all = append(s.all, p)
	return p
}

func (p *groupKeys) add(one groupKey) error {
	d := &p.drawer[one.group%keyDrawers]
	d.held = append(d.held, one)
	if p.held++; p.held < p.most {
		return nil
	}
	p.held = 0
	if p.file == nil {
		dir := ""
		var err error
		if p.folder != nil {
			if dir, err = p.folder(); err != nil {
				return err
			}
		}
		if p.file, err = os.CreateTemp(dir, "groups"); err != nil {
			return fmt.Errorf("put numbers aside: %w", err)
		}
	}
	var buf []byte
	for i := range p.drawer {
		d := &p.drawer[i]
		buf = buf[:0]
		for _, one := range d.held {
			buf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(buf, one.group), one.key)
		}
		if _, err := p.file.WriteAt(buf, p.size); err != nil {
			return fmt.Errorf("put numbers aside: %w", err)
		}
		d.put = append(d.put, [2]int64{p.size, int64(len(d.held))})
		p.size += int64(len(buf))
		d.held = d.held[:0]
	}
	return nil
}

// each visits the sorted keys of each group, in any order of the groups.
func (p *groupKeys) each(visit func(group uint32, keys []uint64)) error {
	var keys []uint64
	for i := range p.drawer {
		d := &p.drawer[i]
		list := d.held
		for _, at := range d.put {
			buf := make([]byte, keyBytes*at[1])
			if _, err := p.file.ReadAt(buf, at[0]); err != nil {
				return fmt.Errorf("read numbers that were put aside: %w", err)
			}
			for ; len(buf) > 0; buf = buf[keyBytes:] {
				list = append(list, groupKey{binary.LittleEndian.Uint32(buf), binary.LittleEndian.Uint64(buf[4:])})
			}
		}
		d.held, d.put = nil, nil
		slices.SortFunc(list, compareGroupKeys)
		for len(list) > 0 {
			keys = keys[:0]
			group := list[0].group
			for len(list) > 0 && list[0].group == group {
				keys, list = append(keys, list[0].key), list[1:]
			}
			visit(group, keys)
		}
	}
	return nil
}

// Close removes the file.
func (p *groupKeys) Close() error {
	if p.file == nil {
		return nil
	}
	return errors.Join(p.file.Close(), os.Remove(p.file.Name()))
}
