// A little help; every page works without it.
"use strict";

const zone = document.getElementById("timezone");
if (zone && zone.value === "UTC" && document.querySelector("form[data-zone]")) {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

// The preview follows what is typed.
const form = document.querySelector("form[data-preview]");
const live = document.getElementById("live");
if (form && live) {
  let timer = 0;
  let asked = 0;
  let asking = null;
  const refresh = async () => {
    const mine = ++asked;
    asking?.abort(); // nobody waits for the one before any more
    asking = new AbortController();
    const data = new FormData(form);
    for (const name of ["library", "find", "address"]) data.delete(name);
    live.classList.add("busy");
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(data), signal: asking.signal });
      if (mine !== asked || !answer.ok) return;
      const told = new DOMParser().parseFromString(await answer.text(), "text/html");
      live.replaceChildren(...told.body.childNodes);
    } catch {
      // Without an answer the last preview stays.
    } finally {
      if (mine === asked) live.classList.remove("busy");
    }
  };
  form.addEventListener("input", (event) => {
    if (["library", "find", "address", "website"].includes(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, 900);
  });
}

// A second click on a button says nothing new.
for (const each of document.querySelectorAll("form")) {
  let sent = false;
  each.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    setTimeout(() => { sent = false; }, 3000);
  });
}
