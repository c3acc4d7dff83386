package plimsoll

import "unsafe"

// Requests: records as they lie in memory, and how they become the types for authors.

type rawSource struct {
	repository struct {
		name                                     text
		url, defaultBranch, description, license option[text]
	}
	trigger rawTrigger
	gitRef  rawGitRef
	commit  struct {
		id              text
		time            int64
		author, message option[text]
	}
	tags  list[text]
	actor option[text]
	dirty uint8
	facts list[rawLabel]
}

func (r *rawSource) lift() Source {
	optional := func(o option[text]) *string { return liftSome(o, liftText) }
	return Source{
		Repository: Repository{
			Name:          r.repository.name.lift(),
			URL:           optional(r.repository.url),
			DefaultBranch: optional(r.repository.defaultBranch),
			Description:   optional(r.repository.description),
			License:       optional(r.repository.license),
		},
		Trigger: r.trigger.lift(),
		GitRef:  r.gitRef.lift(),
		Commit: Commit{
			ID:      r.commit.id.lift(),
			Time:    r.commit.time,
			Author:  optional(r.commit.author),
			Message: optional(r.commit.message),
		},
		Tags:  liftAll(r.tags, liftText),
		Actor: optional(r.actor),
		Dirty: r.dirty != 0,
		Facts: liftAll(r.facts, liftLabel),
	}
}

// rawTrigger is a variant: its value is as large as the largest of its cases.
type rawTrigger struct {
	tag   uint8
	value struct {
		number     uint64
		base, head text
		headCommit option[text]
		fromFork   uint8
	}
}

func (r *rawTrigger) lift() Trigger {
	switch r.tag {
	case 0:
		return Push{}
	case 1:
		return PullRequest{
			Number:     r.value.number,
			Base:       r.value.base.lift(),
			Head:       r.value.head.lift(),
			HeadCommit: liftSome(r.value.headCommit, liftText),
			FromFork:   r.value.fromFork != 0,
		}
	case 2:
		return Schedule{}
	case 3:
		return Manual{}
	case 4:
		return PublishedRelease{Prerelease: *(*uint8)(unsafe.Pointer(&r.value)) != 0}
	default:
		return OtherTrigger((*text)(unsafe.Pointer(&r.value)).lift())
	}
}

type rawGitRef struct {
	tag   uint8
	value uint64
}

func (r *rawGitRef) lift() GitRef {
	name := (*text)(unsafe.Pointer(&r.value))
	switch r.tag {
	case 0:
		return BranchRef(name.lift())
	case 1:
		return TagRef(name.lift())
	case 2:
		return PullRequestRef(r.value)
	default:
		return Detached{}
	}
}

type rawLabel struct{ name, value text }

func liftLabel(r rawLabel) Label { return Label{r.name.lift(), r.value.lift()} }

type rawMoment struct {
	unix                                      int64
	timeZone                                  text
	offset, year                              int16
	month, day, weekday, hour, minute, second uint8
}

func (r *rawMoment) lift() Moment {
	return Moment{
		Unix: r.unix, TimeZone: r.timeZone.lift(), Offset: r.offset,
		Year: r.year, Month: r.month, Day: r.day, Weekday: Weekday(r.weekday),
		Hour: r.hour, Minute: r.minute, Second: r.second,
	}
}

type rawTaggingRequest struct {
	source       rawSource
	repositories list[text]
	now          rawMoment
	settings     text
}

type rawPromotionRequest struct {
	source       rawSource
	image        rawImage
	intent       rawIntent
	environment  text
	environments list[rawEnvironment]
	passages     list[rawPassage]
	approvals    list[rawApproval]
	evidence     list[rawEvidence]
	now          rawMoment
	settings     text
}

func (r *rawPromotionRequest) lift() PromotionRequest {
	return PromotionRequest{
		Source:       r.source.lift(),
		Image:        r.image.lift(),
		Intent:       r.intent.lift(),
		Environment:  r.environment.lift(),
		Environments: liftAll(r.environments, rawEnvironment.lift),
		Passages:     liftAll(r.passages, rawPassage.lift),
		Approvals:    liftAll(r.approvals, rawApproval.lift),
		Evidence:     liftAll(r.evidence, rawEvidence.lift),
		Now:          r.now.lift(),
	}
}

type rawImage struct {
	repository text
	digest     option[text]
	tags       list[text]
	version    option[text]
	labels     list[rawLabel]
}

func (r *rawImage) lift() Image {
	return Image{
		Repository: r.repository.lift(),
		Digest:     liftSome(r.digest, liftText),
		Tags:       liftAll(r.tags, liftText),
		Version:    liftSome(r.version, liftText),
		Labels:     liftAll(r.labels, liftLabel),
	}
}

type rawIntent struct {
	tag   uint8
	value struct {
		by, reason text
		expires    option[int64]
	}
}

func (r *rawIntent) lift() Intent {
	justification := func() Justification {
		return Justification{r.value.by.lift(), r.value.reason.lift(), liftSome(r.value.expires, same)}
	}
	switch r.tag {
	case 0:
		return Promote{}
	case 1:
		return Rollback{}
	case 2:
		return Hotfix{justification()}
	default:
		return BreakGlass{justification()}
	}
}

type rawEnvironment struct {
	name    text
	after   list[text]
	running option[rawRunning]
}

func (r rawEnvironment) lift() Environment {
	return Environment{r.name.lift(), liftAll(r.after, liftText), liftSome(r.running, rawRunning.lift)}
}

type rawRunning struct {
	release, digest text
	tags            list[text]
	version         option[text]
	since           int64
	healthySince    option[int64]
}

func (r rawRunning) lift() Running {
	return Running{
		Release: r.release.lift(), Digest: r.digest.lift(), Tags: liftAll(r.tags, liftText),
		Version: liftSome(r.version, liftText), Since: r.since, HealthySince: liftSome(r.healthySince, same),
	}
}

type rawPassage struct {
	environment  text
	state        uint8
	since        int64
	healthySince option[int64]
}

func (r rawPassage) lift() Passage {
	return Passage{r.environment.lift(), PassageState(r.state), r.since, liftSome(r.healthySince, same)}
}

type rawApproval struct {
	by                text
	at                int64
	environment, rule option[text]
	expires           option[int64]
}

func (r rawApproval) lift() Approval {
	return Approval{
		By: r.by.lift(), At: r.at, Environment: liftSome(r.environment, liftText),
		Rule: liftSome(r.rule, liftText), Expires: liftSome(r.expires, same),
	}
}

type rawEvidence struct {
	name    text
	outcome uint8
	value   option[text]
	at      int64
}

func (r rawEvidence) lift() Evidence {
	return Evidence{r.name.lift(), EvidenceOutcome(r.outcome), liftSome(r.value, liftText), r.at}
}
