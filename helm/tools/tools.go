//go:build tools

// Package tools names the programs that the chart's tests run, so that go.mod and go.sum pin them and all that they are made of.
package tools

import (
	_ "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"
	_ "github.com/norwoodj/helm-docs/cmd/helm-docs"
	_ "helm.sh/helm/v3/cmd/helm"
)
