// Keeps what is live up to date, and sends forms without leaving the page. All of it works without this, too.
// A form that is open is never replaced, nor is the version that it was opened at: it is shown that the saga
// has changed.

const parser = new DOMParser();

async function load(url, options = {}) {
  const response = await fetch(url, { credentials: "same-origin", ...options });
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("text/html")) throw new Error(`answered ${response.status}`);
  return { response, page: parser.parseFromString(await response.text(), "text/html") };
}

function isBeingUsed(fragment) {
  const open = fragment.querySelector("details[open] form, form:has(:user-invalid)");
  const focused = document.activeElement;
  const isWriting = focused?.matches("input, textarea, select") && fragment.contains(focused);
  return Boolean(open || isWriting);
}

// What is unfolded stays unfolded, and what has the focus keeps it.
function swap(old, fresh) {
  const open = [...old.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key);
  for (const one of fresh.querySelectorAll("details[data-key]")) one.open ||= open.includes(one.dataset.key);
  const focusable = "a[href], button, summary, input, select, textarea";
  const place = [...old.querySelectorAll(focusable)].indexOf(document.activeElement);
  old.replaceWith(document.adoptNode(fresh));
  if (place >= 0) fresh.querySelectorAll(focusable)[place]?.focus({ preventScroll: true });
}

function refresh(live, page) {
  const fresh = page.querySelector("[data-live]");
  if (!fresh || fresh.id !== live.id) return;
  for (const old of live.querySelectorAll("[data-fragment]")) {
    const other = fresh.querySelector(`#${CSS.escape(old.id)}`);
    if (!other || old.innerHTML === other.innerHTML) continue;
    if (isBeingUsed(old)) continue;
    swap(old, other);
    // What was said of a deed when it was done is from before.
    if (other.id === "head") live.querySelector("[data-testid=did]")?.classList.add("past");
  }
  const notice = live.querySelector("#changed");
  if (!notice) return;
  const opened = live.querySelector("details[open] form [name=version]");
  notice.hidden = !opened || opened.value === fresh.dataset.version;
  live.dataset.version = fresh.dataset.version;
}

function isSignIn(response) {
  return new URL(response.url).pathname === "/console/sign-in";
}

let isSending = false;

async function follow() {
  const live = document.querySelector("[data-live]");
  if (!live || document.hidden || isSending) return;
  const asked = location.href;
  const { response, page } = await load(asked, { headers: { "X-Live": "1" } });
  if (isSignIn(response)) location.reload();
  if (response.status >= 500) throw new Error(`answered ${response.status}`);
  if (response.ok && !isSending && location.href === asked) refresh(live, page);
}

// Nobody may take what is from before for how it is.
function sayStale(isStale) {
  document.querySelector("#stale").hidden = !isStale;
}

function later() {
  const seconds = Number(document.querySelector("[data-live]")?.dataset.live ?? 5);
  setTimeout(async () => {
    // What could not be fetched now is fetched next time.
    await follow().then(() => sayStale(false), () => sayStale(true));
    later();
  }, seconds * 1000);
}

// The answer to a form takes the page's place, where the browser would have gone.
async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  // Not `form.action`: a field of that name would stand in its place.
  const { response, page } = await load(form.getAttribute("action"), { method: "POST", body });
  if (isSignIn(response)) return location.assign(response.url);
  const main = page.querySelector("main");
  document.title = page.title;
  for (const part of ["header", "main"]) {
    document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
  }
  const isElsewhere = response.redirected && response.url !== location.href;
  if (isElsewhere) history.pushState(null, "", response.url);
  (main.querySelector("[data-testid=error], [data-testid=did]") ?? main).focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const isOurs = form.method === "post" && form.closest("[data-live]");
  if (!isOurs || isSending) {
    // A second click while the first is under way sends nothing.
    if (isSending) event.preventDefault();
    return;
  }
  event.preventDefault();
  isSending = true;
  try {
    await send(form, event.submitter);
  } catch {
    // Not known whether it arrived. Sent again, it is answered as the second click of the same action.
    form.submit();
  } finally {
    isSending = false;
  }
});

// The address of a page that was shown by a form is not the page before.
addEventListener("popstate", () => location.reload());

later();
