package controller

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const FinalizerKey = "flyte.org/finalizer"

func Mark(object client.Object) bool {
	return controllerutil.AddFinalizer(object, FinalizerKey)
}
