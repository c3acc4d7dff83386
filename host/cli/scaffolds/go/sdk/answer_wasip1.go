package plimsoll

import "unsafe"

// Answers, and the functions that the host calls.

//go:wasmexport plimsoll:policy/about@0.1.0#describe
func exportDescribe() unsafe.Pointer {
	said := registered.describe()
	return answer([4]text{lower(said[0]), lower(said[1]), lower(said[2]), lower(said[3])})
}

type rawProblem struct{ pointer, message text }

type checked struct {
	tag      uint8
	problems list[rawProblem]
}

//go:wasmexport plimsoll:policy/about@0.1.0#check-settings
func exportCheckSettings(settings unsafe.Pointer, length uint32) unsafe.Pointer {
	problems := registered.check(unsafe.String((*byte)(settings), length))
	if len(problems) == 0 {
		return answer(checked{})
	}
	return answer(checked{1, lowerAll(problems, func(p Problem) rawProblem {
		return rawProblem{lower(p.Pointer), lower(p.Message)}
	})})
}

// answer puts a record where the host finds it.
func answer[R any](record R) unsafe.Pointer {
	kept = append(kept, unsafe.Pointer(&record))
	return unsafe.Pointer(&record)
}

type rawFinding struct {
	rule    text
	outcome uint8
	message text
}

func (f Findings) lower() list[rawFinding] {
	return lowerAll(f, func(f Finding) rawFinding {
		return rawFinding{lower(f.Rule), uint8(f.Outcome), lower(f.Message)}
	})
}

type rawVerdict struct {
	// result::ok
	tag        uint8
	decision   uint32
	conditions list[rawCondition]
	findings   list[rawFinding]
}

type rawCondition struct {
	tag   uint8
	value int64
}

func lowerCondition(condition Condition) rawCondition {
	named := func(tag uint8, name string) rawCondition {
		raw := rawCondition{tag: tag}
		*(*text)(unsafe.Pointer(&raw.value)) = lower(name)
		return raw
	}
	switch condition := condition.(type) {
	case AtTime:
		return rawCondition{0, int64(condition)}
	case ApprovalFor:
		return named(1, string(condition))
	case EvidenceOf:
		return named(2, string(condition))
	case OtherCondition:
		return named(3, string(condition))
	default:
		panic("a condition is nil")
	}
}

//go:wasmexport plimsoll:policy/promotion@0.1.0#decide
func exportDecide(request unsafe.Pointer) unsafe.Pointer {
	return guarded(func() unsafe.Pointer {
		if registered.decide == nil {
			return failed("the policy has no function Decide: give it one, or take promotion out of wit/world.wit")
		}
		raw := (*rawPromotionRequest)(request)
		verdict, err := registered.decide(raw.lift(), raw.settings.lift())
		if err != nil {
			return failed(err.Error())
		}
		return answer(rawVerdict{
			decision:   uint32(verdict.Decision),
			conditions: lowerAll(verdict.Conditions, lowerCondition),
			findings:   verdict.Findings.lower(),
		})
	})
}

type rawDerivation struct {
	// result::ok
	tag uint8
	// plan or refusal; of a refusal the findings come first.
	kind        uint32
	version     option[text]
	tags        list[rawTag]
	labels      list[rawLabel]
	annotations list[rawLabel]
	findings    list[rawFinding]
}

type rawRefusal struct {
	tag      uint8
	kind     uint32
	findings list[rawFinding]
	// A plan would be larger, and the host looks at all of its place.
	rest [9]uint32
}

type rawTag struct {
	name text
	mode uint8
}

func lowerLabel(label Label) rawLabel { return rawLabel{lower(label.Name), lower(label.Value)} }

func lowerDerivation(derivation Derivation) unsafe.Pointer {
	switch derivation := derivation.(type) {
	case Plan:
		return answer(rawDerivation{
			version: lowerText(derivation.Version),
			tags: lowerAll(derivation.Tags, func(tag Tag) rawTag {
				return rawTag{lower(tag.Name), uint8(tag.Mode)}
			}),
			labels:      lowerAll(derivation.Labels, lowerLabel),
			annotations: lowerAll(derivation.Annotations, lowerLabel),
			findings:    derivation.Findings.lower(),
		})
	case Refusal:
		return answer(rawRefusal{kind: 1, findings: derivation.Findings.lower()})
	default:
		return failed("the policy answered neither with a Plan nor with a Refusal")
	}
}

//go:wasmexport plimsoll:policy/tagging@0.1.0#derive
func exportDerive(request unsafe.Pointer) unsafe.Pointer {
	return guarded(func() unsafe.Pointer {
		if registered.derive == nil {
			return failed("the policy has no function Derive: give it one, or take tagging out of wit/world.wit")
		}
		raw := (*rawTaggingRequest)(request)
		asked := TaggingRequest{raw.source.lift(), liftAll(raw.repositories, liftText), raw.now.lift()}
		derivation, err := registered.derive(asked, raw.settings.lift())
		if err != nil {
			return failed(err.Error())
		}
		return lowerDerivation(derivation)
	})
}
