//go:build tools

package tools

import (
	_ "sigs.k8s.io/node-feature-discovery/cmd/nfd-master"
	_ "sigs.k8s.io/node-feature-discovery/cmd/nfd-worker"
	_ "sigs.k8s.io/node-feature-discovery/cmd/nfd-gc"
)
