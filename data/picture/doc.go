// Package picture changes pictures: levels in rows of pixels, one channel behind
// another, as a network takes them.
package picture
