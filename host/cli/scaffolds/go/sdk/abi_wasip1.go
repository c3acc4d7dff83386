package plimsoll

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// The component model's canonical ABI: how requests and answers lie in memory. A Go struct of fixed-size fields is laid
// out as a record is, so each record has a struct here of its own shape, and functions that lift it into the type for
// authors or lower one.

type (
	text struct{ address, length uint32 }

	list[R any] struct{ address, length uint32 }

	option[R any] struct {
		tag   uint8
		value R
	}
)

// at is the pointer to an address.
func at(address uint32) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), address) }

// address is the reverse of at. What is lowered is kept: only the host knows of it.
func address(pointer unsafe.Pointer) uint32 {
	kept = append(kept, pointer)
	return uint32(uintptr(pointer))
}

var kept []unsafe.Pointer

// arena is what is left of the memory that the host writes requests to.
var arena []uint64

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, alignment, size uint32) unsafe.Pointer {
	words := int(size+7)/8 + 1
	if words > len(arena) {
		arena = make([]uint64, max(words, 2048))
		kept = append(kept, unsafe.Pointer(&arena[0]))
	}
	block := unsafe.Pointer(&arena[0])
	arena = arena[words:]
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(block), size), unsafe.Slice((*byte)(old), min(oldSize, size)))
	}
	return block
}

func (t text) lift() string {
	return unsafe.String((*byte)(at(t.address)), t.length)
}

func liftText(t text) string { return t.lift() }

func lower(s string) text {
	if s == "" {
		return text{}
	}
	return text{address(unsafe.Pointer(unsafe.StringData(s))), uint32(len(s))}
}

func liftAll[R, T any](l list[R], lift func(R) T) []T {
	items := make([]T, l.length)
	for index, raw := range unsafe.Slice((*R)(at(l.address)), l.length) {
		items[index] = lift(raw)
	}
	return items
}

func lowerAll[T, R any](items []T, lower func(T) R) list[R] {
	if len(items) == 0 {
		return list[R]{}
	}
	raws := make([]R, len(items))
	for index, item := range items {
		raws[index] = lower(item)
	}
	return list[R]{address(unsafe.Pointer(&raws[0])), uint32(len(raws))}
}

func liftSome[R, T any](o option[R], lift func(R) T) *T {
	if o.tag == 0 {
		return nil
	}
	value := lift(o.value)
	return &value
}

func lowerText(o *string) option[text] {
	if o == nil {
		return option[text]{}
	}
	return option[text]{1, lower(*o)}
}

func same[T any](value T) T { return value }

// failure is what an answer is when a policy cannot answer: result::err.
type failure struct {
	tag     uint8
	message text
	// The answer would be larger, and the host looks at all of its place.
	rest [24]uint32
}

func failed(message string) unsafe.Pointer {
	answer := &failure{tag: 1, message: lower(message)}
	kept = append(kept, unsafe.Pointer(answer))
	return unsafe.Pointer(answer)
}

// guarded asks the policy, and makes a failure of a panic, with the author's line.
func guarded(ask func() unsafe.Pointer) (answer unsafe.Pointer) {
	defer func() {
		if reason := recover(); reason != nil {
			answer = failed(fmt.Sprintf("panic: %v%s", reason, place()))
		}
	}()
	return ask()
}

// place is the line of the policy that panicked.
func place() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "main.") {
			return fmt.Sprintf(" (%s:%d)", frame.File, frame.Line)
		}
		if !more {
			return ""
		}
	}
}
