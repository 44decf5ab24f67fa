package ship

import corev1 "k8s.io/api/core/v1"

const finalizer = "NAME-finalizer"

func hold(pod *corev1.Pod) {
	for _, name := range pod.Finalizers {
		if name == finalizer {
			return
		}
	}
	pod.Finalizers = append(pod.Finalizers, finalizer)
}

func start(pod *corev1.Pod) {
	hold(pod)
}
