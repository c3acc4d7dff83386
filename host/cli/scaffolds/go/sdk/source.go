package plimsoll

import "strconv"

// Source is one event in a source repository: what happened, where, at which commit. A nil pointer, here and in all
// other types, means that the event did not say.
type Source struct {
	Repository Repository
	// Trigger is what set the release off: Push, PullRequest, Schedule, Manual, PublishedRelease or OtherTrigger.
	Trigger Trigger
	// GitRef is what the event is about: BranchRef, TagRef, PullRequestRef or Detached.
	GitRef GitRef
	Commit Commit
	// Tags are the names of the git tags that the event carries, sorted.
	Tags []string
	// Actor set the event off, as the provider names them.
	Actor *string
	// Dirty is true when the working tree held changes that are not in the commit.
	Dirty bool
	// Facts are further facts of the event under the provider's own names, sorted.
	Facts []Label
}

// Repository is a source repository.
type Repository struct {
	Name          string
	URL           *string
	DefaultBranch *string
	Description   *string
	License       *string
}

// Commit is a git commit.
type Commit struct {
	// ID is the full object id, lower-case hexadecimal.
	ID string
	// Time is the committer's time, Unix seconds.
	Time    int64
	Author  *string
	Message *string
}

// Trigger is what set a release off.
type Trigger interface{ trigger() }

// Push is a pushed branch or tag; Source.GitRef says which.
type Push struct{}

// PullRequest was opened or changed.
type PullRequest struct {
	Number     uint64
	Base       string
	Head       string
	HeadCommit *string
	FromFork   bool
}

// Schedule is a timetable.
type Schedule struct{}

// Manual is a person who started it by hand.
type Manual struct{}

// PublishedRelease was published at the provider.
type PublishedRelease struct{ Prerelease bool }

// OtherTrigger is any other event, under the provider's name for it.
type OtherTrigger string

func (Push) trigger()             {}
func (PullRequest) trigger()      {}
func (Schedule) trigger()         {}
func (Manual) trigger()           {}
func (PublishedRelease) trigger() {}
func (OtherTrigger) trigger()     {}

// GitRef is a git reference. Its text is good for messages: "the branch `main`".
type GitRef interface{ String() string }

// BranchRef is a branch, without refs/heads/.
type BranchRef string

// TagRef is a tag, without refs/tags/.
type TagRef string

// PullRequestRef is the merge of a pull request.
type PullRequestRef uint64

// Detached is a commit without any reference.
type Detached struct{}

func (r BranchRef) String() string      { return "the branch `" + string(r) + "`" }
func (r TagRef) String() string         { return "the tag `" + string(r) + "`" }
func (r PullRequestRef) String() string { return "pull request " + strconv.FormatUint(uint64(r), 10) }
func (Detached) String() string         { return "a commit without a branch" }

// Moment is a point in time, also as the civil fields of one time zone.
type Moment struct {
	// Unix seconds.
	Unix int64
	// TimeZone of the civil fields, an IANA name.
	TimeZone string
	// Offset of that zone from UTC, minutes, east positive.
	Offset  int16
	Year    int16
	Month   uint8
	Day     uint8
	Weekday Weekday
	Hour    uint8
	Minute  uint8
	Second  uint8
}

// Weekday begins with Monday, as ISO 8601 does.
type Weekday uint8

const (
	Monday Weekday = iota
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
)

var weekdays = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

func (w Weekday) String() string { return weekdays[w] }

// Label is an image label or annotation.
type Label struct{ Name, Value string }

// PassageState is how a release stands in an environment.
type PassageState uint8

const (
	Held PassageState = iota
	Denied
	Allowed
	Deployed
	FailedToDeploy
	Superseded
)
