package plimsoll

// TaggingRequest asks which tags and labels the image of an event gets.
type TaggingRequest struct {
	Source Source
	// Repositories are those that will get the tags.
	Repositories []string
	Now          Moment
}

// Plan says: build the image and give it these tags.
type Plan struct {
	// Version that this image is, if it is one.
	Version     *string
	Tags        []Tag
	Labels      []Label
	Annotations []Label
	Findings    Findings
}

// Tag is one tag of an image.
type Tag struct {
	Name string
	Mode TagMode
}

// TagMode is how a tag is put on.
type TagMode uint8

const (
	// Create makes a new tag, which never moves.
	Create TagMode = iota
	// Move moves the tag to this image, wherever it was.
	Move
)

// Derivation is a Plan or a Refusal.
type Derivation interface{ derivation() }

// Refusal says: build nothing. One finding at least has failed.
type Refusal struct{ Findings Findings }

func (Plan) derivation()    {}
func (Refusal) derivation() {}

// PromotionRequest asks whether an image may go into an environment.
type PromotionRequest struct {
	Source Source
	Image  Image
	// Intent is Promote, Rollback, Hotfix or BreakGlass.
	Intent Intent
	// Environment that is asked about; Environments has its state.
	Environment  string
	Environments []Environment
	// Passages say how this release fared so far.
	Passages  []Passage
	Approvals []Approval
	Evidence  []Evidence
	Now       Moment
}

// Image is a container image.
type Image struct {
	Repository string
	Digest     *string
	Tags       []string
	Version    *string
	Labels     []Label
}

// Intent is why an image should go into an environment.
type Intent interface{ intent() }

// Promote is the ordinary way forward.
type Promote struct{}

// Rollback goes back to something that ran before.
type Rollback struct{}

// Hotfix is a repair that should go ahead of the queue.
type Hotfix struct{ Justification }

// BreakGlass is an emergency, outside the rules.
type BreakGlass struct{ Justification }

func (Promote) intent()    {}
func (Rollback) intent()   {}
func (Hotfix) intent()     {}
func (BreakGlass) intent() {}

// Justification says who asks for an exception, and why.
type Justification struct {
	By, Reason string
	Expires    *int64
}

// Environment and what runs there.
type Environment struct {
	Name string
	// After are environments that a release must have reached before.
	After   []string
	Running *Running
}

// Running is what runs in an environment.
type Running struct {
	Release      string
	Digest       string
	Tags         []string
	Version      *string
	Since        int64
	HealthySince *int64
}

// Passage is how the release fared in one environment.
type Passage struct {
	Environment  string
	State        PassageState
	Since        int64
	HealthySince *int64
}

// Approval is somebody's approval, for all environments or any rule where those are nil.
type Approval struct {
	By                string
	At                int64
	Environment, Rule *string
	Expires           *int64
}

// Evidence is a result that was gathered on the release.
type Evidence struct {
	Name    string
	Outcome EvidenceOutcome
	Value   *string
	At      int64
}

// EvidenceOutcome is how evidence came out.
type EvidenceOutcome uint8

const (
	EvidencePassed EvidenceOutcome = iota
	EvidenceFailed
	EvidenceUnknown
)

// Verdict is the answer: made by Allow, Deny, Hold or Findings.Verdict.
type Verdict struct {
	Decision Decision
	// Conditions of a Hold, at least one.
	Conditions []Condition
	Findings   Findings
}

// Decision is the kind of a verdict.
type Decision uint8

const (
	Allow Decision = iota
	Hold
	Deny
)

// Condition is what a held release waits for: AtTime, ApprovalFor, EvidenceOf or OtherCondition.
type Condition interface{ condition() }

// AtTime is a time, Unix seconds.
type AtTime int64

// ApprovalFor is an approval for the rule of this name.
type ApprovalFor string

// EvidenceOf is evidence of this name.
type EvidenceOf string

// OtherCondition is anything else, said in a sentence.
type OtherCondition string

func (AtTime) condition()         {}
func (ApprovalFor) condition()    {}
func (EvidenceOf) condition()     {}
func (OtherCondition) condition() {}
