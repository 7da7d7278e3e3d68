// What is easier with a script; nothing needs it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const summary = document.querySelector(".govuk-error-summary");
  if (summary) summary.focus();
  // Enter pressed twice sends a form once.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
});

// Long work says how far it is by itself; its page is loaded when it is done.
document.addEventListener("DOMContentLoaded", () => {
  const job = document.getElementById("job");
  if (!job || !job.dataset.goesOn) return;
  const words = document.getElementById("job-words");
  const look = async () => {
    const answer = await fetch(location.pathname + "?watching=yes").catch(() => null);
    if (!answer || !answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("job");
    if (!now || !now.dataset.goesOn) return location.reload();
    const told = page.getElementById("job-words").textContent;
    if (words.textContent !== told) words.textContent = told;
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
});

// New hits while their page is open; every word that comes is put in as text.
document.addEventListener("DOMContentLoaded", () => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const rows = document.getElementById("live-rows");
  const pattern = document.getElementById("live-row");
  const tag = document.getElementById("live-tag");
  const words = document.getElementById("live-words");
  const source = new EventSource(live.dataset.stream);
  let heard = Date.now();
  let at = tag.textContent.replace("as of ", "");
  let come = 0;
  const told = () => (come === 1 ? "One new hit has come." : come + " new hits have come.");
  const stale = (why) => {
    tag.className = "govuk-tag govuk-tag--red";
    tag.textContent = "stale: as of " + at;
    words.textContent = come ? told() + " " + why : why;
  };
  source.addEventListener("now", (event) => {
    heard = Date.now();
    at = JSON.parse(event.data).at;
    tag.className = "govuk-tag govuk-tag--green";
    tag.textContent = "live: as of " + at;
    const now = come ? told() : "New hits appear by themselves.";
    if (words.textContent !== now) words.textContent = now;
  });
  source.addEventListener("hit", (event) => {
    const facts = JSON.parse(event.data);
    if (rows.querySelector(`a[href="${CSS.escape(facts.path)}"]`)) return;
    const row = pattern.content.cloneNode(true);
    for (const place of row.querySelectorAll("[data-fact]")) {
      place.textContent = facts[place.dataset.fact];
      if (!place.textContent) place.remove();
    }
    row.querySelector("a").setAttribute("href", facts.path);
    rows.prepend(row);
    document.getElementById("live-region").hidden = false;
    come += 1;
    words.textContent = told();
  });
  source.addEventListener("ended", (event) => {
    source.close();
    heard = Infinity;
    stale(JSON.parse(event.data).words);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      heard = Infinity;
      stale("New hits do not appear any more.");
    } else stale("There is no connection: it is tried again.");
  });
  setInterval(() => {
    if (Date.now() - heard > 20000) stale("Nothing has been heard from the centre.");
  }, 5000);
});
