package controller

import corev1 "k8s.io/api/core/v1"

const FinalizerKey = "flyte-finalizer"

// Mark replaces whatever is there: the pack says why that may become an addition.
func Mark(pod *corev1.Pod) {
	pod.SetFinalizers([]string{FinalizerKey})
}
