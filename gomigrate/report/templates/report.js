"use strict";
const form = document.querySelector(".filter");
const found = [...document.querySelectorAll(".finding")];
const texts = new Map(found.map((one) => [one, (one.dataset.file + " " + one.textContent).toLowerCase()]));

function filter() {
  const wanted = new FormData(form);
  const words = wanted.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const one of found) {
    const shown =
      ["state", "kind", "confidence", "file"].every((name) => !wanted.get(name) || one.dataset[name] === wanted.get(name)) &&
      words.every((word) => texts.get(one).includes(word));
    one.hidden = !shown;
    count += shown;
  }
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = !group.querySelector(".finding:not([hidden])");
  }
  form.querySelector("output").textContent = `${count} of ${found.length} shown`;
}

function clear() {
  form.reset();
  filter();
}

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.hidden) {
    clear();
  }
  for (let one = target; one; one = one.parentElement) {
    if (one.tagName === "DETAILS") one.open = true;
  }
  target.scrollIntoView();
}

function openAll(open) {
  for (const one of found) if (!one.hidden) one.open = open;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.elements.clear.addEventListener("click", clear);
form.elements.open.addEventListener("click", () => openAll(true));
form.elements.close.addEventListener("click", () => openAll(false));
for (const link of document.querySelectorAll(".tiles a[href='#findings']")) {
  link.addEventListener("click", () => {
    form.reset();
    for (const [name, value] of Object.entries(link.dataset)) form.elements[name].value = value;
    filter();
  });
}
addEventListener("hashchange", reveal);

// On paper everything is open, and afterwards as it was.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});

form.hidden = false;
filter();
reveal();
