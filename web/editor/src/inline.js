// What is wrong, under the line where it is: the message, and buttons that right it. Each can be folded to a small button
// at the end of its line. Knows no words: those of its buttons come in.
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap, WidgetType } from "@codemirror/view";

/** The most messages that stand between lines; the list below the editor has the rest. */
const MOST = 6;

const show = StateEffect.define();
const fold = StateEffect.define();

/** A problem with its place: {key, at, line, severity, message, fixes: [{name, run}]}. */
class Message extends WidgetType {
  constructor(problem, folded, words) {
    super();
    Object.assign(this, { problem, folded, words });
    this.signature = JSON.stringify([problem.key, problem.severity, problem.line, problem.index, problem.fixes.map((fix) => fix.name), folded, words]);
  }
  eq(other) {
    return this.signature === other.signature;
  }
  toDOM(view) {
    const { problem, words } = this;
    const button = (text, name, className, run) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = className;
      element.textContent = text;
      element.setAttribute("aria-label", name);
      element.title = name;
      element.addEventListener("mousedown", (event) => event.preventDefault());
      element.addEventListener("click", run);
      return element;
    };
    const turn = (on) => () => {
      view.dispatch({ effects: fold.of([problem.key, on]) });
      view.focus();
    };
    if (this.folded) return button("⋯", `${words.show}: ${problem.message}`, `cm-folded cm-problem-${problem.severity}`, turn(false));
    const box = document.createElement("div");
    box.className = `cm-problem cm-problem-${problem.severity}`;
    box.setAttribute("role", "note");
    box.dataset.line = problem.line;
    const text = document.createElement("span");
    text.textContent = problem.message;
    box.append(text);
    for (const { name, run } of problem.fixes) {
      box.append(button(name, `${name}. ${problem.message}`, "cm-fix", () => {
        run();
        view.focus();
      }));
    }
    box.append(button("×", `${words.hide}: ${problem.message}`, "cm-hide", turn(true)));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      view.focus();
    });
    return box;
  }
  ignoreEvent() {
    return true;
  }
}

function decorate({ problems, words, folded }, doc) {
  const ranges = problems.slice(0, MOST).map((problem) => {
    const line = doc.lineAt(Math.min(problem.at, doc.length));
    const isFolded = folded.has(problem.key);
    const widget = new Message({ ...problem, line: line.number }, isFolded, words);
    return Decoration.widget({ widget, block: !isFolded, side: isFolded ? 1 : 2 }).range(line.to);
  });
  return Decoration.set(ranges, true);
}

const field = StateField.define({
  create: () => ({ problems: [], words: {}, folded: new Set(), marks: Decoration.none }),
  update(value, transaction) {
    let next = value;
    for (const effect of transaction.effects) {
      if (effect.is(show)) {
        const keys = new Set(effect.value.problems.map((problem) => problem.key));
        next = { ...next, ...effect.value, folded: new Set([...next.folded].filter((key) => keys.has(key))) };
      } else if (effect.is(fold)) {
        const folded = new Set(next.folded);
        if (effect.value[1]) folded.add(effect.value[0]);
        else folded.delete(effect.value[0]);
        next = { ...next, folded };
      }
    }
    if (next !== value) return { ...next, marks: decorate(next, transaction.newDoc) };
    if (!transaction.docChanged) return value;
    const problems = value.problems.map((problem) => ({ ...problem, at: transaction.changes.mapPos(problem.at) }));
    return { ...value, problems, marks: value.marks.map(transaction.changes) };
  },
  provide: (from) => EditorView.decorations.from(from, (value) => value.marks),
});

/** To the buttons of the cursor's line, or else of the next message below it, or the first; read aloud. */
function enter(view) {
  const { problems } = view.state.field(field);
  const here = view.state.doc.lineAt(view.state.selection.main.head).from;
  const problem = problems.find((problem) => problem.at >= here) ?? problems[0];
  if (!problem) return false;
  const { from, number } = view.state.doc.lineAt(problem.at);
  view.dispatch({ effects: [EditorView.scrollIntoView(from, { y: "center" }), EditorView.announce.of(problem.message)] });
  view.requestMeasure({ read: () => {}, write: () => view.dom.querySelector(`.cm-problem[data-line="${number}"] button`)?.focus() });
  return true;
}

/** The messages, and Alt-Enter to their buttons. */
export const inlineMessages = [field, keymap.of([{ key: "Alt-Enter", run: enter }])];

/** Sets them. */
export const showMessages = (problems, words) => show.of({ problems, words });
