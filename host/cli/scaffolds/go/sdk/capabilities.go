package plimsoll

// What a policy may ask beyond its request. Each interface is a permission: take it into wit/world.wit, and the binding
// has to grant it. A policy imports only what it calls.

// Level is how much a line of the log matters.
type Level uint8

const (
	Debug Level = iota
	Info
	Warn
	Error
)

// LookupFailure is why a look-up has no answer.
type LookupFailure struct {
	// Denied is true when the binding does not grant it or there is no such thing, and false when nobody could be asked.
	Denied  bool
	Message string
}

func (f LookupFailure) Error() string { return f.Message }

// PastRelease is an earlier release.
type PastRelease struct {
	Release string
	// Opened is Unix seconds.
	Opened  int64
	GitRef  GitRef
	Commit  string
	Version *string
	Digest  *string
}

// Deployment is one release's stay in an environment.
type Deployment struct {
	Release string
	State   PassageState
	Digest  string
	Version *string
	// At is Unix seconds.
	At int64
}
