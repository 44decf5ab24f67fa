package ship

import (
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const finalizer = "NAME.example.com/finalizer"

func hold(pod *corev1.Pod) bool {
	return controllerutil.AddFinalizer(pod, finalizer)
}
