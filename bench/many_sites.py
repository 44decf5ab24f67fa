"""Writes a Go checkout with many hand-written finalizer helpers and the places that use them.

No two helpers have the same words, and half of them have the same shape: what is known of one is nothing that another
could be looked up by.
"""

from __future__ import annotations

import argparse
from pathlib import Path

IN_PACKAGE = 20
GO_MOD = """module example.com/fleet

go 1.21

require (
	k8s.io/apimachinery v0.28.2
	sigs.k8s.io/controller-runtime v0.16.3
)
"""
TYPES = """// +kubebuilder:object:generate=true
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type {type} struct {{
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
}}

func (in *{type}) DeepCopyInto(out *{type}) {{
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
}}

func (in *{type}) DeepCopyObject() runtime.Object {{
	out := new({type})
	in.DeepCopyInto(out)
	return out
}}
"""
CONSTANT = """package {package}

const finalizer = "{package}-finalizer"
"""
UNIT = """package {package}

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"example.com/fleet/api/v1"
)

type Reconciler{number} struct {{
	client.Client
}}

func has{number}(list{number} []string, name{number} string) bool {{
	for _, x{number} := range list{number} {{
		if x{number} == name{number} {{
			return true
		}}
	}}
	return false
}}

{removes}
func (r *Reconciler{number}) Reconcile(ctx context.Context, o *v1.{type}) error {{
	if !o.DeletionTimestamp.IsZero() {{
		{call}
		return r.Update(ctx, o)
	}}
	if !has{number}(o.Finalizers, finalizer) {{
		o.Finalizers = append(o.Finalizers, finalizer)
		return r.Update(ctx, o)
	}}
	return nil
}}
"""
REMOVES = (
    """func drop{number}(o{number} *v1.{type}) {{
	var kept{number} []string
	for _, x{number} := range o{number}.Finalizers {{
		if x{number} != finalizer {{
			kept{number} = append(kept{number}, x{number})
		}}
	}}
	o{number}.Finalizers = kept{number}
}}
""",
    """func drop{number}(o{number} *v1.{type}) {{
	for i{number} := range o{number}.Finalizers {{
		if o{number}.Finalizers[i{number}] == finalizer {{
			o{number}.Finalizers = append(o{number}.Finalizers[:i{number}], o{number}.Finalizers[i{number}+1:]...)
			return
		}}
	}}
}}
""",
)


def write(top: Path, units: int) -> int:
    """Writes `units` reconcilers with two helpers and two uses of each, and gives how many helpers and uses."""
    (top / "api" / "v1").mkdir(parents=True)
    (top / "go.mod").write_text(GO_MOD, encoding="utf-8")
    names = []
    for number in range(units):
        package = f"ship{number // IN_PACKAGE}"
        type_name = f"Ship{number}"
        folder = top / package
        if not folder.is_dir():
            folder.mkdir()
            (folder / "names.go").write_text(CONSTANT.format(package=package), encoding="utf-8")
            names.append(f'"{package}-finalizer" = "example.com/{package}"')
        words = {"package": package, "number": number, "type": type_name}
        removes = REMOVES[number % 2].format(**words)
        text = UNIT.format(**words, removes=removes, call=f"drop{number}(o)")
        (folder / f"reconciler{number}.go").write_text(text, encoding="utf-8")
        (top / "api" / "v1" / f"ship{number}.go").write_text(TYPES.format(**words), encoding="utf-8")
    (top / ".gomigrate.toml").write_text("[names]\n" + "\n".join(names) + "\n", encoding="utf-8")
    return units * 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write it; must not be there yet")
    parser.add_argument("-n", type=int, default=5000, metavar="COUNT", help="helpers and uses (default 5000)")
    options = parser.parse_args()
    options.folder.mkdir()
    print(f"{write(options.folder, options.n // 4)} helpers and uses in {options.folder}")


if __name__ == "__main__":
    main()
