// What makes the pages quicker to use; all of them work without it.
"use strict";

// Tick all of a list, and say on the buttons how many are ticked.
for (const form of document.querySelectorAll("form:has(.mails input)")) {
  const boxes = [...form.querySelectorAll("input[name=mail]")];
  const buttons = [...form.querySelectorAll(".acts button")].map((button) => [button, button.textContent.replace(" what is ticked", "")]);
  const all = document.createElement("button");
  all.type = "button";
  all.className = "plain";
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    for (const [button, title] of buttons) {
      button.textContent = count ? `${title} ${count}` : `${title} what is ticked`;
      button.disabled = !count;
    }
    all.textContent = count === boxes.length ? "Tick none" : "Tick all";
  };
  all.addEventListener("click", () => {
    const tick = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = tick;
    show();
  });
  form.addEventListener("change", show);
  form.querySelector(".acts")?.append(all);
  show();
}

// Keys: / to search, j and k to go along a list.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    document.querySelector("input[type=search]")?.focus();
    event.preventDefault();
  }
  if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll(".mails a")];
    const at = links.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
    links[Math.max(0, Math.min(links.length - 1, at))]?.focus();
  }
});

// What takes some seconds says that it goes on.
for (const form of document.querySelectorAll("form[data-slow]")) {
  form.addEventListener("submit", () => {
    form.setAttribute("aria-busy", "true");
    document.querySelector("#slow")?.removeAttribute("hidden");
  });
}

// A mail that waits is looked at again, while nobody writes anything.
const waiting = document.querySelector("[data-refresh]");
if (waiting) {
  setTimeout(() => {
    if (!document.querySelector("details[open], input:focus")) location.reload();
  }, 1000 * Number(waiting.dataset.refresh));
}

// A button that is pressed twice asks once.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
