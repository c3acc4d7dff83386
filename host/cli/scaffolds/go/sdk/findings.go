package plimsoll

import "fmt"

// Outcome is how a rule came out.
type Outcome uint8

const (
	Passed Outcome = iota
	Failed
	Skipped
)

// Finding is what one rule found.
type Finding struct {
	// Rule is its name: 1 to 64 of a-z 0-9 - . _ /.
	Rule    string
	Outcome Outcome
	// Message is one sentence for people: what was seen, what would change it.
	Message string
}

// Findings of all rules of one answer.
type Findings []Finding

// Passed notes that a rule is satisfied.
func (f *Findings) Passed(rule, format string, values ...any) {
	*f = append(*f, Finding{rule, Passed, fmt.Sprintf(format, values...)})
}

// Failed notes that a rule is not satisfied.
func (f *Findings) Failed(rule, format string, values ...any) {
	*f = append(*f, Finding{rule, Failed, fmt.Sprintf(format, values...)})
}

// Skipped notes that a rule had nothing to say.
func (f *Findings) Skipped(rule, format string, values ...any) {
	*f = append(*f, Finding{rule, Skipped, fmt.Sprintf(format, values...)})
}

// AnyFailed says whether a rule is not satisfied.
func (f Findings) AnyFailed() bool {
	for _, finding := range f {
		if finding.Outcome == Failed {
			return true
		}
	}
	return false
}

// Verdict denies when a rule failed, and allows otherwise.
func (f Findings) Verdict() Verdict {
	if f.AnyFailed() {
		return Verdict{Decision: Deny, Findings: f}
	}
	return Verdict{Decision: Allow, Findings: f}
}

// Hold says: not yet, until all conditions are met.
func (f Findings) Hold(conditions ...Condition) Verdict {
	return Verdict{Decision: Hold, Conditions: conditions, Findings: f}
}
