package ui

import (
	"bytes"
	"crypto/rand"
	"io"
	"unicode/utf8"

	"pipe/base/diag"
)

// Names, messages and values come from files, commands, servers and databases
// that others made, and a terminal obeys what is written to it. So an output
// spells out whatever could steer a terminal, whoever writes it. What pipe itself
// wants of the terminal, colours and the movements of the live view, is marked
// with a seal that nobody who made a text beforehand can know.

// Paint gives a text a colour, or any other style that a number stands for.
func (o *Output) Paint(code, text string) string {
	if code == "" {
		return text
	}
	return o.control("\x1b["+code+"m") + text + o.control("\x1b[0m")
}

// control is a sequence for the terminal that Write lets through.
func (o *Output) control(sequence string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seal == "" {
		o.seal = "\x1b" + rand.Text()
	}
	return o.seal + sequence + o.seal
}

// spell gives the bytes to be written for a text. The begin of a code point whose
// end has not come yet is kept for the next call. The caller holds the lock.
func (o *Output) spell(p []byte) []byte {
	if len(o.begun) == 0 && isPlain(p) {
		return p
	}
	text := append(o.begun, p...)
	o.begun = nil
	parts := [][]byte{text}
	if o.seal != "" {
		parts = bytes.Split(text, []byte(o.seal))
	}
	last := parts[len(parts)-1]
	end := len(last) - incomplete(last)
	o.begun = bytes.Clone(last[end:])
	parts[len(parts)-1] = last[:end]
	var b bytes.Buffer
	for i, part := range parts {
		if i%2 == 1 && i < len(parts)-1 { // between two seals
			b.Write(part)
			continue
		}
		b.WriteString(diag.VisibleLines(string(part)))
	}
	return b.Bytes()
}

// incomplete is the number of bytes at the end that begin a code point.
func incomplete(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if c := text[len(text)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// isPlain says whether a text is in ASCII and has no control characters but
// those of lines.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c != '\n' && c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// Data is the stream for what is not told to people but handed on: files as they
// are. A terminal gets them spelled out like all else.
func (o *Output) Data() io.Writer {
	if _, _, ok := o.Size(); ok {
		return o
	}
	return unspelled{o}
}

type unspelled struct{ o *Output }

func (u unspelled) Write(p []byte) (int, error) {
	u.o.mu.Lock()
	defer u.o.mu.Unlock()
	u.o.write(p)
	return len(p), nil
}

// Raw is the stream for what spells out by itself whatever could steer a terminal.
func (o *Output) Raw() io.Writer { return unspelled{o} }
