// Starts the page, and stays alive when it dies: after a panic the wasm is dead, so the panels below are plain
// JavaScript that reads storage. Knows storage keys, not what a recording means.
const KEYS = {
  recording: "tidepool.recording", // seed and inputs, as text
  mark: "tidepool.mark", // there while an input is being applied, and after a crash
  leaveOut: "tidepool.leave-out", // asks the next start to leave the last input out
  editor: "tidepool.editor", // the manifests' text
};

const WORDS = {
  en: {
    crashed: "Tidepool has stopped",
    crashedWhy: "Something went wrong inside the simulation. Your inputs and your manifests are stored in this browser; nothing is lost.",
    marked: "The last input was not finished",
    markedWhy: "Last time, the page stopped while it worked on its last input. Leave that input out, or try it again?",
    leaveOut: "Leave the last input out",
    again: "Try again with everything",
    fresh: "Start a new cluster",
    save: "Save the recording",
    details: "What the program said",
    failed: "Tidepool could not start",
    failedWhy: "This browser could not load the program. It needs WebAssembly; an up-to-date Firefox, Chrome, Edge or Safari has it.",
  },
  "zh-CN": {
    crashed: "Tidepool 已停止运行",
    crashedWhy: "模拟程序内部出错了。你的操作记录和清单都保存在本浏览器中，没有丢失。",
    marked: "上一次的最后一步没有执行完",
    markedWhy: "上次页面在执行最后一步操作时停止了。要跳过这一步，还是再试一次？",
    leaveOut: "跳过最后一步",
    again: "全部重试",
    fresh: "新建一个集群",
    save: "保存操作记录",
    details: "程序报告的信息",
    failed: "Tidepool 无法启动",
    failedWhy: "浏览器无法加载本程序。它需要 WebAssembly，新版的 Firefox、Chrome、Edge 或 Safari 均可。",
  },
};

const words = () => WORDS[document.documentElement.lang] || WORDS.en;

const storage = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // A browser that stores nothing can still show the panel.
    }
  },
};

let panelShown = false;

/** A modal panel over whatever is there. */
function panel(title, why, details, choices) {
  panelShown = true;
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  };
  const veil = make("div", "veil");
  const box = make("div", "crash");
  box.setAttribute("role", "alertdialog");
  box.setAttribute("aria-modal", "true");
  box.setAttribute("aria-labelledby", "crash-title");
  const heading = make("h1", "", title);
  heading.id = "crash-title";
  box.append(heading, make("p", "", why));
  if (details) {
    const more = make("details");
    more.append(make("summary", "", words().details), make("pre", "", details));
    box.append(more);
  }
  const row = make("div", "row");
  for (const [label, act, primary] of choices) {
    const button = make("button", primary ? "btn primary" : "btn", label);
    button.type = "button";
    button.addEventListener("click", () => act(veil));
    row.append(button);
  }
  box.append(row);
  veil.append(box);
  document.body.append(veil);
  row.querySelector("button")?.focus();
}

function save() {
  const text = JSON.stringify({ recording: storage.get(KEYS.recording), editor: storage.get(KEYS.editor) }, null, 2);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "tidepool-recording.json";
  link.click();
}

function forget() {
  storage.set(KEYS.recording, null);
  storage.set(KEYS.mark, null);
  storage.set(KEYS.leaveOut, null);
}

function choices(resume) {
  const hasInputs = storage.get(KEYS.recording) !== null;
  const list = [];
  if (hasInputs) {
    list.push([words().leaveOut, (veil) => { storage.set(KEYS.leaveOut, "1"); storage.set(KEYS.mark, null); resume(veil); }, true]);
  }
  list.push([words().again, (veil) => { storage.set(KEYS.mark, null); resume(veil); }, !hasInputs]);
  list.push([words().fresh, (veil) => { forget(); resume(veil); }, false]);
  if (hasInputs) list.push([words().save, save, false]);
  return list;
}

function crashed(message) {
  if (panelShown) return;
  storage.set(KEYS.mark, "crash");
  panel(words().crashed, words().crashedWhy, message, choices(() => location.reload()));
}

window.addEventListener("tidepool-panic", (event) => crashed(String(event.detail)));
window.addEventListener("error", (event) => {
  if (event.error instanceof WebAssembly.RuntimeError || event.error instanceof RangeError) crashed(String(event.error));
});

async function start() {
  const loader = document.querySelector("script[data-wasm]");
  try {
    const program = await import(new URL(loader.dataset.js, document.baseURI).href);
    await program.default({ module_or_path: new URL(loader.dataset.wasm, document.baseURI) });
  } catch (error) {
    if (panelShown) return;
    if (error instanceof WebAssembly.RuntimeError) crashed(String(error));
    else panel(words().failed, words().failedWhy, String(error), [[words().again, () => location.reload(), true]]);
  }
}

if (storage.get(KEYS.mark) !== null) {
  panel(words().marked, words().markedWhy, "", choices((veil) => { veil.remove(); panelShown = false; start(); }));
} else {
  start();
}
