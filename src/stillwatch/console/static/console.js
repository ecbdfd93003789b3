"use strict";
// Keys on top of pages that work without: j and k walk the rows, Enter opens one, / searches, g and a letter goes to a page, ? helps.
const rows = [...document.querySelectorAll("table.queue tbody tr[data-way]")];
let here = -1;
const walk = (step) => {
  if (!rows.length) return;
  if (here >= 0) rows[here].classList.remove("here");
  here = Math.min(rows.length - 1, Math.max(0, here + step));
  rows[here].classList.add("here");
  rows[here].querySelector("a")?.focus({ preventScroll: true });
  rows[here].scrollIntoView({ block: "nearest" });
};
const ways = { t: "/", f: "/findings", c: "/cases", l: "/calibration", s: "/sample", q: "/sql", e: "/expand", j: "/journal", h: "/help" };
let going = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (going) {
    going = false;
    if (ways[event.key]) location.assign(ways[event.key]);
    return;
  }
  const act = {
    j: () => walk(1),
    k: () => walk(-1),
    g: () => { going = true; setTimeout(() => { going = false; }, 1500); },
    "/": () => document.querySelector("input[type=search]")?.focus(),
    "?": () => location.assign("/help"),
    n: () => document.querySelector("a[rel=next]")?.click(),
    p: () => document.querySelector("a[rel=prev]")?.click(),
    o: () => document.querySelector("[data-key=o]")?.click(),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});
// A form that was sent is not sent twice, unless what it answers is a download; one that changes what is shown needs no button.
for (const form of document.querySelectorAll("form[method=post]:not([data-stays])")) {
  form.addEventListener("submit", () => setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0));
}
addEventListener("pageshow", () => document.querySelectorAll("form[method=post] button").forEach((b) => { b.disabled = false; }));
for (const choice of document.querySelectorAll("select[data-go]")) choice.addEventListener("change", () => choice.form.requestSubmit());
// A file that is chosen is read here and sent as the text of its field; nothing is uploaded beside it.
for (const chosen of document.querySelectorAll("input[type=file][data-into]")) {
  chosen.addEventListener("change", async () => {
    if (chosen.files[0]) document.getElementById(chosen.dataset.into).value = await chosen.files[0].text();
  });
}
// Deciding: only reasons that fit the ruling, and who is named only where somebody is.
const ruling = document.querySelector("form[data-decide]");
if (ruling) {
  const fit = () => {
    const chosen = ruling.querySelector("[name=ruling]:checked");
    const spares = chosen?.dataset.spares === "yes";
    for (const option of ruling.querySelectorAll("[name=reason] option[value]")) {
      const fits = !chosen || option.value === "" || (option.dataset.spares === "yes") === spares;
      option.hidden = option.disabled = !fits;
      if (!fits && option.selected) ruling.querySelector("[name=reason]").value = "";
    }
    ruling.querySelector("[data-attribute]").hidden = chosen?.value !== "attribute";
  };
  ruling.addEventListener("change", fit);
  fit();
}
