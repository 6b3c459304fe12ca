// Package token cuts texts into the pieces that models count or look up: words, runs
// of words or of characters, and the parts of words of a byte-pair encoding. It also
// brings texts into one form first, and counts pieces in bounded memory.
//
// What is a letter, a blank or an accent is what Unicode says, in the version of the
// Go release that the program was built with. Bytes that are no UTF-8 stand for the
// replacement character, U+FFFD, which is no letter.
package token
