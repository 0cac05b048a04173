//go:build tools

package tools

import (
	_ "sigs.k8s.io/dra-driver-nvidia-gpu/cmd/gpu-kubelet-plugin"
	_ "sigs.k8s.io/dra-driver-nvidia-gpu/cmd/compute-domain-kubelet-plugin"
	_ "sigs.k8s.io/dra-driver-nvidia-gpu/cmd/compute-domain-controller"
)
