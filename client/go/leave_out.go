package semel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// omissions is a tree of what JSON Pointers (RFC 6901) name: members by their names, elements by their numbers.
type omissions struct {
	all   bool // what stands here is left out
	below map[string]*omissions
}

// leftOut answers the tree without what the pointers name, all as it was numbered at first.
func leftOut(tree any, pointers []string) (any, error) {
	named := &omissions{}
	for _, pointer := range pointers {
		if err := named.add(pointer); err != nil {
			return nil, err
		}
	}
	return named.applyTo(tree), nil
}

func (o *omissions) add(pointer string) error {
	if pointer == "" {
		return errors.New("the JSON Pointer \"\" leaves out everything")
	}
	if pointer[0] != '/' {
		return fmt.Errorf("the JSON Pointer %q does not begin with a slash", pointer)
	}
	for _, escaped := range strings.Split(pointer[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(escaped, "~1", "/"), "~0", "~")
		if strings.Count(escaped, "~") != strings.Count(escaped, "~0")+strings.Count(escaped, "~1") {
			return fmt.Errorf("the JSON Pointer %q has a ~ that is neither ~0 nor ~1", pointer)
		}
		if o.below == nil {
			o.below = map[string]*omissions{}
		}
		if o.below[name] == nil {
			o.below[name] = &omissions{}
		}
		o = o.below[name]
	}
	o.all = true
	return nil
}

func (o *omissions) applyTo(tree any) any {
	switch t := tree.(type) {
	case map[string]any:
		for name, below := range o.below {
			if member, ok := t[name]; ok && below.all {
				delete(t, name)
			} else if ok {
				t[name] = below.applyTo(member)
			}
		}
	case []any:
		kept := make([]any, 0, len(t))
		for i, element := range t {
			below := o.below[strconv.Itoa(i)]
			switch {
			case below == nil:
				kept = append(kept, element)
			case !below.all:
				kept = append(kept, below.applyTo(element))
			}
		}
		return kept
	}
	return tree
}
